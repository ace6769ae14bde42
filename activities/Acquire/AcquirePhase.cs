using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Activities.Records;
using Nstance.Temporal.Activities.Telemetry;
using Temporalio.Exceptions;

namespace Nstance.Temporal.Activities.Acquire;

/// <summary>Makes the shard's database usable on this host (design, "Hosts and the database"), or declines.</summary>
internal sealed class AcquirePhase(
    ShardDatabases databases, IRecordStore records, HostProbe probe, Action<string> heartbeat)
{
    /// <summary>A shared database in which nobody reported for so many health intervals is not being fed.</summary>
    private const int FedWithinIntervals = 3;

    public async Task<AcquireShardResult> RunAsync(AcquireShardInput input, CancellationToken cancellationToken)
    {
        var config = await probe.RunAsync(records, input, cancellationToken);
        var timings = (input.Settings ?? new GcSettings()).Over(config.Timings);
        var notes = new PhaseNotes();
        using var database = DamagedFile.OpenOrReplace(databases, input, notes);
        var result = new AcquireShardResult(databases.HostName, Names.HostTaskQueue(databases.HostName), timings)
        {
            SharedDatabase = !database.IsOwn,
        };
        if (database.IsOwn) result = await FillAsync(database, input, result, notes, cancellationToken);
        else RequireFed(database, input.AsOf, timings);
        database.SetMeta(MetaKeys.Region, config.Region ?? "");
        database.SetMeta(MetaKeys.HealthCheckInterval, GoDuration.Format(timings.HealthCheckInterval));
        database.SetMeta(MetaKeys.AcquiredAt, input.AsOf);
        return result;
    }

    private async Task<AcquireShardResult> FillAsync(
        ShardDatabase database, AcquireShardInput input, AcquireShardResult result, PhaseNotes notes,
        CancellationToken cancellationToken)
    {
        // Unless this very host held it last, others may have worked on the shard since, and our copy may be old.
        var isCurrent = input.PreviousHost == databases.HostName
            && database.GetMeta(MetaKeys.RebuiltAt) is not null && database.GetMeta(MetaKeys.AcquiredAt) is not null;
        if (isCurrent) return result with { Problems = notes.Problems };
        var read = await new Rebuild(database, records, notes, heartbeat)
            .RunAsync(input.Shard, input.AsOf, cancellationToken);
        return result with
        {
            Rebuilt = true,
            RecordsRead = read,
            InvalidRecords = notes.InvalidCount,
            Problems = notes.Problems,
        };
    }

    private void RequireFed(ShardDatabase database, DateTimeOffset asOf, ShardTimings timings)
    {
        var since = asOf - (FedWithinIntervals * timings.HealthCheckInterval);
        var health = database.CountHealth(since);
        if (health.Stale < health.Registered || health.Registered == 0) return;
        throw new ApplicationFailureException(
            $"host {databases.HostName} declines: no agent reported into {database.Path} "
            + $"within {FedWithinIntervals} health intervals",
            ErrorTypes.HostDeclined);
    }
}
