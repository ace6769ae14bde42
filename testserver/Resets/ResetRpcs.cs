using Nstance.Temporal.TestServer.Binding;
using Nstance.Temporal.TestServer.Engine;
using Nstance.Temporal.TestServer.Lifecycle;
using Temporalio.Api.Enums.V1;
using Temporalio.Api.WorkflowService.V1;

namespace Nstance.Temporal.TestServer.Resets;

/// <summary>The RPC of <see cref="RunResetter"/>.</summary>
internal sealed class ResetRpcs
{
    private readonly ServerEngine _engine;

    public ResetRpcs(ServerEngine engine)
    {
        _engine = engine;
        engine.Rpc.Add<ResetWorkflowExecutionRequest, ResetWorkflowExecutionResponse>("ResetWorkflowExecution", Reset);
    }

    /// <summary>What is not repeated, by the newer list and by the older single choice.</summary>
    public static HashSet<ResetReapplyExcludeType> Excluded(
        IEnumerable<ResetReapplyExcludeType> excluded, ResetReapplyType included)
    {
        var all = excluded.ToHashSet();
        if (included is ResetReapplyType.Signal or ResetReapplyType.None)
            all.Add(ResetReapplyExcludeType.Update);
        if (included == ResetReapplyType.None)
            all.Add(ResetReapplyExcludeType.Signal);
        return all;
    }

    private ResetWorkflowExecutionResponse Reset(ResetWorkflowExecutionRequest request)
    {
        using var _ = _engine.Enter();
        StartRules.Id(_engine, request.RequestId, "RequestId");
        if (request.PostResetOperations.Count > 0)
            throw Fault.Unimplemented("post reset operations");
        var run = _engine.Runs.Get(request.Namespace, request.WorkflowExecution);
        var known = "reset/" + request.RequestId;
        if (_engine.Runs.Current(run.Namespace, run.WorkflowId) is { } current && current.RequestIds.Contains(known))
            return new() { RunId = current.RunId };
        var made = _engine.Resetter.Reset(
            run,
            request.WorkflowTaskFinishEventId,
            request.Reason,
            Excluded(request.ResetReapplyExcludeTypes, request.ResetReapplyType));
        made.RequestIds.Add(known);
        return new() { RunId = made.RunId };
    }
}
