using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Records;

namespace Nstance.Temporal.Activities.Acquire;

/// <summary>Makes the shard's database usable on this host (design, "Hosts and the database"), or declines.</summary>
internal sealed class AcquirePhase(
    ShardDatabases databases, IRecordStore records, HostProbe probe, TimeProvider time, Action<string> heartbeat)
{
    /// <summary>
    /// Runs the phase. An election may be later than the input's time, but not than <paramref name="at"/>.
    /// </summary>
    public async Task<AcquireShardResult> RunAsync(AcquireShardInput input, DateTimeOffset at, CancellationToken ct)
    {
        var config = await probe.RunAsync(records, input, ct);
        var timings = (input.Settings ?? new GcSettings()).Over(config.Timings);
        var notes = new PhaseNotes();
        var leader = new LeaderCheck(databases, records, input.Shard, time);
        await leader.LetLeadersHostGoFirstAsync(input, probe.Waited, ct);
        using var database = DamagedFile.OpenOrReplace(databases, input, notes);
        var result = new AcquireShardResult(databases.HostName, Names.HostTaskQueue(databases.HostName), timings)
        {
            SharedDatabase = !database.IsOwn,
            Leader = await leader.AcquireAsync(database, input.PreviousHost, at, ct),
        };
        if (database.IsOwn) result = await FillAsync(database, input, result, notes, ct);
        // Marks of an earlier time on this host may be wrong by now: only a sync confirms them for the purge.
        if (input.PreviousHost != databases.HostName) database.SetMeta(MetaKeys.SyncedAt, "");
        database.SetMeta(MetaKeys.Region, config.Region ?? "");
        database.SetMeta(MetaKeys.HealthCheckInterval, GoDuration.Format(timings.HealthCheckInterval));
        database.SetMeta(MetaKeys.AcquiredAt, input.AsOf);
        return result;
    }

    private async Task<AcquireShardResult> FillAsync(
        ShardDatabase database, AcquireShardInput input, AcquireShardResult result, PhaseNotes notes,
        CancellationToken ct)
    {
        // If another host held the shard last, the local copy may be old.
        var isCurrent = input.PreviousHost == databases.HostName
            && database.GetMeta(MetaKeys.RebuiltAt) is not null && database.GetMeta(MetaKeys.AcquiredAt) is not null;
        if (isCurrent) return result with { Problems = notes.Problems };
        var read = await new Rebuild(database, records, notes, heartbeat)
            .RunAsync(input.Shard, input.AsOf, ct);
        return result with
        {
            Rebuilt = true,
            RecordsRead = read,
            InvalidRecords = notes.InvalidCount,
            Problems = notes.Problems,
        };
    }
}
