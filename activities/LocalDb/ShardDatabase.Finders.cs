using Nstance.Temporal.Activities.Domain;

namespace Nstance.Temporal.Activities.LocalDb;

/// <summary>A live row and the instance it stands for.</summary>
internal readonly record struct LiveRow(string Id, string ProviderId);

/// <summary>Where a walk over stale rows stands.</summary>
internal readonly record struct StaleCursor(string Reported, string Id);

/// <summary>
/// Finders. Each gives a page by id: fewer rows than asked for means that there are no more. SQL compares times as texts
/// and may take in rows up to a second too young (see <see cref="GoTime"/>): the exact time is compared here.
/// </summary>
internal sealed partial class ShardDatabase
{
    /// <summary>Live rows whose <c>provider_state</c>, or whose record at the last rebuild, says unhealthy.</summary>
    public IReadOnlyList<InstanceRow> FindUnhealthy(string? afterId, int take) =>
        Page(Queries.Unhealthy, afterId, take, null, _ => true);

    /// <summary>Live rows with an instance that never registered, issued before a time.</summary>
    public IReadOnlyList<InstanceRow> FindDangling(DateTimeOffset issuedBefore, string? afterId, int take) =>
        Page(Queries.Dangling, afterId, take, issuedBefore, row => row.Issued < issuedBefore);

    /// <summary>Live rows without an instance that never registered, issued before a time.</summary>
    public IReadOnlyList<InstanceRow> FindStalePreInserts(DateTimeOffset issuedBefore, string? afterId, int take) =>
        Page(Queries.PreInserts, afterId, take, issuedBefore, row => row.Issued < issuedBefore);

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
        var command = Prepared(Queries.StaleHealth);
        Set(command, "$before", GoTime.TextAfterSecondOf(before));
        Set(command, "$reported", after?.Reported ?? "");
        Set(command, "$after", after?.Id ?? "");
        Set(command, "$take", take);
        return Guard(() =>
        {
            var (rows, read, last) = (new List<InstanceRow>(), 0, default(StaleCursor));
            using var reader = command.ExecuteReader();
            for (; reader.Read(); read++)
            {
                var row = RowReader.Read(reader);
                last = new StaleCursor(reader.GetValue(RowReader.Columns).ToString()!, row.Id);
                if (SignOfLife(row) < before) rows.Add(row);
            }

            return ((IReadOnlyList<InstanceRow>)rows, read == take ? last : (StaleCursor?)null);
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
    public InstanceRow? Find(string id)
    {
        var command = Prepared(Queries.ById);
        Set(command, "$id", id);
        return Guard(() =>
        {
            using var reader = command.ExecuteReader();
            return reader.Read() ? RowReader.Read(reader) : null;
        });
    }

    /// <summary>A live row that already stands for an instance; null if none does.</summary>
    public string? FindLiveByProvider(string providerId)
    {
        var command = Prepared(Queries.LiveByProvider);
        Set(command, "$provider", providerId);
        return Guard(() => command.ExecuteScalar() as string);
    }

    /// <summary>Live rows with an instance, by tenant ("" unknown) and group ("" unknown).</summary>
    public IReadOnlyDictionary<(string Tenant, string Group), int> CountLiveByGroup()
    {
        var command = Prepared(Queries.CountLiveByGroup);
        return Guard(() =>
        {
            var counts = new Dictionary<(string, string), int>();
            using var reader = command.ExecuteReader();
            while (reader.Read())
            {
                var key = (reader.GetString(0), reader.IsDBNull(1) ? "" : reader.GetString(1));
                counts[key] = counts.GetValueOrDefault(key) + reader.GetInt32(2);
            }

            return counts;
        });
    }

    /// <summary>Live rows with an instance, by the cloud's last word; each status is there, also with zero.</summary>
    public IReadOnlyDictionary<string, long> CountByStatus()
    {
        var command = Prepared(Queries.CountByStatus);
        return Guard(() =>
        {
            var counts = Enum.GetValues<InstanceStatus>().ToDictionary(status => status.Name(), _ => 0L);
            using var reader = command.ExecuteReader();
            while (reader.Read()) counts[InstanceStatuses.Parse(reader.GetString(0)).Name()] += reader.GetInt64(1);
            return counts;
        });
    }

    public int CountLive() => Number(Queries.CountLive);

    public int CountRegistered() => Number(Queries.CountRegistered);

    /// <summary>Did any registered instance report, or register, since then? Up to a second too generous.</summary>
    public bool AnyReportSince(DateTimeOffset since)
    {
        var command = Prepared(Queries.AnyReportSince);
        Set(command, "$since", GoTime.TextOfSecond(since));
        return Guard(() => (long)command.ExecuteScalar()! != 0);
    }

    /// <summary>Has any registered instance ever reported into this database?</summary>
    public bool AnyHealth() => Number(Queries.AnyHealth) != 0;

    /// <summary>The latest report or registration, by the clock of whoever wrote it; null: none, or not a time.</summary>
    public DateTimeOffset? LatestReport() => Guard(() =>
        GoTime.TryParse(Prepared(Queries.LatestReport).ExecuteScalar() as string, out var time) ? time : (DateTimeOffset?)null);

    private int Number(string sql) => Guard(() => (int)(long)Prepared(sql).ExecuteScalar()!);

    /// <summary>Fills a page: rows that the exact comparison refuses do not make it look like the last one.</summary>
    private List<InstanceRow> Page(
        string sql, string? afterId, int take, DateTimeOffset? before, Func<InstanceRow, bool> exactly) => Guard(() =>
    {
        var page = new List<InstanceRow>();
        var (after, read) = (afterId ?? "", take);
        while (page.Count < take && read == take)
        {
            var command = Prepared(sql);
            Set(command, "$after", after);
            Set(command, "$take", take);
            if (before is not null) Set(command, "$before", GoTime.TextAfterSecondOf(before.Value));
            read = 0;
            using var reader = command.ExecuteReader();
            for (; page.Count < take && reader.Read(); read++)
            {
                var row = RowReader.Read(reader);
                after = row.Id;
                if (exactly(row)) page.Add(row);
            }
        }

        return page;
    });
}
