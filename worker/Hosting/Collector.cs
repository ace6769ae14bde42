using System.Linq.Expressions;
using Nstance.Temporal.Workflows;
using Temporalio.Client.Schedules;

namespace Nstance.Temporal.Worker.Hosting;

/// <summary>A shard's collector, as the commands reach it.</summary>
internal sealed class Collector(
    TemporalClient client, string cluster, string shard, CancellationToken cancellationToken)
{
    /// <summary>A worker answers queries and small updates at once; without a worker they get no answer.</summary>
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(10);

    private readonly WorkflowHandle<GcWorkflow> _handle =
        client.GetWorkflowHandle<GcWorkflow>(Names.GcWorkflowId(cluster, shard));

    public TemporalClient Client => client;

    public string WorkflowId => _handle.Id;

    /// <summary>The schedule that keeps it alive.</summary>
    public ScheduleHandle Schedule => client.GetScheduleHandle(Names.ScheduleId(cluster, shard));

    public Task<GcStatus> StatusAsync() => QueryAsync(workflow => workflow.Status());

    public Task<IReadOnlyList<CycleReport>> ReportsAsync() => QueryAsync(workflow => workflow.Reports());

    public Task<CycleReport> RunCycleAsync(bool dryRun, TimeSpan timeout) =>
        UpdateAsync(workflow => workflow.RunCycleAsync(new RunCycleRequest(dryRun)), timeout);

    /// <summary>Sends a small update.</summary>
    public Task<GcStatus> UpdateAsync(Expression<Func<GcWorkflow, Task<GcStatus>>> update) =>
        UpdateAsync(update, AnswerTimeout);

    private Task<T> QueryAsync<T>(Expression<Func<GcWorkflow, T>> query) => AskAsync(() => _handle.QueryAsync(
        query, new() { Rpc = new() { Timeout = AnswerTimeout, CancellationToken = cancellationToken } }));

    private async Task<T> UpdateAsync<T>(Expression<Func<GcWorkflow, Task<T>>> update, TimeSpan timeout)
    {
        // The SDK repeats the call without end; only a token stops it.
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(timeout);
        try
        {
            var rpc = new RpcOptions { CancellationToken = limit.Token };
            return await AskAsync(() => _handle.ExecuteUpdateAsync(update, new() { Rpc = rpc }));
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new CommandException(ExitCode.Unreachable, Failure.NoAnswer, e);
        }
    }

    private async Task<T> AskAsync<T>(Func<Task<T>> ask)
    {
        try
        {
            return await ask();
        }
        catch (RpcException e) when (e.Code == RpcException.StatusCode.NotFound)
        {
            throw new CommandException(
                ExitCode.NotFound, $"no collector runs for {cluster}/{shard}: nstance-gc init sets one up", e);
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
    }
}
