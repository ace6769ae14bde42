using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Activities.Records;
using Nstance.Temporal.Activities.Telemetry;

namespace Nstance.Temporal.Activities.Sync;

/// <summary>
/// Machines that no row stands for. Their records are looked for once. A recorded machine gets the row that nstance
/// would make of its record, so that nstance knows it again. A machine without a record is an orphan, which never becomes
/// a row: nstance would count it as a member of its group.
/// </summary>
internal sealed class Backfill(
    ShardDatabase database, ICloud cloud, IRecordStore records, PhaseNotes notes, Action<string> heartbeat)
{
    private readonly Dictionary<string, ReadRecord> _read = [];

    public async Task<SyncResult> RunAsync(PhaseInput input, SyncResult result, CancellationToken ct)
    {
        if (database.IsOwn) await RestoreAsync(input, ct);
        var found = database.FindRowless();
        if (found.Count == 0) return result;
        database.SetRowless(found.Where(f => !f.IsRowless).Select(f => f.Machine.ProviderId), false);
        var machines = found.Where(f => f.IsRowless).Select(f => f.Machine).ToList();
        result = Exclude(machines, result);
        result = await ReadNewAsync([.. machines.Where(m => !m.WasRowless)], input, result, ct);
        var recorded = database.FindRowlessInstances().Where(row => row.HasRecord).ToList();
        return recorded.Count == 0 ? result : await AddAsync(recorded, input, result, ct);
    }

    /// <summary>
    /// A malformed id, or a row that names the machine under another id, is a matter for people: no orphan.
    /// </summary>
    private SyncResult Exclude(List<MachineRow> machines, SyncResult result)
    {
        var named = database.FindIdsByProviders(machines.Select(m => m.ProviderId));
        var excluded = new List<string>();
        foreach (var m in machines)
        {
            var isIdSound = m.InstanceId == CloudInstance.DanglingPrefix + m.ProviderId || InstanceId.TryParse(m.InstanceId, out _);
            var problem = named[m.ProviderId].FirstOrDefault() is { } row
                ? $"machine {m.ProviderId} of row {row} is now tagged as {m.InstanceId}; skipped"
                : isIdSound ? null : $"machine {m.ProviderId} carries the malformed instance id {m.InstanceId}; skipped";
            if (problem is null) continue;
            result = notes.Invalid(result, problem);
            excluded.Add(m.ProviderId);
        }

        var unmarked = machines.Where(m => m.WasRowless && excluded.Contains(m.ProviderId)).Select(m => m.ProviderId);
        database.SetRowless(unmarked, false);
        machines.RemoveAll(m => excluded.Contains(m.ProviderId));
        return result;
    }

    /// <summary>Marked as rowless only when their records were looked for: else the next cycle looks again.</summary>
    private async Task<SyncResult> ReadNewAsync(
        MachineRow[] machines, PhaseInput input, SyncResult result, CancellationToken ct)
    {
        if (machines.Length == 0) return result;
        var wanted = machines.Select(m => InstanceId.TryParse(m.InstanceId, out var id) ? id : (InstanceId?)null)
            .OfType<InstanceId>().ToHashSet();
        IReadOnlyDictionary<InstanceId, IReadOnlyList<string>> keys;
        try
        {
            keys = await RecordKeys.FindAsync(records, input.Shard, wanted, ct);
        }
        catch (CloudException e)
        {
            notes.Problem(
                $"{machines.Length} machines without a row were skipped, because their records were not listed: {e.Message}");
            return result;
        }

        var looked = new List<string>();
        foreach (var m in machines)
        {
            var own = InstanceId.TryParse(m.InstanceId, out var id) ? keys.GetValueOrDefault(id) ?? [] : [];
            var problem = own.Count > 1 ? $"instance {m.InstanceId} has {own.Count} records; skipped"
                : own.Count == 1 ? await ReadAsync(own[0], m, input, ct) : null;
            heartbeat("sync: reads records of machines without a row");
            if (problem is null) looked.Add(m.ProviderId);
            else result = notes.Invalid(result, problem);
        }

        database.SetRowless(looked, true);
        return result;
    }

    /// <summary>Null: the record is kept, or was deleted meanwhile.</summary>
    private async Task<string?> ReadAsync(string key, MachineRow machine, PhaseInput input, CancellationToken ct)
    {
        try
        {
            switch (await records.GetAsync(input.Shard, key, ct))
            {
                case RecordRead.Missing:
                    return null;
                case RecordRead.Invalid { Why: var why }:
                    return $"record {key} {why}; machine {machine.ProviderId} skipped";
                case RecordRead.Found found when Rebuild.IsNamedBy(found.Record, input.Shard, key):
                    if (found.Record.ProviderId is { } provider && provider != machine.ProviderId)
                        return $"record {key} names machine {provider}, not {machine.ProviderId}, which carries its id; skipped";
                    _read[machine.InstanceId] = Keep(found, input);
                    return null;
                default:
                    return $"record {key} names another instance or tenant; machine {machine.ProviderId} skipped";
            }
        }
        catch (CloudException e)
        {
            return $"record {key} could not be read; machine {machine.ProviderId} skipped: {e.Message}";
        }
    }

    private async Task<SyncResult> AddAsync(
        List<InstanceRow> recorded, PhaseInput input, SyncResult result, CancellationToken ct)
    {
        DescribeResult described;
        try
        {
            described = await cloud.DescribeAsync([.. recorded.Select(row => row.ProviderId!)], ct);
        }
        catch (CloudException e)
        {
            notes.Problem(
                $"{recorded.Count} recorded machines without a row were not added, because the cloud did not answer by id: {e.Message}");
            return result;
        }

        foreach (var row in recorded)
        {
            heartbeat("sync: adds recorded machines without a row");
            if (await RecordAsync(row, input, ct) is not { } read) continue;
            var machine = described.Found.GetValueOrDefault(row.ProviderId!);
            if (machine is null || !machine.IsOwn(input.Shard) || machine.TrackingId != row.Id) continue;
            result = Add(row, read, machine, input, result);
        }

        return result;
    }

    private SyncResult Add(InstanceRow row, ReadRecord read, CloudInstance machine, PhaseInput input, SyncResult result)
    {
        var record = read.Record;
        SyncResult NotAdded(string why) =>
            notes.Invalid(result, $"recorded machine {machine.ProviderId} has no row, and none was added: {why}");

        if (database.IsOwn)
        {
            database.UpsertCached([read], input.AsOf);
        }
        else
        {
            // nstance's own collector terminates an unregistered row; only what runs and is registered is added.
            if (machine.Status != InstanceStatus.Running || record.RegisteredAt is null) return result;
            if (WhyNot(record) is { } why) return NotAdded(why);
            if (input.DryRun)
            {
                notes.Sample(row, "would add", "recorded and running, but without a row");
                return result;
            }

            if (!database.InsertRecorded(record, machine, input.AsOf))
                return NotAdded("another row has its registration token");
        }

        database.SetRowless([machine.ProviderId], false);
        notes.Sample(row, "added", "recorded and in the cloud, but without a row");
        return result with { Added = result.Added + 1 };
    }

    /// <summary>Null: every column can be filled, and nstance would find nothing wrong with the row.</summary>
    private string? WhyNot(InstanceRecord record)
    {
        var unfillable = database.FindUnfillable();
        if (unfillable.Count > 0)
            return $"{database.Path}, table instances, column {string.Join(", ", unfillable)} must be filled; update nstance-gc";
        if (record.RegistrationJwt.IsEmpty) return "its record holds no registration_jwt, which column nonce needs";
        if (record.InfraConfigHash is null)
            return "its record holds no infra_config_hash, and nstance would rotate the instance";
        return database.HasSubnet && record.SubnetId is null
            ? "its record holds no subnet_id, which column subnet_id needs"
            : null;
    }

    /// <summary>
    /// In a file of our own a mark of deletion is the collector's guess, and the record says what nstance knows: a marked
    /// row whose machine runs and whose record is there is live. nstance's own rows are never restored.
    /// </summary>
    private async Task RestoreAsync(PhaseInput input, CancellationToken ct)
    {
        foreach (var (row, provider) in database.FindDeletedButRunning(input.AsOf - input.Timings.SettleTime))
        {
            if (row.Carriers > 1 || await RecordAsync(row, input, ct) is not { } read) continue;
            if (read.Record.ProviderId is { } named && named != provider) continue;
            database.RestoreCached(row.Id, provider, input.AsOf);
            notes.Sample(row, "restored", $"its record is there, and {provider} runs");
        }
    }

    /// <summary>Null: there is none, or it is not this instance's, or it could not be read.</summary>
    private async Task<ReadRecord?> RecordAsync(InstanceRow row, PhaseInput input, CancellationToken ct)
    {
        if (_read.TryGetValue(row.Id, out var known)) return known;
        if (row.RecordKeyIn(input.Shard.Shard) is not { } key) return null;
        try
        {
            switch (await records.GetAsync(input.Shard, key, ct))
            {
                case RecordRead.Found found when Rebuild.IsNamedBy(found.Record, input.Shard, key):
                    var isOfAnother = found.Record.ProviderId is { } named && named != row.ProviderId;
                    return !row.HasRow && isOfAnother ? null : Keep(found, input);
                case RecordRead.Missing:
                    // Without a record it is an orphan.
                    database.DeleteRecord(row.Id);
                    return null;
                default:
                    return null;
            }
        }
        catch (CloudException e)
        {
            notes.Problem($"record {key} could not be read: {e.Message}");
            return null;
        }
    }

    private ReadRecord Keep(RecordRead.Found found, PhaseInput input)
    {
        var read = new ReadRecord(found.ETag, found.Record);
        database.UpsertRecords([read], input.AsOf);
        return read;
    }
}
