using Google.Protobuf.Collections;
using Temporalio.Api.Common.V1;
using Temporalio.Api.Enums.V1;
using Temporalio.Api.History.V1;
using Temporalio.Converters;

namespace Nstance.Temporal.Worker.Hosting;

/// <summary>The last run of a collector, as the server knows it without a worker.</summary>
internal sealed class LastRun(TemporalClient client, string cluster, string shard, CancellationToken cancellationToken)
{
    private const int PageSize = 500;

    private RpcOptions Rpc => new() { Timeout = TimeSpan.FromSeconds(10), CancellationToken = cancellationToken };

    /// <summary>Returns the run; null: the collector never ran, or its history is gone.</summary>
    public async Task<WorkflowExecutionDescription?> FindAsync()
    {
        try
        {
            var handle = client.GetWorkflowHandle(Names.GcWorkflowId(cluster, shard));
            return await handle.DescribeAsync(new() { Rpc = Rpc });
        }
        catch (RpcException e)
            when (e.Code == RpcException.StatusCode.NotFound && !Failure.IsOfNamespace(e.Message))
        {
            return null;
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
    }

    /// <summary>Returns the run that is open.</summary>
    /// <exception cref="CommandException">None runs: since when, what ended it and who, and what to do.</exception>
    public async Task<WorkflowExecutionDescription> RequireAsync()
    {
        if (await FindAsync() is not { } run)
        {
            throw new CommandException(
                ExitCode.NotFound, $"no collector runs for {cluster}/{shard}: nstance-gc init sets one up");
        }

        if (run.Status == WorkflowExecutionStatus.Running) return run;
        var since = run.CloseTime is { } at ? $" since {at.ToUniversalTime():yyyy-MM-dd HH:mm:ss'Z'}" : "";
        throw new CommandException(
            ExitCode.NotFound,
            [
                $"no collector runs for {cluster}/{shard}{since}: {await EndAsync(run)}",
                $"start it again: nstance-gc schedule trigger --cluster {cluster} --shard {shard}",
            ]);
    }

    /// <summary>Reads the events of a run, the newest first.</summary>
    public async IAsyncEnumerable<HistoryEvent> BackwardAsync(WorkflowExecutionDescription run)
    {
        var token = Google.Protobuf.ByteString.Empty;
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
                Rpc);
            foreach (var each in page.History.Events) yield return each;
            token = page.NextPageToken;
        }
        while (!token.IsEmpty);
    }

    /// <summary>Decodes the first of the values.</summary>
    public async Task<T?> ReadAsync<T>(RepeatedField<Payload>? payloads)
        where T : class =>
        payloads is [var first, ..] ? await client.Options.DataConverter.ToValueAsync<T>(first) : null;

    /// <summary>What ended a run, and who.</summary>
    private async Task<string> EndAsync(WorkflowExecutionDescription run)
    {
        string? cancelled = null;
        await foreach (var each in BackwardAsync(run))
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

    private static string By(string? identity) => string.IsNullOrEmpty(identity) ? "an operator" : identity;

    private static string Reason(string? reason) =>
        string.IsNullOrWhiteSpace(reason) ? "" : $" ({Failure.FirstLine(reason)})";
}
