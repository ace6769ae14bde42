using System.Text.Json;
using Microsoft.Data.Sqlite;
using Nstance.Temporal.Activities.Rules;
using SQLitePCL;

namespace Nstance.Temporal.Activities.Database;

/// <summary>A row that the sync must check.</summary>
/// <param name="Row">The row.</param>
/// <param name="TaggedAs">The id that its machine carries; null if the listing lacks its machine.</param>
internal readonly record struct RowToCheck(InstanceRow Row, string? TaggedAs);

/// <summary>
/// <c>instances</c>: nstance's rows. SQL compares times as texts and may select rows up to a second too young (see
/// <see cref="GoTime"/>); the exact time is compared here.
/// </summary>
internal sealed partial class ShardDatabase
{
    /// <summary>Active rows that name a machine which is not listed, or which another row names too.</summary>
    public IReadOnlyList<RowToCheck> FindRowsToCheck()
    {
        var providers = Query(Queries.ProvidersToCheck, row => Statement.Text(row, 0));
        if (providers.Count == 0) return [];
        var checks = Query(
            Queries.RowsByProviders,
            row => new RowToCheck(RowReader.Row(row), Statement.Text(row, RowReader.Columns)),
            ("$providers", JsonSerializer.Serialize(providers)));
        return [.. checks.OrderBy(check => check.Row.Id, StringComparer.Ordinal)];
    }

    /// <summary>Active rows that name no machine.</summary>
    public IReadOnlyList<InstanceRow> FindUnnamed() => Sorted(Query(Queries.Unnamed, RowReader.Row));

    /// <summary>Invalid ids, in hexadecimal digits.</summary>
    public IReadOnlyList<string> FindInvalidIds() => Query(Queries.InvalidIds, row => row.GetString(0));

    /// <summary>Active rows whose machine, or whose record as last read, is unhealthy.</summary>
    public IReadOnlyList<InstanceRow> FindUnhealthy() => Sorted(Query(Queries.Unhealthy, RowReader.Row));

    /// <summary>Active rows that never registered, issued before a time or with an invalid time of issue.</summary>
    public IReadOnlyList<InstanceRow> FindUnregistered(DateTimeOffset issuedBefore, DateTimeOffset asOf) => Sorted(
        Query(
            Queries.Unregistered, RowReader.Row,
            ("$before", GoTime.TextAfterSecondOf(issuedBefore)), ("$future", Soon(asOf)))
            .Where(row => row.Issued < issuedBefore || row.InvalidTimes(asOf) is not null));

    /// <summary>Machines without a row, as the last sync found them, with their records if any is known.</summary>
    public IReadOnlyList<InstanceRow> FindRowlessInstances() =>
        Sorted(Query(Queries.RowlessInstances, RowReader.Rowless));

    /// <summary>Rows marked as deleted before a time whose machine runs.</summary>
    public IReadOnlyList<RunningMachine> FindDeletedButRunning(DateTimeOffset deletedBefore) =>
    [
        .. Query(
            Queries.DeletedButRunning,
            row => new RunningMachine(RowReader.Row(row), row.GetString(RowReader.Columns)))
            .Where(found => found.Row.DeletedAt < deletedBefore)
            .OrderBy(found => found.Row.Id, StringComparer.Ordinal),
    ];

    public IReadOnlyList<InstanceRow> FindExpired(DateTimeOffset deletedBefore) => Sorted(
        Query(Queries.Expired, RowReader.Row, ("$before", GoTime.TextAfterSecondOf(deletedBefore)))
            .Where(row => row.DeletedAt < deletedBefore));

    /// <summary>Rows with an invalid time of deletion.</summary>
    public IReadOnlyList<InstanceRow> FindUnusableDeleted(DateTimeOffset asOf) =>
        Sorted(Query(Queries.Marked, RowReader.Row).Where(row => row.InvalidTimes(asOf) is not null));

