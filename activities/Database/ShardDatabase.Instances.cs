using System.Text.Json;
using Microsoft.Data.Sqlite;
using Nstance.Temporal.Activities.Rules;
using SQLitePCL;

namespace Nstance.Temporal.Activities.Database;

/// <summary>A row that the sync must look at.</summary>
/// <param name="Row">The row.</param>
/// <param name="TaggedAs">The id that its machine carries; null: its machine is not listed, or it names none.</param>
internal readonly record struct RowToCheck(InstanceRow Row, string? TaggedAs);

/// <summary>
/// <c>instances</c>: nstance's rows. Finders return whole sets. SQL compares times as texts and may take in rows up to
/// a second too young (see <see cref="GoTime"/>); the exact time is compared here.
/// </summary>
internal sealed partial class ShardDatabase : ICandidateSource
{
    /// <summary>Live rows that name a machine which is not listed, or which another row names too.</summary>
    public IReadOnlyList<RowToCheck> FindRowsToCheck()
    {
        var providers = Query(Queries.ProvidersToCheck, [], [], row => Statement.Text(row, 0));
        return providers.Count == 0 ? [] : [.. Query(
            Queries.RowsByProviders, ["$providers"], [JsonSerializer.Serialize(providers)],
            row => new RowToCheck(RowReader.Row(row), Statement.Text(row, RowReader.Columns)))
            .OrderBy(check => check.Row.Id, StringComparer.Ordinal)];
    }

    /// <summary>Live rows that name no machine.</summary>
    public IReadOnlyList<InstanceRow> FindUnnamed() => Sorted(Query(Queries.Unnamed, [], [], RowReader.Row));

    /// <summary>Ids that no rule can use, in hexadecimal digits.</summary>
    public IReadOnlyList<string> FindInvalidIds() => Query(Queries.InvalidIds, [], [], row => row.GetString(0));

    /// <summary>Live rows whose machine, or whose record when it was last read, says unhealthy.</summary>
    public IReadOnlyList<InstanceRow> FindUnhealthy() => Sorted(Query(Queries.Unhealthy, [], [], RowReader.Row));

    /// <summary>
    /// Live rows that never registered: issued before a time, with a machine and without; and those with a time of
    /// issue that no rule can use.
    /// </summary>
    public IReadOnlyList<InstanceRow> FindUnregistered(DateTimeOffset issuedBefore, DateTimeOffset asOf) =>
        Sorted(Query(
        Queries.Unregistered, ["$before", "$future"], [GoTime.TextAfterSecondOf(issuedBefore), Soon(asOf)],
        RowReader.Row)
        .Where(row => row.Issued < issuedBefore || RowRules.InvalidTimes(row, asOf) is not null));

    /// <summary>
    /// Machines that no row stands for, as the last sync found them; with their records, if any is known.
    /// </summary>
    public IReadOnlyList<InstanceRow> FindRowlessInstances() =>
        Sorted(Query(Queries.RowlessInstances, [], [], RowReader.Rowless));

    /// <summary>Rows marked as deleted before a time whose machine runs.</summary>
    public IReadOnlyList<RunningMachine> FindDeletedButRunning(DateTimeOffset deletedBefore) =>
    [
        .. Query(
            Queries.DeletedButRunning, [], [],
            row => new RunningMachine(RowReader.Row(row), row.GetString(RowReader.Columns)))
            .Where(found => found.Row.DeletedAt < deletedBefore)
            .OrderBy(found => found.Row.Id, StringComparer.Ordinal),
    ];

    /// <summary>Rows that were marked as deleted before a time, and whose machine is gone.</summary>
    public IReadOnlyList<InstanceRow> FindExpired(DateTimeOffset deletedBefore) => Sorted(
        Query(Queries.Expired, ["$before"], [GoTime.TextAfterSecondOf(deletedBefore)], RowReader.Row)
            .Where(row => row.DeletedAt < deletedBefore));

