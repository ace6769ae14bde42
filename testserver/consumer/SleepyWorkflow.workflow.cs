using Temporalio.Workflows;

/// <summary>Sleeps for thirty days, and says how long that took.</summary>
[Workflow]
public class SleepyWorkflow
{
    /// <summary>Sleeps.</summary>
    /// <returns>The time that passed for the workflow.</returns>
    [WorkflowRun]
    public async Task<TimeSpan> RunAsync()
    {
        var start = Workflow.UtcNow;
        await Workflow.DelayAsync(TimeSpan.FromDays(30));
        return Workflow.UtcNow - start;
    }
}
