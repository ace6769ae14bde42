using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Records;
using Nstance.Temporal.Activities.Rules;

namespace Nstance.Temporal.Activities.Sync;

/// <summary>
/// Handles machines without a row. It looks for their records once. A recorded machine gets the row that nstance would
/// make of its record. A machine without a record is an orphan and never becomes a row, because nstance would count it
/// as a member of its group.
/// </summary>
internal sealed class Backfill(
    ShardDatabase database, ICloud cloud, IRecordStore records, PhaseNotes notes, PhaseInput input,
    Action<string> heartbeat)
{
    private readonly Dictionary<string, ReadRecord> _read = [];

    /// <summary>Returns how many rows it added.</summary>
    public async Task<int> RunAsync(CancellationToken ct)
    {
        if (database.IsOwn) await RestoreAsync(ct);
        var found = database.FindRowless();
        if (found.Count == 0) return 0;
        database.SetRowless(found.Where(f => !f.IsRowless).Select(f => f.Machine.ProviderId), false);
        var machines = Usable(found.Where(f => f.IsRowless).Select(f => f.Machine));
        await ReadNewAsync(machines.FindAll(m => !m.WasRowless), ct);
        var recorded = database.FindRowlessInstances().Where(row => row.HasRecord).ToList();
        return recorded.Count == 0 ? 0 : await AddAsync(recorded, ct);
    }

    /// <summary>
    /// Returns the machines that are orphans or recorded. A machine with a malformed id, or that a row names under
    /// another id, needs a manual review.
    /// </summary>
    private List<MachineRow> Usable(IEnumerable<MachineRow> machines)
    {
        var all = machines.ToList();
        var named = database.FindIdsByProviders(all.Select(m => m.ProviderId));
        var isUsable = all.ToLookup(m =>
        {
            if (BackfillRules.Unusable(m, named[m.ProviderId].FirstOrDefault()) is not { } problem) return true;
            notes.Invalid(problem);
            return false;
        });
        database.SetRowless(isUsable[false].Where(m => m.WasRowless).Select(m => m.ProviderId), false);
        return [.. isUsable[true]];
    }

    /// <summary>
    /// Marks machines as rowless after a search for their records. The next cycle retries the others.
    /// </summary>
    private async Task ReadNewAsync(List<MachineRow> machines, CancellationToken ct)
    {
        if (machines.Count == 0) return;
        ILookup<InstanceId, string> keys;
        try
        {
            var ids = machines.Select(m => IdOf(m)).OfType<InstanceId>();
            keys = await new RecordKeys(records, input.Shard).FindAsync(ids, ct);
        }
        catch (CloudException e)
        {
            notes.Outage(
                $"{machines.Count} machines without a row were skipped, "
                + $"because their records were not listed: {e.Message}");
            return;
        }

        var read = new List<string>();
        foreach (var m in machines)
        {
            string[] own = IdOf(m) is { } id ? [.. keys[id]] : [];
            heartbeat("reading records of machines without a row");
            try
            {
                var problem = own.Length switch
                {
                    0 => null,
                    1 => await ReadAsync(own[0], m, ct),
                    _ => $"instance {m.InstanceId} has {own.Length} records; skipped",
                };
                if (problem is null) read.Add(m.ProviderId);
                else notes.Invalid(problem);
            }
            catch (CloudException e)
            {
                notes.Outage($"record {own[0]} could not be read; machine {m.ProviderId} skipped: {e.Message}");
            }
        }

        database.SetRowless(read, true);
    }

    private static InstanceId? IdOf(MachineRow machine) =>
        InstanceId.TryParse(machine.InstanceId, out var id) ? id : null;

    /// <summary>Returns the fault of a record; null if it was stored, or no longer exists.</summary>
    private async Task<string?> ReadAsync(string key, MachineRow machine, CancellationToken ct)
    {
        switch (await records.GetAsync(input.Shard, key, ct))
        {
            case RecordRead.Invalid { Why: var why }:
                return $"record {key} {why}; machine {machine.ProviderId} skipped";
            case RecordRead.Found { Record.ProviderId: { } provider } when provider != machine.ProviderId:
                var named = $"record {key} names machine {provider}";
                return $"{named}, not {machine.ProviderId}, which carries its id; skipped";
            case RecordRead.Found found:
                _read[machine.InstanceId] = Keep(found);
                return null;
            default:
                return null;
        }
    }

    private async Task<int> AddAsync(List<InstanceRow> recorded, CancellationToken ct)
    {
        DescribeResult described;
        try
        {
            described = await cloud.DescribeAsync([.. recorded.Select(row => row.ProviderId!)], ct);
        }
        catch (CloudException e)
        {
            notes.Outage(
                $"{recorded.Count} recorded machines without a row were not added, "
                + $"because the cloud did not answer by id: {e.Message}");
            return 0;
        }

        var added = 0;
        foreach (var row in recorded)
        {
            heartbeat("adding recorded machines without a row");
            if (await ReadRecordAsync(row, ct) is not { } read) continue;
            var machine = described.Found.GetValueOrDefault(row.ProviderId!);
            if (machine is null || !machine.IsOwn(input.Shard) || machine.TrackingId != row.Id) continue;
            if (Add(row, read, machine)) added++;
        }

        return added;
    }

    private bool Add(InstanceRow row, ReadRecord read, CloudInstance machine)
    {
        const string Why = "recorded and in the cloud, but without a row";
        if (database.IsOwn)
        {
            database.UpsertCached([read], input.AsOf);
        }
        else
        {
            // nstance's own collector terminates an unregistered instance. Only a running, registered one is added.
            // With the row of an instance that nstance deletes, its group would have one member too many, and nstance
            // would terminate the oldest.
            if (machine.Status != InstanceStatus.Running || read.Record.RegisteredAt is null
                || EvidenceChecks.IsDeleted(read.Record)) return false;
            var fault = BackfillRules.NotInsertable(
                read.Record, database.Path, database.FindUnfillable(), database.HasSubnet);
            if (fault is not null) return NotAdded(machine, fault);
            if (input.DryRun)
            {
                notes.Sample(row, "would add", Why);
                return false;
            }

            if (!database.InsertRecorded(read.Record, machine, input.AsOf))
                return NotAdded(machine, "another row has its registration token");
        }

        database.SetRowless([machine.ProviderId], false);
        notes.Sample(row, "added", Why);
        return true;
    }

    private bool NotAdded(CloudInstance machine, string why)
    {
        notes.Invalid($"recorded machine {machine.ProviderId} has no row, and none was added: {why}");
        return false;
    }

    /// <summary>
    /// Restores marked rows whose machine runs and whose record exists. In a file of our own, a mark is the collector's
    /// guess. nstance's own rows are never restored.
    /// </summary>
    private async Task RestoreAsync(CancellationToken ct)
    {
        foreach (var (row, provider) in database.FindDeletedButRunning(input.AsOf - input.Timings.SettleTime))
        {
            if (row.Carriers > 1 || await ReadRecordAsync(row, ct) is not { } read) continue;
            if (read.Record.ProviderId is { } named && named != provider) continue;
            database.RestoreCached(row.Id, provider, input.AsOf);
            notes.Sample(row, "restored", $"its record exists, and {provider} runs");
        }
    }

    /// <summary>Returns the record of an instance; null if it is missing, another machine's, or not readable.</summary>
    private async Task<ReadRecord?> ReadRecordAsync(InstanceRow row, CancellationToken ct)
    {
        if (_read.TryGetValue(row.Id, out var known)) return known;
        if (row.RecordKeyIn(input.Shard) is not { } key) return null;
        try
        {
            switch (await records.GetAsync(input.Shard, key, ct))
            {
                case RecordRead.Found found:
                    var isOfAnother = found.Record.ProviderId is { } named && named != row.ProviderId;
                    return !row.HasRow && isOfAnother ? null : Keep(found);
                case RecordRead.Missing:
                    database.DeleteRecord(row.Id); // From now on its machine is an orphan.
                    return null;
                default:
                    return null;
            }
        }
        catch (CloudException e)
        {
            notes.Outage($"record {key} could not be read: {e.Message}");
            return null;
        }
    }

    private ReadRecord Keep(RecordRead.Found found)
    {
        var read = new ReadRecord(found.ETag, found.Record);
        database.UpsertRecords([read], input.AsOf);
        return read;
    }
}
