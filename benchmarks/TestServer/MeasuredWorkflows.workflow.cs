using Nstance.Temporal.TestServer.Runs;
using Temporalio.Activities;
using Temporalio.Workflows;

namespace Nstance.Temporal.Benchmarks.TestServer;

/// <summary>The smallest activity there is.</summary>
public static class MeasuredActivities
{
    /// <summary>Answers what it was asked.</summary>
    [Activity]
    public static int Echo(int value) => value;
}

/// <summary>One activity, as most workflows have at least.</summary>
[Workflow]
public class OneActivityWorkflow
{
    /// <summary>Runs the activity once.</summary>
    [WorkflowRun]
    public Task<int> RunAsync(int value) => Workflow.ExecuteActivityAsync(
        () => MeasuredActivities.Echo(value), new() { StartToCloseTimeout = TimeSpan.FromMinutes(1) });
}

/// <summary>One timer.</summary>
[Workflow]
public class OneTimerWorkflow
{
    /// <summary>Sleeps.</summary>
    [WorkflowRun]
    public Task RunAsync(TimeSpan howLong) => Workflow.DelayAsync(howLong);
}

/// <summary>A loop of timers that continues as new whenever the server suggests it.</summary>
[Workflow]
public class TimerLoopWorkflow
{
    /// <summary>Sleeps <paramref name="left"/> times two minutes.</summary>
    [WorkflowRun]
    public async Task<int> RunAsync(int left, int runs)
    {
        for (; left > 0; left--)
        {
            if (Workflow.ContinueAsNewSuggested)
                throw Workflow.CreateContinueAsNewException((TimerLoopWorkflow w) => w.RunAsync(left, runs + 1));
            await Workflow.DelayAsync(TimeSpan.FromMinutes(2));
        }
        return runs;
    }
}

/// <summary>What a collector does when there is nothing to collect: four activities in sequence and a timer, again and again.</summary>
[Workflow]
public class QuietCyclesWorkflow
{
    /// <summary>Runs <paramref name="left"/> cycles.</summary>
    [WorkflowRun]
    public async Task RunAsync(int left)
    {
        for (; left > 0; left--)
        {
            if (Workflow.ContinueAsNewSuggested)
                throw Workflow.CreateContinueAsNewException((QuietCyclesWorkflow w) => w.RunAsync(left));
            for (var phase = 0; phase < 4; phase++)
            {
                await Workflow.ExecuteActivityAsync(
                    () => MeasuredActivities.Echo(phase), new() { StartToCloseTimeout = TimeSpan.FromMinutes(1) });
            }
            await Workflow.DelayAsync(TimeSpan.FromMinutes(2));
        }
    }
}

/// <summary>Stays open until it is told to end.</summary>
[Workflow]
public class OpenWorkflow
{
    private bool _ends;

    /// <summary>Waits.</summary>
    [WorkflowRun]
    public Task RunAsync() => Workflow.WaitConditionAsync(() => _ends);

    /// <summary>Whether it is about to end.</summary>
    [WorkflowQuery]
    public bool Ends() => _ends;

    /// <summary>Ends it.</summary>
    [WorkflowSignal]
    public Task EndAsync()
    {
        _ends = true;
        return Task.CompletedTask;
    }
}