    /// <summary>Counts registered rows. Counts up to a second too many of them as stale.</summary>
    /// <exception cref="DatabaseException">nstance reset the reports since the last sync.</exception>
    public HealthFacts CountHealth(PhaseInput input) => Query(
        Queries.HealthCounts, Health, ("$before", GoTime.TextAfterSecondOf(HealthRules.StaleBefore(input))),
        ("$future", Soon(input.AsOf)), ("$looked", RegisteredAtLastLook))[0];

    /// <summary>Returns exact counts, the stale rows, and the rows with an invalid time.</summary>
    public (HealthFacts Facts, IReadOnlyList<InstanceRow> Stale, IReadOnlyList<InstanceRow> Invalid) FindStale(
        PhaseInput input)
    {
        var before = HealthRules.StaleBefore(input);
        var (facts, ids) = Query(
            Queries.HealthCountsAndIds, row => (Health(row), row.GetString(5)),
            ("$before", GoTime.TextAfterSecondOf(before)), ("$future", Soon(input.AsOf)),
            ("$looked", RegisteredAtLastLook))[0];
        var isInvalid = WithUnreportedSince(Rows(ids)).Concat(Query(Queries.RegisteredByRecord, RowReader.Row))
            .ToLookup(row => row.InvalidTimes(input.AsOf) is not null);
        var stale = Sorted(isInvalid[false].Where(row => row.LastSign < before));
        return (facts with { Stale = stale.Count }, stale, Sorted(isInvalid[true]));
    }

    /// <summary>Returns since when agents report into this file; null if they do not.</summary>
    public DateTimeOffset? HealthKnownSince(PhaseInput input)
    {
        var facts = CountHealth(input);
        return facts.IsFed ? facts.Since ?? DateTimeOffset.MinValue : null;
    }

    /// <summary>One row, deleted or not.</summary>
    public InstanceRow? Find(string id) => Query(Queries.ById, RowReader.Row, ("$id", id)).FirstOrDefault();

    /// <summary>One row with the time since which it has no report.</summary>
    public InstanceRow? FindForHealth(string id) =>
        WithUnreportedSince(Query(Queries.ById, RowReader.Row, ("$id", id))).FirstOrDefault();

    /// <summary>Returns those of the rows that exist, deleted or not, with their load balancer targets.</summary>
    public IReadOnlyDictionary<string, InstanceRow> FindAll(IEnumerable<string> ids)
    {
        var json = JsonSerializer.Serialize(ids);
        var rows = Rows(json);
        if (rows.Count == 0 || !HasTargets) return rows.ToDictionary(row => row.Id);
        var targets = Query(
            Queries.Targets,
            row => (Id: Statement.Text(row, 0), Target: $"{Statement.Text(row, 1)} {Statement.Text(row, 2)}"),
            ("$ids", json))
            .ToLookup(row => row.Id, row => row.Target);
        return rows.ToDictionary(row => row.Id, row => row with { Targets = string.Join(", ", targets[row.Id]) });
    }

    /// <summary>Counts active instances by tenant and group. A machine without a row has the tenant "".</summary>
    public IReadOnlyDictionary<(string Tenant, string Group), int> CountLiveByGroup()
    {
        var counts = new Dictionary<(string, string), int>();
        foreach (var (tenant, group, count) in Query(
            Queries.CountLiveByGroup,
            row => (Statement.Text(row, 0) ?? "", Statement.Text(row, 1) ?? "", row.GetInt32(2))))
        {
            counts[(tenant, group)] = counts.GetValueOrDefault((tenant, group)) + count;
        }

        return counts;
    }

    /// <summary>
    /// Marks rows whose machine is terminated, forgets their records, and notes that their machines shut down: later
    /// cycles do not terminate them again.
    /// </summary>
    public int MarkDeleted(IReadOnlyCollection<InstanceRow> rows, DateTimeOffset at)
    {
        var text = GoTime.Format(at);
        return WriteBatches(rows, row =>
        {
            Write(Statements.DeleteRecord, ("$id", row.Id));
            if (row.ProviderId is { } provider)
                Write(Statements.SetTerminating, ("$id", provider), ("$at", text));
            return row.HasRow
                ? Write(Statements.MarkDeleted, ("$id", row.Id), ("$at", text), ("$provider", row.ProviderId))
                : 0;
        });
    }

