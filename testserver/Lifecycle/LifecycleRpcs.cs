using Nstance.Temporal.TestServer.Binding;
using Nstance.Temporal.TestServer.Engine;
using Nstance.Temporal.TestServer.Runs;
using Temporalio.Api.Common.V1;
using Temporalio.Api.Enums.V1;
using Temporalio.Api.WorkflowService.V1;

namespace Nstance.Temporal.TestServer.Lifecycle;

/// <summary>The RPCs of <see cref="RunLifecycle"/>.</summary>
internal sealed class LifecycleRpcs
{
    private readonly ServerEngine _engine;

    public LifecycleRpcs(ServerEngine engine)
    {
        _engine = engine;
        engine.Rpc.Add<StartWorkflowExecutionRequest, StartWorkflowExecutionResponse>("StartWorkflowExecution", Start);
        engine.Rpc.Add<SignalWithStartWorkflowExecutionRequest, SignalWithStartWorkflowExecutionResponse>(
            "SignalWithStartWorkflowExecution", SignalWithStart);
        engine.Rpc.Add<SignalWorkflowExecutionRequest, SignalWorkflowExecutionResponse>(
            "SignalWorkflowExecution", Signal);
        engine.Rpc.Add<RequestCancelWorkflowExecutionRequest, RequestCancelWorkflowExecutionResponse>(
            "RequestCancelWorkflowExecution", Cancel);
        engine.Rpc.Add<TerminateWorkflowExecutionRequest, TerminateWorkflowExecutionResponse>(
            "TerminateWorkflowExecution", Terminate);
        engine.Rpc.Add<DeleteWorkflowExecutionRequest, DeleteWorkflowExecutionResponse>(
            "DeleteWorkflowExecution", Delete);
    }

    private StartWorkflowExecutionResponse Start(StartWorkflowExecutionRequest request)
    {
        using var _ = _engine.Enter();
        var (run, started) = _engine.Lifecycle.Start(request);
        return new()
        {
            RunId = run.RunId,
            FirstExecutionRunId = run.FirstRunId,
            Started = started,
            Status = run.Status,
        };
    }

    private SignalWithStartWorkflowExecutionResponse SignalWithStart(SignalWithStartWorkflowExecutionRequest request)
    {
        using var _ = _engine.Enter();
        StartRules.Id(_engine, request.SignalName, "SignalName");
        StartRules.Size(_engine, request.SignalInput, "WorkflowExecutionSignaled input");
        var terminates = request.WorkflowIdConflictPolicy == WorkflowIdConflictPolicy.TerminateExisting
            || request.WorkflowIdReusePolicy == WorkflowIdReusePolicy.TerminateIfRunning;
        var start = ToStart(request);
        StartRules.Check(_engine, start);
        if (!terminates && _engine.Runs.Current(request.Namespace, request.WorkflowId) is { IsOpen: true } open)
        {
            if (request.WorkflowIdConflictPolicy == WorkflowIdConflictPolicy.Fail)
                throw Fault.AlreadyStarted(open.RunId, open.RequestId, open.FirstRunId);
            _engine.Lifecycle.Signal(
                open, request.SignalName, request.SignalInput, request.Header, request.Identity, request.RequestId);
            // A signal alone ends no wait for the first task, whatever the API's comments say; this does
            // (server 1.30.4 and its source).
            if (open.FirstTaskBackoff != null)
                _engine.Starter.EndBackoff(open);
            return new() { RunId = open.RunId, FirstExecutionRunId = open.FirstRunId };
        }
        var (run, started) = _engine.Lifecycle.Start(start, fresh => _engine.Lifecycle.Signal(
            fresh, request.SignalName, request.SignalInput, request.Header, request.Identity, request.RequestId));
        return new() { RunId = run.RunId, FirstExecutionRunId = run.FirstRunId, Started = started };
    }

    private static StartWorkflowExecutionRequest ToStart(SignalWithStartWorkflowExecutionRequest request) => new()
    {
        Namespace = request.Namespace,
        WorkflowId = request.WorkflowId,
        WorkflowType = request.WorkflowType,
        TaskQueue = request.TaskQueue,
        Input = request.Input,
        WorkflowExecutionTimeout = request.WorkflowExecutionTimeout,
        WorkflowRunTimeout = request.WorkflowRunTimeout,
        WorkflowTaskTimeout = request.WorkflowTaskTimeout,
        Identity = request.Identity,
        RequestId = request.RequestId,
        WorkflowIdReusePolicy = request.WorkflowIdReusePolicy,
        WorkflowIdConflictPolicy = request.WorkflowIdConflictPolicy,
        RetryPolicy = request.RetryPolicy,
        CronSchedule = request.CronSchedule,
        Memo = request.Memo,
        SearchAttributes = request.SearchAttributes,
        Header = request.Header,
        WorkflowStartDelay = request.WorkflowStartDelay,
        UserMetadata = request.UserMetadata,
        Priority = request.Priority,
    };

    private SignalWorkflowExecutionResponse Signal(SignalWorkflowExecutionRequest request)
    {
        using var _ = _engine.Enter();
        StartRules.Id(_engine, request.SignalName, "SignalName");
        StartRules.Size(_engine, request.Input, "WorkflowExecutionSignaled input");
        var run = Open(request.Namespace, request.WorkflowExecution, "");
        _engine.Lifecycle.Signal(
            run, request.SignalName, request.Input, request.Header, request.Identity, request.RequestId);
        return new();
    }

    private RequestCancelWorkflowExecutionResponse Cancel(RequestCancelWorkflowExecutionRequest request)
    {
        using var _ = _engine.Enter();
        var run = _engine.Runs.Get(request.Namespace, request.WorkflowExecution);
        CheckChain(run, request.FirstExecutionRunId);
        // Cancelling a closed run succeeds and does nothing.
        _engine.Lifecycle.RequestCancel(run, request.Reason, request.Identity);
        return new();
    }

    private TerminateWorkflowExecutionResponse Terminate(TerminateWorkflowExecutionRequest request)
    {
        using var _ = _engine.Enter();
        var run = Open(request.Namespace, request.WorkflowExecution, request.FirstExecutionRunId);
        _engine.Lifecycle.Terminate(run, request.Reason, request.Details, request.Identity);
        return new();
    }

    private DeleteWorkflowExecutionResponse Delete(DeleteWorkflowExecutionRequest request)
    {
        using var _ = _engine.Enter();
        var run = _engine.Runs.Get(request.Namespace, request.WorkflowExecution);
        _engine.Lifecycle.Delete(run);
        return new();
    }

    private WorkflowRun Open(string ns, WorkflowExecution? execution, string firstRunId)
    {
        var run = _engine.Runs.Get(ns, execution);
        CheckChain(run, firstRunId);
        return run.IsOpen ? run : throw Fault.NotFound("workflow execution already completed");
    }

    private static void CheckChain(WorkflowRun run, string firstRunId)
    {
        if (firstRunId.Length > 0 && run.FirstRunId != firstRunId)
            throw Fault.RunNotFound(run.WorkflowId);
    }
}
