using Temporalio.Activities;
using Temporalio.Converters;
using Temporalio.Exceptions;
using Temporalio.Workflows;

namespace Nstance.Temporal.Tests.TestServer;

public static class AttemptActivities
{
    /// <summary>Heartbeats with its attempt, fails once, then returns the details of the first attempt.</summary>
    [Activity]
    public static async Task<int> LeaveTrace()
    {
        var context = ActivityExecutionContext.Current;
        if (context.Info.Attempt > 1)
            return await context.Info.HeartbeatDetailAtAsync<int>(0);
        context.Heartbeat(41);
        throw new ApplicationFailureException("first attempt");
    }

    /// <summary>Sets the delay until its next attempt.</summary>
    [Activity]
    public static int ComeBackInAnHour() => ActivityExecutionContext.Current.Info.Attempt > 1
        ? ActivityExecutionContext.Current.Info.Attempt
        : throw new ApplicationFailureException("later", nextRetryDelay: TimeSpan.FromHours(1));

    /// <summary>Leaves the activity open: a client completes it.</summary>
    [Activity]
    public static string LeaveOpen() => throw new CompleteAsyncException();
}

/// <summary>Runs an activity by name; returns its result and its duration.</summary>
[Workflow]
public class AttemptWorkflow
{
    public sealed record Answer(string Text, TimeSpan Took);

    [WorkflowRun]
    public async Task<Answer> RunAsync(string activity)
    {
        var start = Workflow.UtcNow;
        var options = new ActivityOptions { StartToCloseTimeout = TimeSpan.FromDays(2), ActivityId = "the-activity" };
        var text = activity == nameof(AttemptActivities.LeaveOpen)
            ? await Workflow.ExecuteActivityAsync(() => AttemptActivities.LeaveOpen(), options)
            : $"{await Workflow.ExecuteActivityAsync<int>(activity, [], options)}";
        return new(text, Workflow.UtcNow - start);
    }
}

/// <summary>Runs by a cron schedule and counts in what it hands to its next run.</summary>
[Workflow]
public class TickingWorkflow
{
    [WorkflowRun]
    public Task<int> RunAsync() => Task.FromResult(
        Workflow.Info.LastResult is { Count: > 0 }
            ? Workflow.PayloadConverter.ToValue<int>(Workflow.Info.LastResult.First()) + 1
            : 1);
}

/// <summary>Continues as new on a signal; an update that comes before the next run is that run's.</summary>
[Workflow]
public class RelayWorkflow
{
    private readonly int _run;
    private bool _next;

    [WorkflowInit]
    public RelayWorkflow(int run) => _run = run;

    [WorkflowRun]
    public async Task<int> RunAsync(int run)
    {
        await Workflow.WaitConditionAsync(() => _next);
        return _run >= 3 ? _run : throw Workflow.CreateContinueAsNewException((RelayWorkflow w) => w.RunAsync(run + 1));
    }

    [WorkflowSignal]
    public Task NextAsync()
    {
        _next = true;
        return Task.CompletedTask;
    }

    [WorkflowUpdate]
    public Task<int> WhichAsync() => Task.FromResult(_run);
}

/// <summary>Asks for more than a server gives: payloads and histories that are too large.</summary>
[Workflow]
public class GreedyWorkflow
{
    [WorkflowRun]
    public async Task<string> RunAsync(int bytes, int markers)
    {
        for (var i = 0; i < markers; i++)
        {
            Workflow.UpsertMemo(MemoUpdate.ValueSet("step", i));
            await Workflow.DelayAsync(TimeSpan.FromMilliseconds(1));
        }
        return new('x', bytes);
    }
}
