using Nstance.Temporal.TestServer.Engine;
using Nstance.Temporal.TestServer.Runs;
using Temporalio.Api.Command.V1;
using Temporalio.Api.Enums.V1;
using Temporalio.Api.WorkflowService.V1;

namespace Nstance.Temporal.TestServer.Commands;

/// <summary>Looks at all commands of an answer before any is carried out: a bad one fails the whole task.</summary>
internal static class CommandRules
{
    /// <summary>What is wrong with the answer, and whether the run ends for it; null when nothing is.</summary>
    public static (WorkflowTaskFailedCause Cause, string Message, bool EndsRun)? Check(
        ServerEngine engine, WorkflowRun run, RespondWorkflowTaskCompletedRequest request)
    {
        var tally = new CommandTally(run, engine.Limits.Pending);
        foreach (var command in request.Commands)
        {
            if (Check(engine, run, command) is { } bad)
                return (bad.Cause, bad.Message, false);
            if (CommandSizes.Check(engine.Limits, command) is { } large)
                return (large.Cause, large.Message, true);
            if (tally.Add(command) is { } excess)
                return (excess.Cause, excess.Message, false);
        }
        foreach (var message in request.Messages)
        {
            if (message.Body?.CalculateSize() > engine.Limits.BlobSize)
                return (WorkflowTaskFailedCause.BadUpdateWorkflowExecutionMessage, "Message exceeds size limit.", true);
        }
        // A workflow must not close over news it has not seen.
        var closes = request.Commands.Any(each => Closes(each.CommandType));
        return closes && (run.Buffered.Count > 0 || run.Updates.HasUndelivered)
            ? (WorkflowTaskFailedCause.UnhandledCommand, "UnhandledCommand", false)
            : null;
    }

    public static bool Closes(CommandType type) => type is CommandType.CompleteWorkflowExecution
        or CommandType.FailWorkflowExecution
        or CommandType.CancelWorkflowExecution
        or CommandType.ContinueAsNewWorkflowExecution;

    private static (WorkflowTaskFailedCause Cause, string Message)? Check(
        ServerEngine engine, WorkflowRun run, Command command)
    {
        switch (command.CommandType)
        {
            case CommandType.ScheduleActivityTask:
                var activity = command.ScheduleActivityTaskCommandAttributes;
                if (activity.ActivityId.Length == 0 || activity.ActivityType?.Name is not { Length: > 0 })
                {
                    return (WorkflowTaskFailedCause.BadScheduleActivityAttributes,
                        "ActivityId or ActivityType is not set.");
                }
                if (activity.ActivityId.Length > engine.Limits.IdLength)
                    return (WorkflowTaskFailedCause.BadScheduleActivityAttributes, "ActivityId exceeds length limit.");
                if (IsZero(activity.StartToCloseTimeout) && IsZero(activity.ScheduleToCloseTimeout))
                {
                    return (WorkflowTaskFailedCause.BadScheduleActivityAttributes,
                        "A valid StartToClose or ScheduleToCloseTimeout is not set on command.");
                }
                return null;
            case CommandType.StartTimer:
                var timer = command.StartTimerCommandAttributes;
                return timer.TimerId.Length is 0 || timer.TimerId.Length > engine.Limits.IdLength
                    ? (WorkflowTaskFailedCause.BadStartTimerAttributes, "TimerId is not set or too long.")
                    : null;
            case CommandType.UpsertWorkflowSearchAttributes:
                var upsert = command.UpsertWorkflowSearchAttributesCommandAttributes;
                return engine.SearchAttributes.Problem(run.Namespace, upsert.SearchAttributes) is { } problem
                    ? (WorkflowTaskFailedCause.BadSearchAttributes, problem)
                    : null;
            case CommandType.StartChildWorkflowExecution:
                var child = command.StartChildWorkflowExecutionCommandAttributes;
                if (child.WorkflowId.Length == 0 || child.WorkflowId.Length > engine.Limits.IdLength)
                {
                    return (WorkflowTaskFailedCause.BadStartChildExecutionAttributes,
                        "WorkflowId is not set or too long.");
                }
                return engine.SearchAttributes.Problem(run.Namespace, child.SearchAttributes) is { } childProblem
                    ? (WorkflowTaskFailedCause.BadStartChildExecutionAttributes, childProblem)
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
