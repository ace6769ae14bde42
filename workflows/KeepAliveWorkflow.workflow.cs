using Temporalio.Workflows;

namespace Nstance.Temporal.Workflows;

/// <summary>
/// Short launcher that a schedule fires. A schedule appends the time to every workflow id that it starts, so it cannot
/// itself start the collector under its fixed id; this one's activity can.
/// </summary>
[Workflow]
public sealed class KeepAliveWorkflow
{
    /// <summary>Makes sure that the collector runs.</summary>
    /// <param name="input">What a new collector starts with; a running one keeps its own settings.</param>
    /// <returns>Run id of the collector that runs now.</returns>
    [WorkflowRun]
    public async Task<string> RunAsync(GcInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return await Workflow.ExecuteActivityAsync(
            (IKeepAliveActivities activities) => activities.EnsureCollectorRunsAsync(input),
            new()
            {
                // Ends before the schedule's next tick: ticks are skipped while one runs.
                ScheduleToCloseTimeout = TimeSpan.FromMinutes(9),
                StartToCloseTimeout = TimeSpan.FromSeconds(30),
                RetryPolicy = new()
                {
                    InitialInterval = TimeSpan.FromSeconds(1),
                    MaximumInterval = TimeSpan.FromSeconds(30),
                },
                Summary = $"collector of {input.Shard.Cluster}/{input.Shard.Shard}",
            });
    }
}
