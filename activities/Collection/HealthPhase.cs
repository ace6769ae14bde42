using Nstance.Temporal.Activities.LocalDb;
using Nstance.Temporal.Activities.Reconciling;
using Nstance.Temporal.Workflows.Contracts;

namespace Nstance.Temporal.Activities.Collection;

/// <summary>Hands instances with stale health to the reconciler (contract, "What one collection does" 3).</summary>
internal sealed class HealthPhase(ShardDatabase database, IEventSink events, string hostTaskQueue, Action<string> heartbeat)
{
    /// <summary>So few may always be stale; more than these and half of all is a fault of the source.</summary>
    public const int NeverSuspect = 3;

    public async Task<HealthScanResult> RunAsync(PhaseInput input, CancellationToken cancellationToken)
    {
        var notes = new Notes();
        var registered = database.CountRegistered();
        var before = input.AsOf - input.Timings.HealthCheckInterval;
        var result = new HealthScanResult { Registered = registered };
        if (registered == 0) return result;

        // After a change of host nobody's reports are here yet: silence before we looked is not silence.
        if (database.GetMetaTime(MetaKeys.HealthFrom) >= before) return result;
        if (database.IsOwn && !database.AnyHealth())
        {
            notes.Problem($"no agent reports into {database.Path}: health is not known on this host and was not judged");
            return result with { Problems = notes.Problems };
        }

        var stale = Stale(before, cancellationToken).Count();
        result = result with { Stale = stale };
        if (stale > NeverSuspect && stale * 2 >= registered)
        {
            notes.Problem(
                $"{stale} of {registered} registered instances look stale: the source of health is suspect, none was enqueued");
            return result with { Suspect = true, Problems = notes.Problems };
        }

        var (batch, number, enqueued) = (new List<ReconcileEvent>(), 0, 0);
        foreach (var row in Stale(before, cancellationToken))
        {
            var check = Check(row, input);
            notes.Sample(row, "stale", check.Cause);
            if (input.DryRun) continue;
            batch.Add(check);
            if (batch.Count == EventBatch.MaxEvents) await SendAsync();
        }

        if (batch.Count > 0) await SendAsync();
        if (input.DryRun && stale > 0) notes.Problem($"dry run: {stale} checks were not enqueued");
        return result with { Enqueued = enqueued, Samples = notes.Samples, Problems = notes.Problems };

        async Task SendAsync()
        {
            // The key is the cycle's and the batch's: a retry sends the same, and the reconciler takes it once.
            var sent = new EventBatch($"{input.AsOf:O}/health/{number++}", [.. batch]) { HostTaskQueue = hostTaskQueue };
            await events.SendAsync(input.Shard, sent, cancellationToken);
            enqueued += batch.Count;
            batch.Clear();
            heartbeat($"health: {enqueued} enqueued");
        }
    }

    private IEnumerable<InstanceRow> Stale(DateTimeOffset before, CancellationToken cancellationToken)
    {
        StaleCursor? cursor = null;
        do
        {
            cancellationToken.ThrowIfCancellationRequested();
            (var rows, cursor) = database.FindStaleHealth(before, cursor, 1000);
            heartbeat("health: looking");
            foreach (var row in rows) yield return row;
        }
        while (cursor is not null);
    }

    private ReconcileEvent Check(InstanceRow row, PhaseInput input)
    {
        var since = ShardDatabase.SignOfLife(row);
        if (database.GetMetaTime(MetaKeys.HealthFrom) is { } from && from > since) since = from;
        var missed = (int)Math.Min(int.MaxValue, (input.AsOf - since) / input.Timings.HealthCheckInterval);
        var cause = row.HealthAt is null
            ? $"registered, and has never reported: {missed} health intervals missed"
            : $"last report at {row.HealthAt:yyyy-MM-dd HH:mm:ss}Z: {missed} health intervals missed";
        return new ReconcileEvent(
            ReconcileEventType.CheckInstance, row.Tenant, row.Group ?? "", row.Id, input.AsOf,
            PreventDuplicate: true, cause, missed);
    }
}
