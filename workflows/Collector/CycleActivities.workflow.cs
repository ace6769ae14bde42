using System.Linq.Expressions;
using Temporalio.Exceptions;
using Temporalio.Workflows;

namespace Nstance.Temporal.Workflows.Collector;

/// <summary>Runs each step of a cycle as an activity.</summary>
internal sealed class CycleActivities(CollectorState collector, CancellationToken stop) : ICycleSteps
{
    public DateTimeOffset Now => Clock.Now;

    public bool IsStopped => stop.IsCancellationRequested;

    public bool IsCancelled => Workflow.CancellationToken.IsCancellationRequested;

    public Task<PhaseOutcome<AcquireShardResult>> AcquireAsync(AcquireShardInput input, PhaseContext context) =>
        ExecuteAsync(activities => activities.AcquireShardAsync(input), context);

    public Task<PhaseOutcome<SyncResult>> SyncAsync(PhaseInput input, PhaseContext context) =>
        ExecuteAsync(activities => activities.SyncProviderAsync(input), context);

    public Task<PhaseOutcome<CollectResult>> CollectAsync(PhaseInput input, PhaseContext context) =>
        ExecuteAsync(activities => activities.CollectAsync(input), context);

    public Task<PhaseOutcome<HealthScanResult>> ScanHealthAsync(PhaseInput input, PhaseContext context) =>
        ExecuteAsync(activities => activities.ScanHealthAsync(input), context);

    public Task<PhaseOutcome<PurgeResult>> PurgeAsync(PhaseInput input, PhaseContext context) =>
        ExecuteAsync(activities => activities.PurgeRecordsAsync(input), context);

    public void ShowPhase() => Workflow.CurrentDetails = DetailsTable.Render(collector);

    public void LogHostLost(string host, string why) => Workflow.Logger.HostLost(collector.State.Cycle, host, why);

    private async Task<PhaseOutcome<T>> ExecuteAsync<T>(
        Expression<Func<IGcActivities, Task<T>>> activity, PhaseContext context)
        where T : class
    {
        var options = PhaseOptions.Of(context);
        options.CancellationToken = stop;
        try
        {
            return await Workflow.ExecuteActivityAsync(activity, options);
        }
        catch (Exception e) when (e is FailureException or OperationCanceledException)
        {
            return ActivityFault.Of(e);
        }
    }
}
