using Google.Protobuf;
using Google.Protobuf.Collections;
using Nstance.Temporal.Workflows.Collector;
using Temporalio.Api.Common.V1;
using Temporalio.Api.History.V1;
using Temporalio.Converters;

namespace Nstance.Temporal.Worker.Hosting;

/// <summary>The history of a run of a collector, as the server keeps it: no worker has to answer.</summary>
internal sealed class RunHistory(TemporalClient client, WorkflowExecutionDescription run, RpcOptions rpc)
{
    private const int PageSize = 500;

    private const string Purge = "PurgeRecords";

    private static readonly string[] Phases = ["SyncProvider", "Collect", "ScanHealth", Purge];

    /// <summary>Returns the report of the last cycle that ended in this run; null: none has.</summary>
    public async Task<CycleReport?> LastReportAsync()
    {
        var completed = new Dictionary<long, (HistoryEvent Event, RepeatedField<Payload>? Result)>();
        CycleReport? report = null;
        int? newest = null;
        await foreach (var each in BackwardAsync())
        {
            if (each.ActivityTaskCompletedEventAttributes is { } end)
                completed[end.ScheduledEventId] = (each, end.Result?.Payloads_);
            if (each.ActivityTaskScheduledEventAttributes is not { } scheduled
                || !Phases.Contains(scheduled.ActivityType.Name)
                || await ReadAsync<PhaseInput>(scheduled.Input?.Payloads_) is not { } input) continue;
            newest ??= input.Cycle;
            if (report is not null && input.Cycle != report.Cycle) break;
            var phase = scheduled.ActivityType.Name;
            completed.TryGetValue(each.EventId, out var done);

            // The newest cycle may still run: it has ended if its last phase has.
            if (report is null && input.Cycle == newest && (phase != Purge || done.Event is null)) continue;
            report ??= new(input.Cycle, input.AsOf)
            {
                DryRun = input.DryRun,
                EndedAt = (done.Event ?? each).EventTime.ToDateTimeOffset(),
                Host = scheduled.TaskQueue?.Name.Split('@', 2) is [_, var host] ? host : null,
            };
            report = phase switch
            {
                "SyncProvider" => report with { Sync = report.Sync ?? await ReadAsync<SyncResult>(done.Result) },
                "Collect" => report with { Collect = report.Collect ?? await ReadAsync<CollectResult>(done.Result) },
                "ScanHealth" => report with
                {
                    Health = report.Health ?? await ReadAsync<HealthScanResult>(done.Result),
                },
                _ => report with { Purge = report.Purge ?? await ReadAsync<PurgeResult>(done.Result) },
            };
        }

        return report is null ? null : Reports.Gather(report with { Outcome = Reports.Judge(report) });
    }

    /// <summary>Says what ended the run, and who.</summary>
    public async Task<string> EndAsync()
    {
        string? cancelled = null;
        await foreach (var each in BackwardAsync())
        {
            switch (each.AttributesCase)
            {
                case HistoryEvent.AttributesOneofCase.WorkflowExecutionTerminatedEventAttributes:
                    var terminated = each.WorkflowExecutionTerminatedEventAttributes;
                    return $"{By(terminated.Identity)} terminated it{Reason(terminated.Reason)}";
                case HistoryEvent.AttributesOneofCase.WorkflowExecutionFailedEventAttributes:
                    return $"it failed{Reason(each.WorkflowExecutionFailedEventAttributes.Failure?.Message)}";
                case HistoryEvent.AttributesOneofCase.WorkflowExecutionCanceledEventAttributes:
                    cancelled = "it was cancelled";
                    break;
                case HistoryEvent.AttributesOneofCase.WorkflowExecutionCancelRequestedEventAttributes:
                    var request = each.WorkflowExecutionCancelRequestedEventAttributes;
                    return $"{By(request.Identity)} cancelled it{Reason(request.Cause)}";
            }

            if (cancelled is null) break;
        }

        return cancelled ?? $"its state is {run.Status}";
    }

    /// <summary>Reads the events, the newest first.</summary>
    private async IAsyncEnumerable<HistoryEvent> BackwardAsync()
    {
        var token = ByteString.Empty;
        do
        {
            var page = await client.WorkflowService.GetWorkflowExecutionHistoryReverseAsync(
                new()
                {
                    Namespace = client.Options.Namespace,
                    Execution = new() { WorkflowId = run.Id, RunId = run.RunId },
                    MaximumPageSize = PageSize,
                    NextPageToken = token,
                },
                rpc);
            foreach (var each in page.History.Events) yield return each;
            token = page.NextPageToken;
        }
        while (!token.IsEmpty);
    }

    /// <summary>Decodes the first of the values.</summary>
    private async Task<T?> ReadAsync<T>(RepeatedField<Payload>? payloads)
        where T : class =>
        payloads is [var first, ..] ? await client.Options.DataConverter.ToValueAsync<T>(first) : null;

    private static string By(string? identity) => string.IsNullOrEmpty(identity) ? "an operator" : identity;

    private static string Reason(string? reason) =>
        string.IsNullOrWhiteSpace(reason) ? "" : $" ({Failure.FirstLine(reason)})";
}
