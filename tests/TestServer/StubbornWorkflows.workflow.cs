using Temporalio.Exceptions;
using Temporalio.Workflows;

namespace Nstance.Temporal.Tests.TestServer;

/// <summary>Fails the workflow task, not the update, by what its handlers throw.</summary>
[Workflow]
public class BrokenHandlersWorkflow
{
    private bool _done;

    [WorkflowRun]
    public Task RunAsync() => Workflow.WaitConditionAsync(() => _done);

    [WorkflowUpdate]
    public Task ThrowAsync() => throw new InvalidOperationException("the handler is broken");

    [WorkflowUpdate]
    public Task FinishAsync()
    {
        _done = true;
        return Task.CompletedTask;
    }
}

/// <summary>Signals its own id as an external workflow, and says how that ended.</summary>
[Workflow]
public class SelfSignallingWorkflow
{
    [WorkflowRun]
    public async Task<string> RunAsync()
    {
        try
        {
            await Workflow.GetExternalWorkflowHandle(Workflow.Info.WorkflowId).SignalAsync("any", []);
            return "signaled";
        }
        catch (ApplicationFailureException e)
        {
            return e.Message;
        }
    }

    [WorkflowSignal]
    public Task AnyAsync() => Task.CompletedTask;
}

/// <summary>
/// Reports the build id of its first task, from the first worker and again from the worker that replays it.
/// </summary>
[Workflow]
public class BuildIdWorkflow
{
    private string _first = "";
    private bool _done;

    [WorkflowRun]
    public async Task<string> RunAsync()
    {
        _first = Workflow.CurrentBuildId;
        await Workflow.WaitConditionAsync(() => _done);
        return $"{_first} {Workflow.CurrentBuildId}";
    }

    [WorkflowSignal]
    public Task FinishAsync()
    {
        _done = true;
        return Task.CompletedTask;
    }

    [WorkflowQuery]
    public string First() => _first;
}

/// <summary>
/// Runs an activity that fails or hangs within a schedule-to-close timeout too short for a second attempt.
/// </summary>
[Workflow]
public class HurriedWorkflow
{
    public sealed record Ending(string Type, string Message, RetryState Retry);

    [WorkflowRun]
    public async Task<Ending> RunAsync(bool hangs)
    {
        try
        {
            var activity = hangs ? nameof(SlowActivities.Hang) : nameof(BasicActivities.FailUntil);
            await Workflow.ExecuteActivityAsync(activity, hangs ? [] : [9], new()
            {
                StartToCloseTimeout = TimeSpan.FromMilliseconds(300),
                ScheduleToCloseTimeout = TimeSpan.FromSeconds(5),
                RetryPolicy = new() { InitialInterval = TimeSpan.FromSeconds(30) },
            });
            return new("", "", RetryState.Unspecified);
        }
        catch (ActivityFailureException e)
        {
            var type = e.InnerException is TimeoutFailureException timeout
                ? $"{timeout.TimeoutType}"
                : e.InnerException!.GetType().Name;
            return new(type, e.InnerException!.Message, (RetryState)e.RetryState);
        }
    }

    public enum RetryState
    {
        Unspecified = 0,
        InProgress = 1,
        NonRetryableFailure = 2,
        Timeout = 3,
        MaximumAttemptsReached = 4,
    }
}
