using Nstance.Temporal.Activities;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Workflows.Reconciler;
using Temporalio.Exceptions;

namespace Nstance.Temporal.Simulation.Chaos;

/// <summary>
/// The reconciler's own queue in virtual time, and I4: each stale instance is checked, never twice within the window.
/// </summary>
internal sealed class ChaosReconciler(ChaosWorld world)
{
    private readonly TimeSpan _interval = world.Story.Setup.Timings.HealthCheckInterval;

    public EventQueue Queue { get; set; } = new(null, world.Story.Setup.Timings.HealthCheckInterval);

    public Dictionary<string, DateTimeOffset> CheckedAt { get; } = [];

    public bool Waits(string instanceId) => Queue.Checks().Any(e => e.InstanceId == instanceId);

    public async Task DrainAsync(ReconcilerActivities activities)
    {
        while (Queue.Checks() is { Count: > 0 } checks)
        {
            foreach (var check in checks)
            {
                if (CheckedAt.TryGetValue(check.InstanceId!, out var last) && world.Now - last < 2 * _interval)
                    world.Violate("I4", $"{check.InstanceId} was checked twice within the window");
            }

            var result = await activities.CheckInstancesAsync(new(Story.Shard, world.Now, checks));
            foreach (var check in checks) CheckedAt[check.InstanceId!] = world.Now;
            if (!Queue.Checked(checks, result, world.Now)) return;
        }

        while (Queue.Next(Story.Shard, world.Now) is not null) Queue.Notified(failed: false);
    }
}

/// <summary>Signals, in place of Temporal's.</summary>
internal sealed class ChaosSink(ChaosCall call, ChaosReconciler reconciler) : IEventSink
{
    private readonly ChaosWorld _world = call.World;

    public async Task SendAsync(ShardRef shard, EventBatch batch, CancellationToken cancellationToken)
    {
        await call.BeforeAsync("send", looks: false);
        if (_world.Strikes(ChaosEvent.SinkDown, "send", call.Count()))
            throw new ApplicationFailureException("Temporal is away", ErrorTypes.Unavailable);
        foreach (var e in batch.Events.Where(e => e.Type == ReconcileEventType.CheckInstance)) _world.Must.HandsOn(e);
        reconciler.Queue.Enqueue(batch, _world.Now);
        call.After();
    }
}
