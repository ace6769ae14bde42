using System.Collections.Concurrent;
using Temporalio.Activities;
using Temporalio.Exceptions;
using Temporalio.Workflows;

namespace Nstance.Temporal.Tests.TestServer;

/// <summary>
/// An activity that fails until an operator repairs what it needs, and then ends at its next attempt.
/// </summary>
public sealed class StuckActivities
{
    private static readonly ConcurrentDictionary<string, TaskCompletionSource> Repaired = new();

    /// <summary>Lets the activities of a workflow end from now on.</summary>
    public static void Repair(string workflowId) => Of(workflowId).TrySetResult();

    [Activity]
    public static int Try()
    {
        var info = ActivityExecutionContext.Current.Info;
        return Of(info.WorkflowId!).Task.IsCompleted
            ? info.Attempt
            : throw new ApplicationFailureException("still broken");
    }

    /// <summary>Runs until the test repairs it; its worker learns of a pause or a reset by a heartbeat.</summary>
    [Activity]
    public static async Task<int> Work()
    {
        var context = ActivityExecutionContext.Current;
        while (!Of(context.Info.WorkflowId!).Task.IsCompleted)
        {
            context.Heartbeat(context.Info.Attempt);
            await Task.Delay(20, context.CancellationToken);
        }
        return context.Info.Attempt;
    }

    private static TaskCompletionSource Of(string workflowId) => Repaired.GetOrAdd(
        workflowId, _ => new(TaskCreationOptions.RunContinuationsAsynchronously));
}

/// <summary>Waits for an activity that is retried only after an hour.</summary>
[Workflow]
public class StuckActivityWorkflow
{
    public static readonly TimeSpan Interval = TimeSpan.FromHours(1);

    [WorkflowRun]
    public Task<int> RunAsync() => Workflow.ExecuteActivityAsync(() => StuckActivities.Try(), new()
    {
        ActivityId = "stuck",
        StartToCloseTimeout = TimeSpan.FromMinutes(2),
        RetryPolicy = new() { InitialInterval = Interval, BackoffCoefficient = 1 },
    });
}

/// <summary>Waits for an activity that heartbeats until it is cancelled.</summary>
[Workflow]
public class WorkingActivityWorkflow
{
    [WorkflowRun]
    public Task<int> RunAsync() => Workflow.ExecuteActivityAsync(() => StuckActivities.Work(), new()
    {
        ActivityId = "working",
        StartToCloseTimeout = TimeSpan.FromHours(2),
        HeartbeatTimeout = TimeSpan.FromSeconds(30),
        RetryPolicy = new() { InitialInterval = TimeSpan.FromMilliseconds(10), BackoffCoefficient = 1 },
    });
}

/// <summary>Waits for a timer and an activity one after the other.</summary>
[Workflow]
public class WindingWorkflow
{
    [WorkflowRun]
    public async Task<string> RunAsync()
    {
        await Workflow.DelayAsync(TimeSpan.FromMilliseconds(200));
        var attempt = await Workflow.ExecuteActivityAsync(
            () => BasicActivities.FailUntil(1), new() { StartToCloseTimeout = TimeSpan.FromMinutes(1) });
        return $"{attempt} " + await Workflow.ExecuteActivityAsync(
            () => BasicActivities.Greet("again"), new() { StartToCloseTimeout = TimeSpan.FromMinutes(1) });
    }
}
