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
