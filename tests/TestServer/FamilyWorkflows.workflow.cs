using Temporalio.Exceptions;
using Temporalio.Workflows;

namespace Nstance.Temporal.Tests.TestServer;

/// <summary>Starts a mailbox as its child under a policy, and ends.</summary>
[Workflow]
public class LeavingParentWorkflow
{
    [WorkflowRun]
    public async Task RunAsync(string childId, ParentClosePolicy policy) => await Workflow.StartChildWorkflowAsync(
        (MailboxWorkflow w) => w.RunAsync(), new() { Id = childId, ParentClosePolicy = policy });
}

/// <summary>Starts a child whose id is in use, and says how that failed.</summary>
[Workflow]
public class RivalParentWorkflow
{
    [WorkflowRun]
    public async Task<string> RunAsync(string childId)
    {
        try
        {
            await Workflow.ExecuteChildWorkflowAsync((MailboxWorkflow w) => w.RunAsync(), new() { Id = childId });
            return "started";
        }
        catch (WorkflowAlreadyStartedException)
        {
            return "already started";
        }
    }
}

/// <summary>Signals and cancels a workflow that is not its child.</summary>
[Workflow]
public class NeighbourWorkflow
{
    [WorkflowRun]
    public async Task<string> RunAsync(string id)
    {
        var other = Workflow.GetExternalWorkflowHandle<MailboxWorkflow>(id);
        try
        {
            await other.SignalAsync(w => w.AddAsync("from outside"));
            await other.CancelAsync();
            return "done";
        }
        catch (ApplicationFailureException e)
        {
            return e.ErrorType ?? e.Message;
        }
    }
}

/// <summary>Fails the given number of times, by the server's count of attempts.</summary>
[Workflow]
public class StumblingWorkflow
{
    [WorkflowRun]
    public Task<int> RunAsync(int failures) => Workflow.Info.Attempt > failures
        ? Task.FromResult(Workflow.Info.Attempt)
        : throw new ApplicationFailureException("stumbled");
}
