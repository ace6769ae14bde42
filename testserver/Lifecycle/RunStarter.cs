using Google.Protobuf.WellKnownTypes;
using Nstance.Temporal.TestServer.Engine;
using Nstance.Temporal.TestServer.Resets;
using Nstance.Temporal.TestServer.Runs;
using Temporalio.Api.Common.V1;
using Temporalio.Api.Enums.V1;
using Temporalio.Api.History.V1;
using Temporalio.Api.Sdk.V1;
using Temporalio.Api.WorkflowService.V1;

namespace Nstance.Temporal.TestServer.Lifecycle;

/// <summary>Makes runs: the first of a chain, and those that follow by retry, cron or continue-as-new.</summary>
internal sealed class RunStarter(ServerEngine engine)
{
    private static readonly Duration DefaultTaskTimeout = Duration.FromTimeSpan(TimeSpan.FromSeconds(10));
    private static readonly TimeSpan MaxTaskTimeout = TimeSpan.FromMinutes(2);

    public static void ApplyMemo(WorkflowRun run, Memo? memo)
    {
        if (memo == null)
            return;
        foreach (var (key, value) in memo.Fields)
        {
            // A null payload removes the key.
            if (value.Metadata.TryGetValue("encoding", out var encoding) && encoding.ToStringUtf8() == "binary/null")
                run.Memo.Remove(key);
            else
                run.Memo[key] = value;
        }
    }

    public static TimeSpan? Some(Duration? duration) =>
        duration == null || duration is { Seconds: 0, Nanos: 0 } ? null : duration.ToTimeSpan();

    /// <summary>Start attributes of a request; the rest of the chain is filled in by <see cref="Begin"/>.</summary>
    public static WorkflowExecutionStartedEventAttributes Attributes(StartWorkflowExecutionRequest request) => new()
    {
        WorkflowType = request.WorkflowType,
        TaskQueue = new() { Name = request.TaskQueue.Name, Kind = TaskQueueKind.Normal },
        Input = request.Input,
        WorkflowExecutionTimeout = request.WorkflowExecutionTimeout,
        WorkflowRunTimeout = request.WorkflowRunTimeout,
        WorkflowTaskTimeout = request.WorkflowTaskTimeout,
        Identity = request.Identity,
        RetryPolicy = WithDefaults(request.RetryPolicy),
        CronSchedule = request.CronSchedule,
        Memo = request.Memo,
        SearchAttributes = request.SearchAttributes,
        Header = request.Header,
        LastCompletionResult = request.LastCompletionResult,
        ContinuedFailure = request.ContinuedFailure,
        FirstWorkflowTaskBackoff = request.WorkflowStartDelay,
        Priority = request.Priority,
        Attempt = 1,
    };

    public static RetryPolicy? WithDefaults(RetryPolicy? policy)
    {
        if (policy == null)
            return null;
        policy = policy.Clone();
        policy.InitialInterval = Some(policy.InitialInterval) == null
            ? Duration.FromTimeSpan(TimeSpan.FromSeconds(1))
            : policy.InitialInterval;
        if (policy.BackoffCoefficient == 0)
            policy.BackoffCoefficient = 2;
        if (Some(policy.MaximumInterval) == null)
            policy.MaximumInterval = Duration.FromTimeSpan(policy.InitialInterval.ToTimeSpan() * 100);
        return policy;
    }

    /// <summary>
    /// Starts a run with these attributes; <paramref name="previous"/> is the run it continues, if any.
    /// </summary>
    public WorkflowRun Begin(
        string ns,
        string workflowId,
        WorkflowExecutionStartedEventAttributes started,
        string requestId,
        UserMetadata? metadata,
        WorkflowRun? previous = null,
        Action<WorkflowRun>? beforeFirstTask = null)
    {
        var now = engine.Clock.Now;
        var runId = Guid.NewGuid().ToString();
        var backoff = Some(started.FirstWorkflowTaskBackoff) ?? TimeSpan.Zero;
        started.WorkflowId = workflowId;
        started.OriginalExecutionRunId = runId;
        started.FirstExecutionRunId = previous?.FirstRunId ?? runId;
        started.ContinuedExecutionRunId = previous?.RunId ?? "";
        started.WorkflowTaskTimeout = Some(started.WorkflowTaskTimeout) is not { } task ? DefaultTaskTimeout
            : Duration.FromTimeSpan(task > MaxTaskTimeout ? MaxTaskTimeout : task);
        started.WorkflowRunTimeout = Shorter(started.WorkflowRunTimeout, started.WorkflowExecutionTimeout);
        var expires = previous?.ExecutionExpiration
            ?? (Some(started.WorkflowExecutionTimeout) is { } whole ? now + backoff + whole : null);
        if (expires is { } end)
            started.WorkflowExecutionExpirationTime = Timestamp.FromDateTimeOffset(end);
        var run = new WorkflowRun
        {
            Namespace = ns,
            WorkflowId = workflowId,
            RunId = runId,
            FirstRunId = started.FirstExecutionRunId,
            WorkflowType = started.WorkflowType.Name,
            TaskQueue = started.TaskQueue.Name,
            Started = started,
            StartTime = now,
            ExecutionTime = now + backoff,
            ExecutionExpiration = expires,
            RequestId = requestId,
            UserMetadata = metadata,
        };
        ApplyMemo(run, started.Memo);
        engine.SearchAttributes.Apply(run, started.SearchAttributes);
        if (previous != null)
            started.PrevAutoResetPoints =
                ResetPoints.HandOver(previous, now, engine.Namespaces.Require(ns).Retention.ToTimeSpan());
        run.ResetPoints.AddRange(started.PrevAutoResetPoints?.Points.Select(each => each.Clone()) ?? []);
        engine.Runs.Add(run);
        run.Append(
            new()
            {
                EventType = EventType.WorkflowExecutionStarted,
                WorkflowExecutionStartedEventAttributes = started,
                UserMetadata = metadata,
            },
            now);
        ArmTimeouts(run, now + backoff);
        if (backoff > TimeSpan.Zero)
        {
            run.FirstTaskBackoff = engine.Clock.Add(now + backoff, () => EndBackoff(run));
            beforeFirstTask?.Invoke(run);
        }
        else
        {
            beforeFirstTask?.Invoke(run);
            engine.Tasks.Schedule(run);
        }
        return run;
    }

    /// <summary>A run is never given more time than the execution.</summary>
    private static Duration? Shorter(Duration? run, Duration? execution) =>
        Some(execution) is { } whole && (Some(run) is not { } part || whole < part) ? execution : run;

    /// <summary>The first workflow task may be scheduled now.</summary>
    public void EndBackoff(WorkflowRun run)
    {
        run.FirstTaskBackoff?.Cancel();
        run.FirstTaskBackoff = null;
        engine.Tasks.Schedule(run);
    }

    /// <summary>Sets the run's time limits, counted from a time.</summary>
    public void ArmTimeouts(WorkflowRun run, DateTimeOffset from)
    {
        DateTimeOffset? due = Some(run.Started.WorkflowRunTimeout) is { } limit ? from + limit : null;
        if (run.ExecutionExpiration is { } end && (due == null || end < due))
            due = end;
        run.RunExpiration = due;
        if (due is { } at)
            run.RunTimeout = engine.Clock.Add(at, () => engine.Closing.TimeOut(run));
    }
}
