using Temporalio.Activities;
using Temporalio.Exceptions;
using Temporalio.Workflows;

namespace Nstance.Temporal.Tests.TestServer;

public static class BasicActivities
{
    [Activity]
    public static string Greet(string name) => $"Hello, {name}";

    [Activity]
    public static int FailUntil(int attempt) =>
        ActivityExecutionContext.Current.Info.Attempt >= attempt
            ? ActivityExecutionContext.Current.Info.Attempt
            : throw new ApplicationFailureException("not yet");

    [Activity]
    public static async Task HeartbeatUntilCancelled()
    {
        var context = ActivityExecutionContext.Current;
        while (!context.CancellationToken.IsCancellationRequested)
        {
            context.Heartbeat(1);
            await Task.Delay(20);
        }
        context.CancellationToken.ThrowIfCancellationRequested();
    }
}

[Workflow]
public class GreetingWorkflow
{
    [WorkflowRun]
    public Task<string> RunAsync(string name) => Workflow.ExecuteActivityAsync(
        () => BasicActivities.Greet(name), new() { StartToCloseTimeout = TimeSpan.FromSeconds(30) });
}

[Workflow]
public class RetryingWorkflow
{
    [WorkflowRun]
    public Task<int> RunAsync(int attempt) => Workflow.ExecuteActivityAsync(
        () => BasicActivities.FailUntil(attempt), new() { StartToCloseTimeout = TimeSpan.FromMinutes(1) });
}

[Workflow]
public class SleepingWorkflow
{
    [WorkflowRun]
    public async Task<TimeSpan> RunAsync(TimeSpan howLong)
    {
        var start = Workflow.UtcNow;
        await Workflow.DelayAsync(howLong);
        return Workflow.UtcNow - start;
    }
}

[Workflow]
public class CountingWorkflow
{
    [WorkflowRun]
    public async Task<int> RunAsync(int left, int total)
    {
        if (left == 0)
            return total;
        await Workflow.ExecuteActivityAsync(
            () => BasicActivities.Greet("x"), new() { StartToCloseTimeout = TimeSpan.FromMinutes(1) });
        throw Workflow.CreateContinueAsNewException((CountingWorkflow w) => w.RunAsync(left - 1, total + 1));
    }
}

[Workflow]
public class MailboxWorkflow
{
    private readonly List<string> _seen = [];
    private bool _done;

    [WorkflowRun]
    public async Task<List<string>> RunAsync()
    {
        await Workflow.WaitConditionAsync(() => _done && Workflow.AllHandlersFinished);
        return _seen;
    }

    [WorkflowSignal]
    public Task AddAsync(string text)
    {
        _seen.Add(text);
        return Task.CompletedTask;
    }

    [WorkflowUpdate]
    public async Task<int> PutAsync(string text)
    {
        await Workflow.DelayAsync(TimeSpan.FromMilliseconds(1));
        _seen.Add(text);
        return _seen.Count;
    }

    [WorkflowUpdateValidator(nameof(PutAsync))]
    public void ValidatePut(string text)
    {
        if (text.Length == 0)
            throw new ApplicationFailureException("empty");
    }

    [WorkflowUpdate]
    public Task FinishAsync()
    {
        _done = true;
        return Task.CompletedTask;
    }

    [WorkflowQuery]
    public int Count() => _seen.Count;
}

[Workflow]
public class ParentWorkflow
{
    [WorkflowRun]
    public async Task<string> RunAsync(string childId)
    {
        var child = await Workflow.StartChildWorkflowAsync(
            (MailboxWorkflow w) => w.RunAsync(), new() { Id = childId });
        await child.SignalAsync(w => w.AddAsync("from parent"));
        var quick = await Workflow.ExecuteChildWorkflowAsync((GreetingWorkflow w) => w.RunAsync("child"));
        return quick;
    }
}

[Workflow]
public class CancellableWorkflow
{
    [WorkflowRun]
    public async Task RunAsync() => await Workflow.ExecuteActivityAsync(
        () => BasicActivities.HeartbeatUntilCancelled(),
        new()
        {
            StartToCloseTimeout = TimeSpan.FromMinutes(5),
            // Long: on a busy machine a second passes between two heartbeats. The worker sends them often all the same.
            HeartbeatTimeout = TimeSpan.FromSeconds(30),
            CancellationType = ActivityCancellationType.WaitCancellationCompleted,
        });
}

/// <summary>Writes markers: a patch, and a local activity.</summary>
[Workflow]
public class MarkingWorkflow
{
    [WorkflowRun]
    public async Task<string> RunAsync() => Workflow.Patched("greets")
        ? await Workflow.ExecuteLocalActivityAsync(
            () => BasicActivities.Greet("marker"), new() { StartToCloseTimeout = TimeSpan.FromMinutes(1) })
        : "";
}
