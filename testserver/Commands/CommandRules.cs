using Nstance.Temporal.TestServer.Engine;
using Nstance.Temporal.TestServer.Runs;
using Temporalio.Api.Command.V1;
using Temporalio.Api.Enums.V1;
using Temporalio.Api.WorkflowService.V1;

namespace Nstance.Temporal.TestServer.Commands;

/// <summary>Looks at all commands of an answer before any is carried out: a bad one fails the whole task.</summary>
internal static class CommandRules
{
    public static (WorkflowTaskFailedCause Cause, string Message)? Check(
        ServerEngine engine, WorkflowRun run, RespondWorkflowTaskCompletedRequest request)
    {
        foreach (var command in request.Commands)
        {
            if (Check(engine, run, command) is { } bad)
                return bad;
        }
        // A workflow must not close over news it has not seen.
        var closes = request.Commands.Any(each => Closes(each.CommandType));
        return closes && (run.Buffered.Count > 0 || run.Updates.HasUndelivered)
            ? (WorkflowTaskFailedCause.UnhandledCommand, "UnhandledCommand")
            : null;
    }

    public static bool Closes(CommandType type) => type is CommandType.CompleteWorkflowExecution
        or CommandType.FailWorkflowExecution
        or CommandType.CancelWorkflowExecution
        or CommandType.ContinueAsNewWorkflowExecution;

    private static (WorkflowTaskFailedCause Cause, string Message)? Check(ServerEngine engine, WorkflowRun run, Command command)
    {
        if (command.CalculateSize() > engine.Limits.BlobSize)
        {
            return (WorkflowTaskFailedCause.PayloadsTooLarge,
                $"{command.CommandType} command exceeds the payload size limit of {engine.Limits.BlobSize} bytes.");
        }
        switch (command.CommandType)
        {
            case CommandType.ScheduleActivityTask:
                var activity = command.ScheduleActivityTaskCommandAttributes;
                if (activity.ActivityId.Length == 0 || activity.ActivityType?.Name is not { Length: > 0 })
                    return (WorkflowTaskFailedCause.BadScheduleActivityAttributes, "ActivityId or ActivityType is not set.");
                if (activity.ActivityId.Length > engine.Limits.IdLength)
                    return (WorkflowTaskFailedCause.BadScheduleActivityAttributes, "ActivityId exceeds length limit.");
                if (run.Activities.Values.Any(each => each.Scheduled.ActivityId == activity.ActivityId))
                    return (WorkflowTaskFailedCause.ScheduleActivityDuplicateId, "ActivityId is in use.");
                if (IsZero(activity.StartToCloseTimeout) && IsZero(activity.ScheduleToCloseTimeout))
                {
                    return (WorkflowTaskFailedCause.BadScheduleActivityAttributes,
                        "A valid StartToClose or ScheduleToCloseTimeout is not set on command.");
                }
                if (run.Activities.Count >= engine.Limits.Pending)
                    return (WorkflowTaskFailedCause.PendingActivitiesLimitExceeded, "Too many pending activities.");
                return null;
            case CommandType.StartTimer:
                var timer = command.StartTimerCommandAttributes;
                if (timer.TimerId.Length is 0 || timer.TimerId.Length > engine.Limits.IdLength)
                    return (WorkflowTaskFailedCause.BadStartTimerAttributes, "TimerId is not set or too long.");
                return run.Timers.ContainsKey(timer.TimerId)
                    ? (WorkflowTaskFailedCause.StartTimerDuplicateId, "TimerId is in use.")
                    : null;
            case CommandType.UpsertWorkflowSearchAttributes:
                return engine.SearchAttributes.Problem(
                    run.Namespace, command.UpsertWorkflowSearchAttributesCommandAttributes.SearchAttributes) is { } problem
                    ? (WorkflowTaskFailedCause.BadSearchAttributes, problem)
                    : null;
            case CommandType.StartChildWorkflowExecution:
                var child = command.StartChildWorkflowExecutionCommandAttributes;
                if (child.WorkflowId.Length == 0 || child.WorkflowId.Length > engine.Limits.IdLength)
                    return (WorkflowTaskFailedCause.BadStartChildExecutionAttributes, "WorkflowId is not set or too long.");
                if (engine.SearchAttributes.Problem(run.Namespace, child.SearchAttributes) is { } childProblem)
                    return (WorkflowTaskFailedCause.BadStartChildExecutionAttributes, childProblem);
                return run.Children.Count >= engine.Limits.Pending
                    ? (WorkflowTaskFailedCause.PendingChildWorkflowsLimitExceeded, "Too many pending child workflows.")
                    : null;
            case CommandType.ScheduleNexusOperation or CommandType.RequestCancelNexusOperation:
                return (WorkflowTaskFailedCause.FeatureDisabled, "Nexus is not supported by this test server.");
            case CommandType.ContinueAsNewWorkflowExecution:
                var next = command.ContinueAsNewWorkflowExecutionCommandAttributes;
                return engine.SearchAttributes.Problem(run.Namespace, next.SearchAttributes) is { } nextProblem
                    ? (WorkflowTaskFailedCause.BadContinueAsNewAttributes, nextProblem)
                    : null;
            default:
                return null;
        }
    }

    private static bool IsZero(Google.Protobuf.WellKnownTypes.Duration? duration) =>
        duration == null || duration is { Seconds: 0, Nanos: 0 };
}