    /// <summary>
    /// Removes the mark of deletion from a row of a file of our own, where the mark is only the collector's guess.
    /// nstance's rows are never restored.
    /// </summary>
    public void RestoreCached(string id, string providerId, DateTimeOffset at)
    {
        if (!IsOwn) throw new InvalidOperationException("only a row of a file of our own is restored");
        var text = GoTime.Format(at);
        WriteBatches([id], _ => Write(Statements.RestoreCached, ("$id", id), ("$provider", providerId), ("$at", text)));
    }

    /// <summary>
    /// Marks rows whose machine is gone, unless they name another one now. Adds their audit lines, and events of the
    /// named groups.
    /// </summary>
    public int MarkGone(IReadOnlyCollection<(InstanceRow Row, string? Group, AuditLine Audit)> rows, DateTimeOffset at)
    {
        var text = GoTime.Format(at);
        return WriteBatches(rows, item =>
        {
            var (row, group, audit) = item;
            var marked = Write(Statements.MarkGone, ("$id", row.Id), ("$at", text), ("$provider", row.ProviderId));
            if (marked == 0) return 0;
            if (group is not null) AddGroup(group);
            return Add(audit);
        });
    }

    /// <summary>
    /// Deletes rows that are marked as deleted, their children first, and adds their audit lines. Returns the deleted
    /// ids; an active row stays.
    /// </summary>
    public IReadOnlyList<string> Purge(IReadOnlyCollection<(string Id, AuditLine Audit)> rows)
    {
        var purged = new List<string>();
        var kept = 0;
        var hasTargets = HasTargets;
        try
        {
            WriteBatches(rows, row => PurgeOne(row.Id, row.Audit, hasTargets, purged), () => kept = purged.Count);
            return purged;
        }
        catch (DatabaseException e)
            when (e.InnerException is SqliteException { SqliteErrorCode: raw.SQLITE_CONSTRAINT })
        {
            // A table that this version does not know refers to a row. That row stays; the others go one by one.
            purged.RemoveRange(kept, purged.Count - kept);
            var gone = purged.ToHashSet();
            return rows.Count == 1
                ? []
                : [.. purged, .. rows.Where(r => !gone.Contains(r.Id)).SelectMany(r => Purge([r]))];
        }
    }

    /// <summary>False if this nstance has no load balancers, so that the file lacks their table.</summary>
    private bool HasTargets => Query(Queries.HasTargets, _ => true).Count > 0;

    private int PurgeOne(string id, AuditLine audit, bool hasTargets, List<string> purged)
    {
        if (Query(Statements.IsDeleted, _ => true, ("$id", id)).Count == 0) return 0;
        if (hasTargets) Write(Statements.PurgeTargets, ("$id", id));
        foreach (var sql in Statements.Purge) Write(sql, ("$id", id));
        Add(audit);
        purged.Add(id);
        return 1;
    }

    private static IReadOnlyList<InstanceRow> Sorted(IEnumerable<InstanceRow> rows) =>
        [.. rows.OrderBy(row => row.Id, StringComparer.Ordinal)];

    private static string Soon(DateTimeOffset asOf) => GoTime.TextAfterSecondOf(asOf + InstanceRow.MaxAhead);

    private List<InstanceRow> Rows(string ids) =>
        ids == "[]" ? [] : Query(Queries.ByIds, RowReader.Row, ("$ids", ids));

    private HealthFacts Health(SqliteDataReader row)
    {
        if (row.GetInt32(4) > 0)
        {
            throw new DatabaseException(
                $"nstance was elected since the last sync: it reset agents' reports in {Path}");
        }

        return new(
            row.GetInt32(0), row.GetInt32(1), row.GetInt32(2),
            GoTime.TryParse(Statement.Text(row, 3), out var latest) ? latest : null)
        {
            IsShared = !IsOwn,
            Path = Path,
            Since = GetMetaTime(MetaKeys.HealthFrom),
        };
    }
}
