using Google.Protobuf;
using Nstance.Temporal.TestServer.Hosting;
using Temporalio.Api.Command.V1;
using Temporalio.Api.Enums.V1;

namespace Nstance.Temporal.TestServer.Commands;

/// <summary>
/// Payloads of a command that exceed the limit. The real server ends the run for them, for a repeated task would bring
/// the same again.
/// </summary>
internal static class CommandSizes
{
    public static (WorkflowTaskFailedCause Cause, string Message)? Check(ServerLimits limits, Command command) =>
        command.CommandType switch
        {
            CommandType.ScheduleActivityTask => Blob(
                limits,
                command.ScheduleActivityTaskCommandAttributes.Input,
                WorkflowTaskFailedCause.BadScheduleActivityAttributes,
                "ScheduleActivityTaskCommandAttributes.Input"),
            CommandType.CompleteWorkflowExecution => Blob(
                limits,
                command.CompleteWorkflowExecutionCommandAttributes.Result,
                WorkflowTaskFailedCause.BadCompleteWorkflowExecutionAttributes,
                "CompleteWorkflowExecutionCommandAttributes.Result"),
            CommandType.FailWorkflowExecution => Blob(
                limits,
                command.FailWorkflowExecutionCommandAttributes.Failure,
                WorkflowTaskFailedCause.BadFailWorkflowExecutionAttributes,
                "FailWorkflowExecutionCommandAttributes.Failure"),
            CommandType.RecordMarker => Blob(
                limits,
                command.RecordMarkerCommandAttributes,
                WorkflowTaskFailedCause.BadRecordMarkerAttributes,
                "RecordMarkerCommandAttributes.Details"),
            CommandType.SignalExternalWorkflowExecution => Blob(
                limits,
                command.SignalExternalWorkflowExecutionCommandAttributes.Input,
                WorkflowTaskFailedCause.BadSignalWorkflowExecutionAttributes,
                "SignalExternalWorkflowExecutionCommandAttributes.Input"),
            CommandType.UpsertWorkflowSearchAttributes => Blob(
                limits,
                command.UpsertWorkflowSearchAttributesCommandAttributes.SearchAttributes,
                WorkflowTaskFailedCause.BadSearchAttributes,
                "UpsertWorkflowSearchAttributesCommandAttributes"),
            CommandType.ModifyWorkflowProperties => Blob(
                limits,
                command.ModifyWorkflowPropertiesCommandAttributes.UpsertedMemo,
                WorkflowTaskFailedCause.BadModifyWorkflowPropertiesAttributes,
                "ModifyWorkflowPropertiesCommandAttributes"),
            CommandType.StartChildWorkflowExecution =>
                Child(limits, command.StartChildWorkflowExecutionCommandAttributes),
            CommandType.ContinueAsNewWorkflowExecution =>
                Next(limits, command.ContinueAsNewWorkflowExecutionCommandAttributes),
            _ => null,
        };

    private static (WorkflowTaskFailedCause Cause, string Message)? Child(
        ServerLimits limits, StartChildWorkflowExecutionCommandAttributes child) =>
        Blob(
            limits,
            child.Input,
            WorkflowTaskFailedCause.BadStartChildExecutionAttributes,
            "StartChildWorkflowExecutionCommandAttributes. Input")
        ?? Memo(
            limits,
            child.Memo,
            WorkflowTaskFailedCause.BadStartChildExecutionAttributes,
            "StartChildWorkflowExecutionCommandAttributes.Memo");

    private static (WorkflowTaskFailedCause Cause, string Message)? Next(
        ServerLimits limits, ContinueAsNewWorkflowExecutionCommandAttributes next) =>
        Blob(
            limits,
            next.Input,
            WorkflowTaskFailedCause.BadContinueAsNewAttributes,
            "ContinueAsNewWorkflowExecutionCommandAttributes. Input")
        ?? Memo(
            limits,
            next.Memo,
            WorkflowTaskFailedCause.BadContinueAsNewAttributes,
            "ContinueAsNewWorkflowExecutionCommandAttributes. Memo");

    private static (WorkflowTaskFailedCause Cause, string Message)? Blob(
        ServerLimits limits, IMessage? what, WorkflowTaskFailedCause cause, string name) =>
        what?.CalculateSize() > limits.BlobSize ? (cause, name + " exceeds size limit.") : null;

    private static (WorkflowTaskFailedCause Cause, string Message)? Memo(
        ServerLimits limits, Temporalio.Api.Common.V1.Memo? memo, WorkflowTaskFailedCause cause, string name) =>
        memo?.CalculateSize() > limits.MemoSize ? (cause, name + " exceeds size limit.") : null;
}
