using Nstance.Temporal.Activities;
using Nstance.Temporal.Activities.Reconcile;
using Nstance.Temporal.Simulation.Chaos;
using Temporalio.Activities;
using Temporalio.Client;

namespace Nstance.Temporal.Simulation.Soak;

/// <summary>The real phases and checks over the simulated world, whose time is the workflow's.</summary>
internal sealed class SoakActivities(ChaosWorld world, ChaosHosts hosts, Func<ITemporalClient> client) : IGcActivities, IReconcilerActivities, IDisposable
{
    private readonly SemaphoreSlim _one = new(1);
    private readonly Invariants _invariants = new(world);

    public int Launched { get; private set; }

    public int Checked { get; private set; }

    [Activity]
    public Task<AcquireShardResult> AcquireShardAsync(AcquireShardInput input) =>
        InWorldAsync("acquire", input.AsOf, new(Story.Shard, input.AsOf, world.Story.Setup.Timings), (gc, _) => gc.AcquireShardAsync(input));

    [Activity]
    public Task<SyncResult> SyncProviderAsync(PhaseInput input) => InWorldAsync("sync", input.AsOf, input, (gc, _) => gc.SyncProviderAsync(input));

    [Activity]
    public Task<CollectResult> CollectAsync(PhaseInput input) => InWorldAsync("collect", input.AsOf, input, (gc, _) => gc.CollectAsync(input));

    [Activity]
    public Task<HealthScanResult> ScanHealthAsync(PhaseInput input) => InWorldAsync("health", input.AsOf, input, (gc, _) => gc.ScanHealthAsync(input));

    [Activity]
    public Task<PurgeResult> PurgeRecordsAsync(PhaseInput input) => InWorldAsync("purge", input.AsOf, input, async (gc, _) =>
    {
        var result = await gc.PurgeRecordsAsync(input);
        Forget();
        return result;
    });

    [Activity]
    public Task<CheckInstancesResult> CheckInstancesAsync(CheckInstancesInput input)
    {
        Checked += input.Events.Count;
        return InWorldAsync("checks", input.AsOf, new(Story.Shard, input.AsOf, world.Story.Setup.Timings), (_, checks) => checks.CheckInstancesAsync(input));
    }

    [Activity]
    public Task NotifyAsync(Notification notification) => Task.CompletedTask;

    public void Dispose() => _one.Dispose();

    private async Task<T> InWorldAsync<T>(
        string phase, DateTimeOffset asOf, PhaseInput input, Func<GcActivities, ReconcilerActivities, Task<T>> work)
    {
        await _one.WaitAsync(ActivityExecutionContext.Current.CancellationToken);
        try
        {
            world.Advance(asOf);
            world.Heartbeat();
            world.Step = $"{phase} at {asOf:u}";
            var call = new ChaosCall(world, phase, null);
            var bounds = new Bounds(world, input, hosts.Rows() ?? [], new HashSet<string>());
            var (gc, checks) = hosts.Activities(
                new ChaosCloud(world, call, _invariants, bounds), new ChaosBucket(world, call, _invariants, bounds), new ChaosAudit(world, call, _invariants),
                new ReconcilerEventSink(client(), "host-0", input.Timings.HealthCheckInterval), diskFull: false, world.Clock);
            using (checks) return await work(gc, checks);
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Who is gone for good is no longer part of the world: otherwise its own memory would be measured.</summary>
    private void Forget()
    {
        var rows = hosts.Rows()!.Select(r => r.Id).ToHashSet();
        var gone = world.Members.Values.Where(m => m.Machine?.StateAt(world.Now) is null && !world.Bucket.ContainsKey(m.Key) && !rows.Contains(m.Id)).ToArray();
        foreach (var member in gone)
        {
            world.Members.Remove(member.Number);
            if (member.Machine is not { } machine) continue;
            world.Machines.Remove(machine.ProviderId);
            world.Announced.Remove(machine.ProviderId);
            world.EndedByCollector.Remove(machine.ProviderId);
        }

        Launched += gone.Length;
    }
}
