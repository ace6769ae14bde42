using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Activities.Rules;
using Nstance.Temporal.Activities.Telemetry;

namespace Nstance.Temporal.Activities.Health;

/// <summary>Hands instances with stale health to the reconciler (contract, "What one collection does" 3).</summary>
internal sealed class HealthPhase(ShardDatabase database, IEventSink events, string hostTaskQueue, Action<string> heartbeat)
{
    public async Task<HealthScanResult> RunAsync(PhaseInput input, CancellationToken cancellationToken)
    {
        var notes = new PhaseNotes();
        var source = HealthSource.Assess(database, input, needsRows: true);
        heartbeat("health: looked");
        var result = new HealthScanResult { Registered = source.Registered, Stale = source.Stale };
        foreach (var problem in source.Unusable.Select(row => PhaseNotes.InvalidRow(row, input.AsOf)).OfType<string>())
        {
            notes.Problem(problem);
            result = result with { Invalid = result.Invalid + 1 };
        }

        var before = input.AsOf - input.Timings.HealthCheckInterval;
        var still = PauseRules.Window(input) ?? source.NotJudged;
        if (source.Suspect)
        {
            notes.Problem($"{source.Sentence}, none was enqueued");
            return result with { Suspect = true, Problems = notes.Problems };
        }

        if (still is not null)
        {
            if (still.Length > 0) notes.Problem(still);
            return result with { Problems = notes.Problems };
        }

        // Nobody is judged for a time in which nobody looked.
        if (input.Grace?.Since >= before) return result;
        var stale = source.Stale;
        var batch = new List<ReconcileEvent>();
        var number = 0;
        var enqueued = 0;
        foreach (var row in source.StaleRows)
        {
            if (PauseRules.Of(input, Sweep.Health, row.Tenant, row.Group) is { } held)
            {
                notes.Sample(row, "skipped", held);
                continue;
            }

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

    private ReconcileEvent Check(InstanceRow row, PhaseInput input)
    {
        var since = row.LastSign;
        if (database.GetMetaTime(MetaKeys.HealthFrom) is { } from && from > since) since = from;
        if (input.Grace?.Since > since) since = input.Grace.Since;
        var missed = (int)Math.Min(int.MaxValue, (input.AsOf - since) / input.Timings.HealthCheckInterval);
        var cause = row.HealthAt is null
            ? $"registered, and has never reported: {missed} health intervals missed"
            : $"last report at {row.HealthAt:yyyy-MM-dd HH:mm:ss}Z: {missed} health intervals missed";
        return new ReconcileEvent(
            ReconcileEventType.CheckInstance, row.Tenant, row.Group ?? "", row.Id, input.AsOf,
            PreventDuplicate: true, cause, missed);
    }
}
