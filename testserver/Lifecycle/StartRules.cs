using Google.Protobuf;
using Nstance.Temporal.TestServer.Binding;
using Nstance.Temporal.TestServer.Engine;
using Temporalio.Api.Enums.V1;
using Temporalio.Api.WorkflowService.V1;

namespace Nstance.Temporal.TestServer.Lifecycle;

/// <summary>What a start request must be.</summary>
internal static class StartRules
{
    private const string ReservedQueues = "/_sys/";

    public static void Check(ServerEngine engine, StartWorkflowExecutionRequest request)
    {
        engine.Namespaces.Require(request.Namespace);
        Id(engine, request.WorkflowId, "WorkflowId");
        Id(engine, request.WorkflowType?.Name ?? "", "WorkflowType");
        Id(engine, request.TaskQueue?.Name ?? "", "TaskQueue");
        if (request.RequestId.Length > engine.Limits.IdLength)
            throw Fault.InvalidArgument("RequestId length exceeds limit.");
        Size(engine, request.Input, "WorkflowExecutionStarted input");
        if (request.Memo is { } memo && memo.CalculateSize() > engine.Limits.MemoSize)
            throw Fault.InvalidArgument("Memo exceeds size limit.");
        if (request.CronSchedule.Length > 0)
        {
            if (RunStarter.Some(request.WorkflowStartDelay) != null)
                throw Fault.InvalidArgument("CronSchedule and WorkflowStartDelay may not be used together.");
            CronTick.Validate(request.CronSchedule);
        }
        Queue(request.TaskQueue!.Name);
        foreach (var timeout in new[]
        {
            request.WorkflowExecutionTimeout,
            request.WorkflowRunTimeout,
            request.WorkflowTaskTimeout,
            request.WorkflowStartDelay,
        })
        {
            if (timeout is { Seconds: < 0 } or { Nanos: < 0 })
                throw Fault.InvalidArgument("A timeout or delay of the request is negative.");
        }
        if (request.RetryPolicy is { MaximumAttempts: < 0 } or { BackoffCoefficient: < 1 and not 0 })
            throw Fault.InvalidArgument("Invalid retry policy: MaximumAttempts < 0 or BackoffCoefficient < 1.");
        IdPolicies(request);
        if (engine.SearchAttributes.Problem(request.Namespace, request.SearchAttributes) is { } problem)
            throw Fault.InvalidArgument(problem);
    }

    private static void IdPolicies(StartWorkflowExecutionRequest request)
    {
        if (request.WorkflowIdReusePolicy == WorkflowIdReusePolicy.TerminateIfRunning
            && request.WorkflowIdConflictPolicy != WorkflowIdConflictPolicy.Unspecified)
        {
            throw Fault.InvalidArgument(
                "Invalid WorkflowIDReusePolicy: WORKFLOW_ID_REUSE_POLICY_TERMINATE_IF_RUNNING "
                + "cannot be used together with a WorkflowIDConflictPolicy.");
        }
        if (request.WorkflowIdReusePolicy == WorkflowIdReusePolicy.RejectDuplicate
            && request.WorkflowIdConflictPolicy == WorkflowIdConflictPolicy.TerminateExisting)
        {
            throw Fault.InvalidArgument(
                "Invalid WorkflowIDReusePolicy: WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE "
                + "cannot be used together with WorkflowIdConflictPolicy "
                + "WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING.");
        }
    }

    /// <summary>Refuses names that the server keeps for the parts of a queue.</summary>
    public static void Queue(string name)
    {
        if (name.StartsWith(ReservedQueues, StringComparison.Ordinal))
            throw Fault.InvalidArgument($"task queue name cannot start with reserved prefix {ReservedQueues}");
    }

    public static void Id(ServerEngine engine, string value, string what)
    {
        if (value.Length == 0)
            throw Fault.InvalidArgument($"{what} is not set on request.");
        if (value.Length > engine.Limits.IdLength)
            throw Fault.InvalidArgument($"{what} length exceeds limit.");
    }

    public static void Size(ServerEngine engine, IMessage? payloads, string what)
    {
        if (payloads?.CalculateSize() > engine.Limits.BlobSize)
            throw Fault.InvalidArgument($"Blob data size exceeds limit: {what}.");
    }

    public static bool MayReuse(WorkflowIdReusePolicy policy, WorkflowExecutionStatus last) => policy switch
    {
        WorkflowIdReusePolicy.RejectDuplicate => false,
        WorkflowIdReusePolicy.AllowDuplicateFailedOnly => last is not WorkflowExecutionStatus.Completed,
        _ => true,
    };
}
