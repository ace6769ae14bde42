using Nstance.Temporal.Workflows;
using Temporalio.Api.Enums.V1;
using Temporalio.Client.Schedules;

namespace Nstance.Temporal.Activities.KeepAlive;

/// <summary>
/// The schedule that keeps a shard's collector alive. To stop a collector, pause it, then cancel the workflow.
/// </summary>
public static class GcSchedule
{
    /// <summary>The schedule's interval: 10 minutes.</summary>
    public static TimeSpan Every { get; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// Returns the schedule. It skips a tick while one runs, catches up one missed tick, and continues after a failed
    /// tick. Create it with <c>TriggerImmediately</c> to start the collector at once.
    /// </summary>
    /// <param name="input">Input of a new collector.</param>
    public static Schedule Create(GcInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        var shard = input.Shard;
        return new(
            ScheduleActionStartWorkflow.Create(
                (KeepAliveWorkflow workflow) => workflow.RunAsync(input),
                new(Names.KeepAliveWorkflowId(shard.Cluster, shard.Shard), Names.TaskQueue)
                {
                    StaticSummary = $"Keeps the collector of {shard.Cluster}/{shard.Shard} alive",
                }),
            new() { Intervals = [new(Every)] })
        {
            Policy = new() { Overlap = ScheduleOverlapPolicy.Skip, CatchupWindow = Every, PauseOnFailure = false },
        };
    }
}
