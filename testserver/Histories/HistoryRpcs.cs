using Google.Protobuf;
using Nstance.Temporal.TestServer.Binding;
using Nstance.Temporal.TestServer.Engine;
using Nstance.Temporal.TestServer.Runs;
using Temporalio.Api.Enums.V1;
using Temporalio.Api.WorkflowService.V1;

namespace Nstance.Temporal.TestServer.Histories;

/// <summary>History by pages, backwards, and as a long poll that SDKs use to wait for results.</summary>
internal sealed class HistoryRpcs
{
    private const int MaxPageSize = 1_000;

    private static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(20);

    private readonly ServerEngine _engine;

    public HistoryRpcs(ServerEngine engine)
    {
        _engine = engine;
        engine.Rpc.Add<GetWorkflowExecutionHistoryRequest, GetWorkflowExecutionHistoryResponse>(
            "GetWorkflowExecutionHistory", Read);
        engine.Rpc.Add<GetWorkflowExecutionHistoryReverseRequest, GetWorkflowExecutionHistoryReverseResponse>(
            "GetWorkflowExecutionHistoryReverse", ReadBack);
    }

    private static ByteString Token(WorkflowRun run, int next) => ByteString.CopyFromUtf8($"{run.RunId}|{next}");

    /// <summary>
    /// The run and the position a page starts at; the token holds the run, so that paging stays with it.
    /// </summary>
    private (WorkflowRun Run, int Next) Position(
        string ns, Temporalio.Api.Common.V1.WorkflowExecution? execution, ByteString token, int? start)
    {
        if (token.IsEmpty)
        {
            var found = _engine.Runs.Get(ns, execution);
            return (found, start ?? found.Events.Count);
        }
        var parts = token.ToStringUtf8().Split('|');
        if (parts.Length != 2 || !int.TryParse(parts[1], out var next))
            throw Fault.InvalidArgument("Invalid NextPageToken.");
        return (_engine.Runs.ByRunId(parts[0]) ?? throw Fault.RunNotFound(execution?.WorkflowId ?? ""), next);
    }

    private static int Page(int asked) => asked is > 0 and < MaxPageSize ? asked : MaxPageSize;

    private async Task<GetWorkflowExecutionHistoryResponse> Read(
        GetWorkflowExecutionHistoryRequest request, RpcCall call)
    {
        var closeOnly = request.HistoryEventFilterType == HistoryEventFilterType.CloseEvent;
        var end = DateTime.UtcNow + call.Patience(MaxWait);
        while (true)
        {
            Task change;
            WorkflowRun run;
            int next;
            using (_engine.Enter())
            {
                (run, next) = Position(request.Namespace, request.Execution, request.NextPageToken, 0);
                if (!request.WaitNewEvent || !run.IsOpen || (!closeOnly && next < run.Events.Count))
                    return closeOnly ? CloseEvent(run) : Events(run, next, request);
                // Paging from the start of an open run ends up waiting at its present end.
                change = closeOnly ? run.NextClose() : run.NextChange();
            }
            var left = end - DateTime.UtcNow;
            var expired = left <= TimeSpan.Zero || _engine.Stopping.IsCancellationRequested;
            if (!expired)
            {
                try
                {
                    await change.WaitAsync(left, call.Cancellation);
                }
                catch (TimeoutException)
                {
                    expired = true;
                }
            }
            if (expired)
                return new() { History = new(), NextPageToken = Token(run, next) };
        }
    }

    private static GetWorkflowExecutionHistoryResponse CloseEvent(WorkflowRun run) =>
        new() { History = new() { Events = { run.Events[^1] } } };

    private static GetWorkflowExecutionHistoryResponse Events(
        WorkflowRun run, int next, GetWorkflowExecutionHistoryRequest request)
    {
        var answer = new GetWorkflowExecutionHistoryResponse { History = new() };
        var end = Math.Min(run.Events.Count, next + Page(request.MaximumPageSize));
        for (; next < end; next++)
            answer.History.Events.Add(run.Events[next]);
        if (next < run.Events.Count || (request.WaitNewEvent && run.IsOpen))
            answer.NextPageToken = Token(run, next);
        else if (run.Task is { } task)
            // Not written yet, but a worker that lost the run has to replay up to them: else its task has no end.
            answer.History.Events.Add(task.Unwritten);
        return answer;
    }

    private GetWorkflowExecutionHistoryReverseResponse ReadBack(GetWorkflowExecutionHistoryReverseRequest request)
    {
        using var _ = _engine.Enter();
        var (run, next) = Position(request.Namespace, request.Execution, request.NextPageToken, null);
        var answer = new GetWorkflowExecutionHistoryReverseResponse { History = new() };
        var end = Math.Max(0, next - Page(request.MaximumPageSize));
        while (next > end)
            answer.History.Events.Add(run.Events[--next]);
        if (next > 0)
            answer.NextPageToken = Token(run, next);
        return answer;
    }
}