    /// <summary>Rows whose mark of deletion is not a time that a rule can use.</summary>
    public IReadOnlyList<InstanceRow> FindUnusableDeleted(DateTimeOffset asOf) =>
        Sorted(Query(Queries.Marked, [], [], RowReader.Row)
            .Where(row => RowRules.InvalidTimes(row, asOf) is not null));

    /// <summary>
    /// Counts registered rows; those with a last sign older than asked up to a second too generously. Throws
    /// <see cref="DatabaseException"/> if nstance reset the reports since the last sync.
    /// </summary>
    public HealthFacts CountHealth(PhaseInput input) => Query(
        Queries.HealthCounts, ["$before", "$future", "$counted"],
        [GoTime.TextAfterSecondOf(HealthRules.StaleBefore(input)), Soon(input.AsOf), RegisteredAtLastCount], Health)[0];

    /// <summary>The same, with the stale rows, and those with a time that no rule can use.</summary>
    public (HealthFacts Facts, IReadOnlyList<InstanceRow> Stale, IReadOnlyList<InstanceRow> Invalid) FindStale(
        PhaseInput input)
    {
        var before = HealthRules.StaleBefore(input);
        var (facts, ids) = Query(
            Queries.HealthCountsAndIds, ["$before", "$future", "$counted"],
            [GoTime.TextAfterSecondOf(before), Soon(input.AsOf), RegisteredAtLastCount],
            row => (Health(row), row.GetString(5)))[0];
        var isInvalid = Rows(ids).Concat(Query(Queries.RegisteredByRecord, [], [], RowReader.Row))
            .ToLookup(row => RowRules.InvalidTimes(row, input.AsOf) is not null);
        var stale = Sorted(isInvalid[false].Where(row => row.LastSign < before));
        return (facts with { Stale = stale.Count }, stale, Sorted(isInvalid[true]));
    }

    /// <summary>Since when agents report into this file; null: they do not.</summary>
    public DateTimeOffset? HealthKnownSince(PhaseInput input)
    {
        var facts = CountHealth(input);
        return facts.IsShared || facts.Reported > 0 ? facts.Since ?? DateTimeOffset.MinValue : null;
    }

    /// <summary>One row, deleted or not.</summary>
    public InstanceRow? Find(string id) => Query(Queries.ById, ["$id"], [id], RowReader.Row).FirstOrDefault();

    /// <summary>
    /// Rows by id, deleted or not, with their load balancer targets; those that are not there are missing.
    /// </summary>
    public IReadOnlyDictionary<string, InstanceRow> FindAll(IEnumerable<string> ids)
    {
        var json = JsonSerializer.Serialize(ids);
        var rows = Rows(json);
        if (rows.Count == 0 || !HasTargets) return rows.ToDictionary(row => row.Id);
        var targets = Query(
            Queries.Targets, ["$ids"], [json],
            row => (Id: Statement.Text(row, 0), Target: $"{Statement.Text(row, 1)} {Statement.Text(row, 2)}"))
            .ToLookup(row => row.Id, row => row.Target);
        return rows.ToDictionary(row => row.Id, row => row with { Targets = string.Join(", ", targets[row.Id]) });
    }

    /// <summary>Id of a live row that names a machine; null if none does.</summary>
    public string? FindIdByProvider(string providerId) =>
        Query(Queries.IdByProvider, ["$provider"], [providerId], row => Statement.Text(row, 0)).FirstOrDefault();

    /// <summary>Live instances by tenant and group; a machine without a row counts under the tenant "".</summary>
    public IReadOnlyDictionary<(string Tenant, string Group), int> CountLiveByGroup()
    {
        var counts = new Dictionary<(string, string), int>();
        foreach (var (tenant, group, count) in Query(
            Queries.CountLiveByGroup, [], [],
            row => (Statement.Text(row, 0) ?? "", Statement.Text(row, 1) ?? "", row.GetInt32(2))))
        {
            counts[(tenant, group)] = counts.GetValueOrDefault((tenant, group)) + count;
        }

        return counts;
    }

