using Nstance.Temporal.Activities.Domain;

namespace Nstance.Temporal.Activities.LocalDb;

/// <summary>A live row and the instance it stands for.</summary>
internal readonly record struct LiveRow(string Id, string ProviderId);

/// <summary>Rows that hold what is no time, or no id.</summary>
/// <param name="Count">How many.</param>
/// <param name="First">The first of them, each with its columns.</param>
internal sealed record UnreadableRows(int Count, IReadOnlyList<(string Id, string Columns)> First);

/// <summary>Where a walk over stale rows stands.</summary>
internal readonly record struct StaleCursor(string Reported, string Id);

/// <summary>
/// Finders. Each gives a page by id: fewer rows than asked for means that there are no more. SQL compares times as texts
/// and may take in rows up to a second too young (see <see cref="GoTime"/>): the exact time is compared here.
/// </summary>
internal sealed partial class ShardDatabase
{
    private static readonly string[] JudgedBy = ["id", .. Schema.JudgedBy];

    /// <summary>Live rows whose <c>provider_state</c>, or whose record at the last rebuild, says unhealthy.</summary>
    public IReadOnlyList<InstanceRow> FindUnhealthy(string? afterId, int take) =>
        Page(Queries.Unhealthy, afterId, take, null, _ => true);

    /// <summary>Live rows with an instance that never registered, issued before a time.</summary>
    public IReadOnlyList<InstanceRow> FindDangling(DateTimeOffset issuedBefore, string? afterId, int take) =>
        Page(Queries.Dangling, afterId, take, issuedBefore, row => row.Issued < issuedBefore);

    /// <summary>Live rows without an instance that never registered, issued before a time.</summary>
    public IReadOnlyList<InstanceRow> FindStalePreInserts(DateTimeOffset issuedBefore, string? afterId, int take) =>
        Page(Queries.PreInserts, afterId, take, issuedBefore, row => row.Issued < issuedBefore);

    /// <summary>Live rows without an instance that registered, and gave no sign of life since a time.</summary>
    public IReadOnlyList<InstanceRow> FindVanished(DateTimeOffset silentSince, string? afterId, int take) =>
        Page(Queries.Vanished, afterId, take, silentSince, row => SignOfLife(row) < silentSince);

    /// <summary>Rows deleted before a time.</summary>
    public IReadOnlyList<InstanceRow> FindExpired(DateTimeOffset deletedBefore, string? afterId, int take) =>
        Page(Queries.Expired, afterId, take, deletedBefore, row => row.DeletedAt < deletedBefore);

    /// <summary>
    /// Registered rows whose last sign of life is older than a time, oldest first. The cursor is null at the end.
    /// A row's clock starts at its last report, its registration, or when this database first saw it: the latest.
    /// </summary>
    public (IReadOnlyList<InstanceRow> Rows, StaleCursor? Next) FindStaleHealth(
        DateTimeOffset before, StaleCursor? after, int take)
    {
        return Guard(() =>
        {
            var stale = Raw(Queries.StaleHealth, "$before", "$reported", "$after", "$take");
            stale.Bind(0, GoTime.TextAfterSecondOf(before));
            stale.Bind(1, after?.Reported ?? "");
            stale.Bind(2, after?.Id ?? "");
            stale.Bind(3, take);
            var read = stale.All(row => (Row: RowReader.Read(row), Reported: row.Text(RowReader.Columns) ?? ""));
            StaleCursor? next = read.Count == take ? new StaleCursor(read[^1].Reported, read[^1].Row.Id) : null;
            return ((IReadOnlyList<InstanceRow>)[.. read.Select(r => r.Row).Where(row => SignOfLife(row) < before)], next);
        });
    }

    /// <summary>All of them, oldest report first.</summary>
    public IEnumerable<InstanceRow> StaleRows(DateTimeOffset before, CancellationToken cancellationToken)
    {
        StaleCursor? cursor = null;
        do
        {
            cancellationToken.ThrowIfCancellationRequested();
            (var rows, cursor) = FindStaleHealth(before, cursor, 1000);
            foreach (var row in rows) yield return row;
        }
        while (cursor is not null);
    }

