using Google.Protobuf.WellKnownTypes;
using Nstance.Temporal.TestServer.Binding;
using Nstance.Temporal.TestServer.Engine;
using Nstance.Temporal.TestServer.Lifecycle;
using Temporalio.Api.Enums.V1;
using Temporalio.Api.Schedule.V1;
using Temporalio.Api.Workflow.V1;
using Temporalio.Api.WorkflowService.V1;

namespace Nstance.Temporal.TestServer.Schedules;

/// <summary>What a schedule must be, and its defaults.</summary>
internal static class ScheduleRules
{
    // The real server's: a year of catching up unless said otherwise, never less than ten seconds.
    private static readonly TimeSpan DefaultCatchup = TimeSpan.FromDays(365);
    private static readonly TimeSpan MinCatchup = TimeSpan.FromSeconds(10);
    private const string Stamp = "-2009-11-10T23:00:00Z";

    /// <summary>The schedule with its defaults filled in, and its spec ready for use.</summary>
    /// <exception cref="Grpc.Core.RpcException">INVALID_ARGUMENT; the message names the fault.</exception>
    public static (Schedule Schedule, CompiledSpec Spec) Check(ServerEngine engine, string ns, Schedule? asked)
    {
        var schedule = asked?.Clone() ?? new();
        schedule.Spec ??= new();
        schedule.Policies ??= new();
        schedule.State ??= new();
        if (schedule.Policies.OverlapPolicy == ScheduleOverlapPolicy.Unspecified)
            schedule.Policies.OverlapPolicy = ScheduleOverlapPolicy.Skip;
        var catchup = RunStarter.Some(schedule.Policies.CatchupWindow) ?? DefaultCatchup;
        schedule.Policies.CatchupWindow =
            Duration.FromTimeSpan(catchup < MinCatchup ? MinCatchup : catchup);
        if (schedule.Action?.StartWorkflow is not { } start)
            throw Fault.InvalidArgument("Schedule action is not set: only StartWorkflow is supported.");
        if (start.CronSchedule.Length > 0)
            throw Fault.InvalidArgument("CronSchedule is not allowed in the workflow of a schedule.");
        if (start.WorkflowIdReusePolicy
            is not (WorkflowIdReusePolicy.Unspecified or WorkflowIdReusePolicy.AllowDuplicate))
        {
            throw Fault.InvalidArgument("Only the workflow id reuse policy AllowDuplicate is allowed in a schedule.");
        }
        StartRules.Check(engine, Request(ns, start, Stamp));
        var spec = Compile(schedule.Spec);
        schedule.Spec = spec.Canonical;
        return (schedule, spec);
    }

    private static CompiledSpec Compile(ScheduleSpec spec)
    {
        try
        {
            return new(spec);
        }
        catch (Values.InvalidInputException fault)
        {
            throw Fault.InvalidArgument("Invalid schedule spec: " + fault.Message);
        }
    }

    /// <summary>A start of the schedule's workflow, with <paramref name="suffix"/> behind its id.</summary>
    public static StartWorkflowExecutionRequest Request(string ns, NewWorkflowExecutionInfo info, string suffix)
    {
        var start = info.Clone();
        return new()
        {
            Namespace = ns,
            // An absent id must stay absent, so that it is refused.
            WorkflowId = start.WorkflowId.Length == 0 ? "" : start.WorkflowId + suffix,
            WorkflowType = start.WorkflowType,
            TaskQueue = start.TaskQueue,
            Input = start.Input,
            WorkflowExecutionTimeout = start.WorkflowExecutionTimeout,
            WorkflowRunTimeout = start.WorkflowRunTimeout,
            WorkflowTaskTimeout = start.WorkflowTaskTimeout,
            WorkflowIdReusePolicy = WorkflowIdReusePolicy.AllowDuplicate,
            RetryPolicy = start.RetryPolicy,
            Memo = start.Memo,
            SearchAttributes = start.SearchAttributes,
            Header = start.Header,
            UserMetadata = start.UserMetadata,
            Priority = start.Priority,
        };
    }
}
