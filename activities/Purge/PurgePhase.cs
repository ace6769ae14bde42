using System.Collections.Concurrent;
using Nstance.Temporal.Activities.Audit;
using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Records;
using Nstance.Temporal.Activities.Rules;

namespace Nstance.Temporal.Activities.Purge;

/// <summary>
/// Deletes the record, the children and the row of each instance past its retention whose machine does not run (design,
/// "A cycle" 4). The row goes last, so that the next cycle finds it after a failure.
/// </summary>
internal sealed class PurgePhase(
    ShardDatabase database, ICloud cloud, IRecordStore records, AuditTrail audit, PhaseInput input,
    Action<PhaseProgress> heartbeat)
{
    /// <summary>Maximum number of keys that one call to S3 deletes.</summary>
    private const int PageSize = 1000;

    private readonly PhaseNotes _notes = new();
    private readonly RecordKeys _keys = new(records, input.Shard);
    private PurgeResult _result = new();

    /// <summary>Runs the phase, and adds what an attempt <paramref name="before"/> purged.</summary>
    public async Task<PurgeResult> RunAsync(PurgeResult? before, CancellationToken ct)
    {
        if (QuietHoursRules.Now(input) is { } quiet)
        {
            _notes.Problem(quiet);
            return Done();
        }

        var synced = database.GetMetaTime(MetaKeys.SyncedAt);
        if (PurgeRules.DeletedBefore(input, synced) is not { } deletedBefore) return Done();
        _result = before ?? _result;
        foreach (var problem in database.FindUnusableDeleted(input.AsOf)
            .Select(row => row.InvalidTimes(input.AsOf)).OfType<string>())
            _notes.Invalid(problem);
        // Collect retries a record that the bucket did not delete. Its row stays until then.
        var kept = database.FindKeptRecords().Select(record => record.InstanceId).ToHashSet();
        var expired = database.FindExpired(deletedBefore)
            .Where(row => !kept.Contains(row.Id) && !IsPaused(row)).ToList();
        var keys = input.DryRun ? null : await FindKeysAsync(expired, ct);
        foreach (var chunk in expired.Chunk(PageSize))
        {
            ct.ThrowIfCancellationRequested();
            var page = StillDeleted(await OfTheirRecordsAsync(await WithoutMachineAsync(chunk, ct), deletedBefore, ct));
            _result = _result with { Expired = _result.Expired + page.Length };
            if (input.DryRun) Would(page);
            else await PurgeAsync(page, keys, ct);
        }

        if (await audit.TryFlushAsync(ct) is { } waits) _notes.Outage(waits);
        return Done();
    }

    private PurgeResult Done() => _result with
    {
        Invalid = _notes.InvalidCount,
        Samples = _notes.Samples,
        Problems = _notes.Problems,
        Outage = _notes.FirstOutage,
    };

    /// <summary>
    /// Skips rows that name no machine while a machine carries their id. nstance marks such a row without asking EC2,
    /// and an incomplete listing may have omitted the machine.
    /// </summary>
    private async Task<InstanceRow[]> WithoutMachineAsync(InstanceRow[] page, CancellationToken ct)
    {
        var unnamed = page.Where(row => row.ProviderId is null).ToArray();
        if (unnamed.Length == 0) return page;
        try
        {
            var found = await cloud.FindByInstanceIdAsync(input.Shard, [.. unnamed.Select(row => row.Id)], ct);
            var machines = found.Where(i => i.Status != InstanceStatus.Deleted).ToLookup(i => i.TrackingId);
            foreach (var row in unnamed.Where(row => machines.Contains(row.Id)))
                _notes.Sample(row, "skipped", $"{machines[row.Id].First().ProviderId} carries its id at the cloud");
            return [.. page.Where(row => row.ProviderId is not null || !machines.Contains(row.Id))];
        }
        catch (CloudException e)
        {
            _notes.Outage(
                $"{unnamed.Length} deleted rows without a machine were not purged, "
                + $"because the cloud could not be asked for their ids: {e.Message}");
            return [.. page.Except(unnamed)];
        }
    }

    /// <summary>
    /// Skips rows whose record is not theirs by now, if the file is our own. nstance does not write into it, and may
    /// have created a NAT instance again under the same id.
    /// </summary>
    private async Task<InstanceRow[]> OfTheirRecordsAsync(
        InstanceRow[] page, DateTimeOffset deletedBefore, CancellationToken ct)
    {
        if (!database.IsOwn) return page;
        var read = new ConcurrentDictionary<string, RecordRead?>();
        string? fault = null;
        await Parallel.ForEachAsync(page, IRecordStore.InParallel(ct), async (row, token) =>
        {
            if (row.RecordKeyIn(input.Shard) is not { } key) return;
            try
            {
                read[row.Id] = await records.GetAsync(input.Shard, key, token);
            }
            catch (CloudException e)
            {
                read[row.Id] = null;
                fault = e.Message;
            }
        });
        if (fault is not null) _notes.Outage($"rows were not purged, because their records could not be read: {fault}");
        var theirs = new List<InstanceRow>();
        foreach (var row in page)
        {
            var record = read.TryGetValue(row.Id, out var answer) ? answer : new RecordRead.Missing();
            if (!Keep(row, record, deletedBefore)) theirs.Add(row);
        }

        return [.. theirs];
    }

    /// <summary>
    /// Keeps a row whose record must stay, and returns true then. The row of a new machine is restored, and the next
    /// sync asks the cloud about it.
    /// </summary>
    private bool Keep(InstanceRow row, RecordRead? read, DateTimeOffset deletedBefore)
    {
        switch (read)
        {
            case null:
                _notes.Sample(row, "skipped", "its record could not be read");
                return true;
            case RecordRead.Invalid { Why: var why }:
                _notes.Invalid($"row {row.Id} was not purged, because its record {why}");
                return true;
            case RecordRead.Found { Record: var record } when PurgeRules.OtherMachine(record, row) is { } other:
                if (!input.DryRun) database.RestoreCached(row.Id, other, input.AsOf);
                _notes.Sample(row, input.DryRun ? "would restore" : "restored", $"its record names {other} by now");
                return true;
            case RecordRead.Found { Record: var record } when PurgeRules.IsNewer(record, row, deletedBefore):
                _notes.Sample(row, "skipped", "its record is newer than the mark");
                return true;
            default:
                return false;
        }
    }

    /// <summary>
    /// Reads the rows again, because earlier pages may have taken minutes. nstance creates a NAT instance anew under
    /// the same id, and its new record must stay.
    /// </summary>
    private InstanceRow[] StillDeleted(InstanceRow[] page)
    {
        var now = database.FindAll(page.Select(row => row.Id));
        return [.. page.Where(row => now.GetValueOrDefault(row.Id)?.DeletedAt == row.DeletedAt)];
    }

    private void Would(InstanceRow[] page)
    {
        foreach (var row in page) _notes.Sample(row, "would purge", Why(row));
        audit.AddNews(page.Select(row => Entry(row, "would-purge")));
    }

    private async Task PurgeAsync(InstanceRow[] page, ILookup<InstanceId, string>? found, CancellationToken ct)
    {
        // A row without an entry may have a record of unknown key.
        var keys = page.Where(row => IsKeyKnown(row) || found is not null)
            .ToDictionary(row => row.Id, row => KeysOf(row, found));
        var known = keys.Values.SelectMany(own => own).ToList();
        var failed = known.Count == 0
            ? new Dictionary<string, string>()
            : await records.DeleteAsync(input.Shard, known, ct);
        foreach (var (key, why) in failed) _notes.Outage($"record {key} could not be deleted: {why}");
        var done = page.Where(row => keys.TryGetValue(row.Id, out var own) && !own.Any(failed.ContainsKey)).ToList();
        var lines = done.ConvertAll(row => (row.Id, AuditTrail.Line(Entry(row, "purged"))));
        var purged = database.Purge(lines).ToHashSet();
        foreach (var row in done)
        {
            if (purged.Contains(row.Id)) _notes.Sample(row, "purged", Why(row));
            else _notes.Problem($"row {row.Id} was not deleted: a table refers to it, or it is active again");
        }

        _result = _result with
        {
            Purged = _result.Purged + purged.Count,
            Failed = _result.Failed + page.Length - purged.Count,
            WithoutRecord = _result.WithoutRecord + done.Count(row => keys[row.Id].Length == 0),
        };

        // A retry finds and counts the failed rows again.
        heartbeat(new($"purge: {_result.Purged} of {_result.Expired}")
        {
            Purged = _result with { Expired = _result.Purged, Failed = 0 },
        });
    }

    private string[] KeysOf(InstanceRow row, ILookup<InstanceId, string>? found) =>
        row.InstanceId is not { } id ? []
        : row.RecordKeyIn(input.Shard) is { } key ? [key]
        : [.. found![id]];

    /// <summary>False if it may have a record whose key only a listing of the bucket knows.</summary>
    private bool IsKeyKnown(InstanceRow row) =>
        row.InstanceId is null || row.RecordKeyIn(input.Shard) is not null;

    private async Task<ILookup<InstanceId, string>?> FindKeysAsync(List<InstanceRow> expired, CancellationToken ct)
    {
        var ids = expired.Where(row => !IsKeyKnown(row)).Select(row => row.InstanceId!.Value).ToList();
        try
        {
            return await _keys.FindAsync(ids, ct);
        }
        catch (CloudException e)
        {
            _notes.Outage($"records of {ids.Count} instances without tenant could not be looked for: {e.Message}");
            return null;
        }
    }

    private bool IsPaused(InstanceRow row)
    {
        if (PauseRules.Of(input, Sweep.Purge, row.Tenant, row.Group) is not { } paused) return false;
        _notes.Sample(row, "skipped", paused);
        return true;
    }

    private AuditEntry Entry(InstanceRow row, string action) => audit.Of(row, action, "retention", Why(row));

    private static string Why(InstanceRow row) =>
        $"deleted at {row.DeletedAt:yyyy-MM-dd HH:mm:ss}Z, past the retention";
}