    /// <summary>Live rows that name a machine.</summary>
    public int CountLive() => Number(Queries.CountLive);

    /// <summary>
    /// Marks rows whose machine is terminated. What the collector kept about them goes with it, and a machine that
    /// still shuts down is no candidate any more.
    /// </summary>
    public int MarkDeleted(IReadOnlyCollection<InstanceRow> rows, DateTimeOffset at)
    {
        var text = GoTime.Format(at);
        return WriteBatches(rows, row =>
        {
            Write(Statements.DeleteRecord, ["$id"], row.Id);
            if (row.ProviderId is { } provider)
                Write(Statements.SetTerminating, ["$id", "$at"], provider, text);
            return row.HasRow
                ? Write(Statements.MarkDeleted, ["$id", "$at", "$provider"], row.Id, text, row.ProviderId)
                : 0;
        });
    }

    /// <summary>
    /// Takes the mark away from a row of a file of our own, where the mark is the collector's guess and the record says
    /// otherwise. nstance's rows are never restored.
    /// </summary>
    public void RestoreCached(string id, string providerId, DateTimeOffset at)
    {
        if (!IsOwn) throw new InvalidOperationException("only a row of a file of our own is restored");
        var text = GoTime.Format(at);
        WriteBatches([id], _ => Write(Statements.RestoreCached, ["$id", "$provider", "$at"], id, providerId, text));
    }

    /// <summary>
    /// Marks rows whose machine is gone, unless they name another by now. Adds their audit lines, and the events for
    /// their groups, if any are owed.
    /// </summary>
    public int MarkGone(
        IReadOnlyCollection<(InstanceRow Row, string? Group, AuditLine Audit)> rows, DateTimeOffset at)
    {
        var text = GoTime.Format(at);
        return WriteBatches(rows, item =>
        {
            var (row, group, audit) = item;
            var marked = Write(Statements.MarkGone, ["$id", "$at", "$provider"], row.Id, text, row.ProviderId);
            if (marked == 0) return 0;
            if (group is not null) AddGroup(group);
            return Add(audit);
        });
    }

    /// <summary>
    /// Deletes rows that are marked as deleted, their children first, and adds their audit lines. Returns the ids that
    /// are gone; a live row stays.
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
            // A table of nstance's that we do not know still refers to a row: that row stays, the others go one by one.
            purged.RemoveRange(kept, purged.Count - kept);
            var gone = purged.ToHashSet();
            return rows.Count == 1
                ? []
                : [.. purged, .. rows.Where(r => !gone.Contains(r.Id)).SelectMany(r => Purge([r]))];
        }
    }

    /// <summary>False: this nstance has no load balancers, so the file lacks their table.</summary>
    private bool HasTargets => Query(Queries.HasTargets, [], [], _ => true).Count > 0;

    private int PurgeOne(string id, AuditLine audit, bool hasTargets, List<string> purged)
    {
        if (Query(Statements.IsDeleted, ["$id"], [id], _ => true).Count == 0) return 0;
        if (hasTargets) Write(Statements.PurgeTargets, ["$id"], id);
        foreach (var sql in Statements.Purge) Write(sql, ["$id"], id);
        Add(audit);
        purged.Add(id);
        return 1;
    }

    private static IReadOnlyList<InstanceRow> Sorted(IEnumerable<InstanceRow> rows) =>
        [.. rows.OrderBy(row => row.Id, StringComparer.Ordinal)];

    private static string Soon(DateTimeOffset asOf) => GoTime.TextAfterSecondOf(asOf + RowRules.MaxAhead);

    private List<InstanceRow> Rows(string ids) =>
        ids == "[]" ? [] : Query(Queries.ByIds, ["$ids"], [ids], RowReader.Row);

    private HealthFacts Health(SqliteDataReader row)
    {
        if (row.GetInt32(4) > UnreportedAtLastCount)
        {
            throw new DatabaseException(
                DatabaseFault.Reset, $"nstance was elected since the last sync: it reset agents' reports in {Path}");
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