    public static DateTimeOffset SignOfLife(InstanceRow row)
    {
        var last = row.HealthAt ?? row.RegisteredAt ?? DateTimeOffset.MaxValue;
        return row.FirstSeenAt > last ? row.FirstSeenAt.Value : last;
    }

    /// <summary>One row, deleted or not.</summary>
    public InstanceRow? Find(string id) => Guard(() =>
    {
        var find = Raw(Queries.ById, "$id");
        find.Bind(0, id);
        return find.First(RowReader.Read);
    });

    /// <summary>A live row that already stands for an instance; null if none does.</summary>
    public string? FindLiveByProvider(string providerId) => Guard(() =>
    {
        var find = Raw(Queries.LiveByProvider, "$provider");
        find.Bind(0, providerId);
        return find.First(row => row.Text(0));
    });

    /// <summary>Live rows with an instance, by tenant ("" unknown) and group ("" unknown).</summary>
    public IReadOnlyDictionary<(string Tenant, string Group), int> CountLiveByGroup() => Guard(() =>
    {
        var counts = new Dictionary<(string, string), int>();
        foreach (var (tenant, group, count) in Raw(Queries.CountLiveByGroup)
            .All(row => (row.Text(0) ?? "", row.Text(1) ?? "", (int)row.Number(2))))
        {
            counts[(tenant, group)] = counts.GetValueOrDefault((tenant, group)) + count;
        }

        return counts;
    });

    /// <summary>Rows that no finder can judge, because a time or the id in them is none; how many, and the first of them.</summary>
    public UnreadableRows FindUnreadable(int take)
    {
        var count = Number(Queries.CountUnreadable);
        return Guard(() =>
        {
            var unreadable = Raw(Queries.Unreadable, "$take");
            unreadable.Bind(0, take);
            var rows = unreadable.All(row =>
                (RowReader.Text(row, 0) ?? "", string.Join(", ", JudgedBy.Where((_, at) => row.Number(at + 1) != 0))));
            var reports = Raw(Queries.UnreadableReports).All(row => (RowReader.Text(row, 0) ?? "", "health_at"));
            return new UnreadableRows(count + reports.Count, [.. rows.Concat(reports).Take(take)]);
        });
    }

    public int CountLive() => Number(Queries.CountLive);

    public int CountRegistered() => Number(Queries.CountRegistered);

    /// <summary>Did any registered instance report, or register, since then? Up to a second too generous.</summary>
    public bool AnyReportSince(DateTimeOffset since) => Guard(() =>
    {
        var any = Raw(Queries.AnyReportSince, "$since");
        any.Bind(0, GoTime.TextOfSecond(since));
        return any.First(row => row.Number(0)) != 0;
    });

    /// <summary>Has any registered instance ever reported into this database?</summary>
    public bool AnyHealth() => Number(Queries.AnyHealth) != 0;

    /// <summary>The latest report or registration, by the clock of whoever wrote it; null: none, or not a time.</summary>
    public DateTimeOffset? LatestReport() => Guard(() =>
        GoTime.TryParse(Raw(Queries.LatestReport).First(row => row.Text(0)), out var time) ? time : (DateTimeOffset?)null);

    private int Number(string sql) => Guard(() => (int)Raw(sql).First(row => row.Number(0)));

    /// <summary>Fills a page: rows that the exact comparison refuses do not make it look like the last one.</summary>
    private List<InstanceRow> Page(
        string sql, string? afterId, int take, DateTimeOffset? before, Func<InstanceRow, bool> exactly) => Guard(() =>
    {
        var page = new List<InstanceRow>();
        var after = afterId ?? "";
        for (var isMore = true; isMore && page.Count < take;)
        {
            var asked = take - page.Count;
            var find = before is null ? Raw(sql, "$after", "$take") : Raw(sql, "$after", "$take", "$before");
            find.Bind(0, after);
            find.Bind(1, asked);
            if (before is { } time) find.Bind(2, GoTime.TextAfterSecondOf(time));
            var rows = find.All(RowReader.Read);
            isMore = rows.Count == asked;
            if (isMore) after = rows[^1].Id;
            page.AddRange(rows.Where(exactly));
        }

        return page;
    });
}
