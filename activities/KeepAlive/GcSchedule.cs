using Nstance.Temporal.Workflows;
using Temporalio.Api.Enums.V1;
using Temporalio.Client.Schedules;

namespace Nstance.Temporal.Activities.KeepAlive;

/// <summary>
/// The schedule that keeps a shard's collector alive. To stop a collector for good: pause the schedule, then cancel the workflow.
/// </summary>
public static class GcSchedule
{
    /// <summary>Time between two looks. Default 10 minutes.</summary>
    public static TimeSpan Every { get; } = TimeSpan.FromMinutes(10);

    /// <summary>Its id.</summary>
    /// <param name="shard">The shard.</param>
    public static string Id(ShardRef shard)
    {
        ArgumentNullException.ThrowIfNull(shard);
        return Names.ScheduleId(shard.Cluster, shard.Shard);
    }

    /// <summary>
    /// The schedule itself. A tick is skipped while one runs, one missed tick is caught up, and a failed tick pauses nothing:
    /// the next one tries again. Create it with <c>TriggerImmediately</c> to have the collector at once.
    /// </summary>
    /// <param name="input">What a new collector starts with.</param>
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
