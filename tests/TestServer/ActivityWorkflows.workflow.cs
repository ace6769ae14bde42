using Temporalio.Activities;
using Temporalio.Exceptions;
using Temporalio.Workflows;

namespace Nstance.Temporal.Tests.TestServer;

public static class SlowActivities
{
    /// <summary>Never answers; ends when its worker cancels it.</summary>
    [Activity]
    public static Task Hang() => Task.Delay(Timeout.Infinite, ActivityExecutionContext.Current.CancellationToken);
}

/// <summary>Runs an activity that never answers; returns which timeout ended it, and when.</summary>
[Workflow]
public class TimeoutWorkflow
{
    public sealed record Limits(
        double ToStart, double ToClose, double Heartbeat, double Whole, string? Queue = null, int Attempts = 1);

    public sealed record Ending(TimeoutType Type, double Seconds);

    [WorkflowRun]
    public async Task<Ending> RunAsync(Limits limits)
    {
        var start = Workflow.UtcNow;
        try
        {
            await Workflow.ExecuteActivityAsync(() => SlowActivities.Hang(), new()
            {
                ScheduleToStartTimeout = Some(limits.ToStart),
                StartToCloseTimeout = Some(limits.ToClose),
                HeartbeatTimeout = Some(limits.Heartbeat),
                ScheduleToCloseTimeout = Some(limits.Whole),
                TaskQueue = limits.Queue,
                RetryPolicy = new() { MaximumAttempts = limits.Attempts },
            });
            throw new ApplicationFailureException("the activity ended");
        }
        catch (ActivityFailureException e) when (e.InnerException is TimeoutFailureException timeout)
        {
            return new((TimeoutType)timeout.TimeoutType, (Workflow.UtcNow - start).TotalSeconds);
        }
    }

    private static TimeSpan? Some(double seconds) => seconds > 0 ? TimeSpan.FromSeconds(seconds) : null;
}

public enum TimeoutType
{
    Unspecified = 0,
    StartToClose = 1,
    ScheduleToStart = 2,
    ScheduleToClose = 3,
    Heartbeat = 4,
}

/// <summary>Cycles of activities and a timer, a few cycles a run, like a collector.</summary>
[Workflow]
public class CyclingWorkflow
{
    [WorkflowRun]
    public async Task<int> RunAsync(int left, int perRun, int done)
    {
        for (var i = 0; i < perRun && left > 0; i++, left--)
        {
            for (var step = 0; step < 4; step++)
            {
                await Workflow.ExecuteActivityAsync(
                    () => BasicActivities.Greet("cycle"),
                    new()
                    {
                        StartToCloseTimeout = TimeSpan.FromMinutes(5),
                        ScheduleToStartTimeout = TimeSpan.FromMinutes(1),
                    });
            }
            await Workflow.DelayAsync(TimeSpan.FromMinutes(2));
            done++;
        }
        return left == 0
            ? done
            : throw Workflow.CreateContinueAsNewException((CyclingWorkflow w) => w.RunAsync(left, perRun, done));
    }
}
