using Nstance.Temporal.Activities;
using Nstance.Temporal.Activities.Reconcile;
using Nstance.Temporal.Simulation.Chaos;
using Temporalio.Activities;
using Temporalio.Client;

namespace Nstance.Temporal.Simulation.Soak;

/// <summary>The real phases and checks over the simulated world, whose time is the workflow's.</summary>
internal sealed class SoakActivities(ChaosWorld world, ChaosHosts hosts, Func<ITemporalClient> client)
    : IGcActivities, IReconcilerActivities, IDisposable
{
    private readonly SemaphoreSlim _one = new(1);

    /// <summary>Gets how many members came and went.</summary>
    public int Gone { get; private set; }

    public int Checked { get; private set; }

    [Activity]
    public Task<AcquireShardResult> AcquireShardAsync(AcquireShardInput input) =>
        InWorldAsync("acquire", Input(input.AsOf), (gc, _) => gc.AcquireShardAsync(input));

    [Activity]
    public Task<SyncResult> SyncProviderAsync(PhaseInput input) =>
        InWorldAsync("sync", input, (gc, _) => gc.SyncProviderAsync(input));

    [Activity]
    public Task<CollectResult> CollectAsync(PhaseInput input) =>
        InWorldAsync("collect", input, (gc, _) => gc.CollectAsync(input));

    [Activity]
    public Task<HealthScanResult> ScanHealthAsync(PhaseInput input) =>
        InWorldAsync("health", input, (gc, _) => gc.ScanHealthAsync(input));

    [Activity]
    public Task<PurgeResult> PurgeRecordsAsync(PhaseInput input) => InWorldAsync("purge", input, async (gc, _) =>
    {
        var result = await gc.PurgeRecordsAsync(input);
        Forget();
        return result;
    });

    [Activity]
    public Task<CheckInstancesResult> CheckInstancesAsync(CheckInstancesInput input)
    {
        Checked += input.Events.Count;
        return InWorldAsync("checks", Input(input.AsOf), (_, checks) => checks.CheckInstancesAsync(input));
    }

    [Activity]
    public Task NotifyAsync(Notification notification) => Task.CompletedTask;

    public void Dispose() => _one.Dispose();

    private PhaseInput Input(DateTimeOffset asOf) => new(Story.Shard, asOf, world.Story.Setup.Timings);

    private async Task<T> InWorldAsync<T>(
        string phase, PhaseInput input, Func<GcActivities, ReconcilerActivities, Task<T>> work)
    {
        await _one.WaitAsync(ActivityExecutionContext.Current.CancellationToken);
        try
        {
            hosts.Current = Host();
            world.Advance(input.AsOf);
            world.Heartbeat();
            world.Step = $"{phase} at {input.AsOf:u}";
            var bounds = new Bounds(world, input, hosts.Rows(), new HashSet<string>());
            var call = new ChaosCall(world, bounds, phase, hosts.Current);
            var sink = new ReconcilerEventSink(
                client(), $"host-{hosts.Current}", input.Timings.HealthCheckInterval);
            var (gc, checks) = hosts.Activities(call, sink, new());
            using (checks) return await work(gc, checks);
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>The host whose queue it came from. Hosts take turns at the shared one.</summary>
    private static int Host()
    {
        var info = ActivityExecutionContext.Current.Info;
        return info.TaskQueue == Names.TaskQueue ? info.Attempt % ChaosHosts.Count
            : info.TaskQueue == Names.HostTaskQueue("host-0") ? 0 : 1;
    }

    /// <summary>Removes members that are gone, so that their memory is not measured.</summary>
    private void Forget()
    {
        var rows = hosts.Rows().Select(r => r.Id).ToHashSet();
        foreach (var member in world.Members.ToArray())
        {
            var isShown = member.ProviderId is { } id && world.Ec2.FindVisible(id) is not null;
            if (isShown || world.Fleet.HasRecord(member) || rows.Contains(member.Id)) continue;
            world.Fleet.Members.Remove(member.Number);
            Gone++;
            if (member.ProviderId is not { } providerId) continue;
            world.Ec2.Forget(providerId);
            world.Announced.Remove(providerId);
            world.EndedByCollector.Remove(providerId);
        }
    }
}
