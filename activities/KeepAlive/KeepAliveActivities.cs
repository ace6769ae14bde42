using Nstance.Temporal.Workflows.Contracts;
using Temporalio.Activities;

namespace Nstance.Temporal.Activities.KeepAlive;

/// <summary>The keep-alive's one activity; runs on the shared queue.</summary>
public sealed class KeepAliveActivities : IKeepAliveActivities
{
    /// <inheritdoc />
    [Activity]
    public Task<string> EnsureCollectorRunsAsync(GcInput input) =>
        CollectorStart.EnsureRunsAsync(ActivityExecutionContext.Current.TemporalClient, input);
}
