using Temporalio.Exceptions;
using Temporalio.Workflows;

namespace Nstance.Temporal.Tests.TestServer;

/// <summary>Returns its workflow id.</summary>
[Workflow]
public sealed class TickWorkflow
{
    [WorkflowRun]
    public Task<string> RunAsync() => Task.FromResult(Workflow.Info.WorkflowId);
}

/// <summary>Runs until it gets its signal, or is cancelled.</summary>
[Workflow]
public sealed class LongWorkflow
{
    private bool _ended;

    [WorkflowRun]
    public Task RunAsync() => Workflow.WaitConditionAsync(() => _ended);

    [WorkflowSignal]
    public Task EndAsync()
    {
        _ended = true;
        return Task.CompletedTask;
    }
}

/// <summary>Fails.</summary>
[Workflow]
public sealed class FailingTickWorkflow
{
    [WorkflowRun]
    public Task RunAsync() => throw new ApplicationFailureException("out of luck");
}
