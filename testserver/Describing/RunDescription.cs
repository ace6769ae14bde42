using Google.Protobuf.WellKnownTypes;
using Nstance.Temporal.TestServer.Children;
using Nstance.Temporal.TestServer.Engine;
using Nstance.Temporal.TestServer.Runs;
using Temporalio.Api.Enums.V1;
using Temporalio.Api.Workflow.V1;
using Temporalio.Api.WorkflowService.V1;

namespace Nstance.Temporal.TestServer.Describing;

/// <summary>What describe and list show of a run.</summary>
internal sealed class RunDescription
{
    private readonly ServerEngine _engine;

    public RunDescription(ServerEngine engine)
    {
        _engine = engine;
        engine.Rpc.Add<DescribeWorkflowExecutionRequest, DescribeWorkflowExecutionResponse>(
            "DescribeWorkflowExecution", Describe);
    }

    public static WorkflowExecutionInfo Info(WorkflowRun run)
    {
        var info = new WorkflowExecutionInfo
        {
            Execution = run.Execution,
            Type = new() { Name = run.WorkflowType },
            StartTime = Timestamp.FromDateTimeOffset(run.StartTime),
            ExecutionTime = Timestamp.FromDateTimeOffset(run.ExecutionTime),
            CloseTime = run.CloseTime is { } closed ? Timestamp.FromDateTimeOffset(closed) : null,
            ExecutionDuration = run.CloseTime is { } end ? Duration.FromTimeSpan(end - run.ExecutionTime) : null,
            Status = run.Status,
            HistoryLength = run.Events.Count,
            HistorySizeBytes = run.HistorySize,
            ParentExecution = run.Started.ParentWorkflowExecution,
            ParentNamespaceId = run.Started.ParentWorkflowNamespaceId,
            RootExecution = run.Started.RootWorkflowExecution ?? run.Execution,
            TaskQueue = run.TaskQueue,
            FirstRunId = run.FirstRunId,
            StateTransitionCount = run.Events.Count,
            Memo = new(),
            SearchAttributes = new(),
            Priority = run.Started.Priority,
        };
        info.Memo.Fields.Add(run.Memo);
        info.SearchAttributes.IndexedFields.Add(run.SearchAttributes);
        return info;
    }

    private DescribeWorkflowExecutionResponse Describe(DescribeWorkflowExecutionRequest request)
    {
        using var _ = _engine.Enter();
        var run = _engine.Runs.Get(request.Namespace, request.Execution);
        var answer = new DescribeWorkflowExecutionResponse
        {
            WorkflowExecutionInfo = Info(run),
            ExecutionConfig = new()
            {
                TaskQueue = new() { Name = run.TaskQueue, Kind = TaskQueueKind.Normal },
                WorkflowExecutionTimeout = run.Started.WorkflowExecutionTimeout ?? new Duration(),
                WorkflowRunTimeout = run.Started.WorkflowRunTimeout ?? new Duration(),
                DefaultWorkflowTaskTimeout = run.Started.WorkflowTaskTimeout,
                UserMetadata = run.UserMetadata,
            },
            WorkflowExtendedInfo = new()
            {
                CancelRequested = run.CancelRequested,
                OriginalStartTime = run.Events[0].EventTime,
                ResetRunId = run.ResetRunId ?? "",
                LastResetTime = run.IsReset ? Timestamp.FromDateTimeOffset(run.StartTime) : null,
                RunExpirationTime = run.RunExpiration is { } at ? Timestamp.FromDateTimeOffset(at) : null,
                ExecutionExpirationTime = run.ExecutionExpiration is { } end ? Timestamp.FromDateTimeOffset(end) : null,
            },
        };
        answer.WorkflowExecutionInfo.AutoResetPoints = new()
        {
            Points = { run.ResetPoints.Select(each => each.Clone()) },
        };
        if (!run.IsOpen)
            return answer;
        answer.PendingActivities.Add(
            run.Activities.Values.Select(each => ActivityDescription.Of(each, _engine.Clock.Now)));
        answer.PendingChildren.Add(run.Children.Values.Where(each => each.Run != null).Select(Pending));
        if (run.Task is { } task)
        {
            answer.PendingWorkflowTask = new()
            {
                State = task.IsStarted ? PendingWorkflowTaskState.Started : PendingWorkflowTaskState.Scheduled,
                ScheduledTime = Timestamp.FromDateTimeOffset(task.ScheduledTime),
                OriginalScheduledTime = Timestamp.FromDateTimeOffset(task.ScheduledTime),
                StartedTime = task.IsStarted ? Timestamp.FromDateTimeOffset(task.StartedTime) : null,
                Attempt = task.Attempt,
            };
        }
        return answer;
    }

    private static PendingChildExecutionInfo Pending(PendingChild child) => new()
    {
        WorkflowId = child.Initiated.WorkflowId,
        RunId = child.Run!.RunId,
        WorkflowTypeName = child.Initiated.WorkflowType.Name,
        InitiatedId = child.InitiatedEventId,
        ParentClosePolicy = child.Initiated.ParentClosePolicy,
    };
}
