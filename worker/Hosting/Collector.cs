using System.Linq.Expressions;
using Nstance.Temporal.Worker.Options;
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

    public string ReconcilerId => Names.ReconcilerWorkflowId(cluster, shard);

    /// <summary>The schedule that keeps it alive.</summary>
    public ScheduleHandle Schedule => client.GetScheduleHandle(Names.ScheduleId(cluster, shard));

    public Task<GcStatus> StatusAsync() => QueryAsync(workflow => workflow.Status());

    public Task<IReadOnlyList<CycleReport>> ReportsAsync() => QueryAsync(workflow => workflow.Reports());

    public Task<CycleReport> RunCycleAsync(bool dryRun, TimeSpan timeout) => UpdateAsync(
        workflow => workflow.RunCycleAsync(new RunCycleRequest(dryRun)), timeout, undo: "pause --reason …");

    /// <summary>Sends a small update.</summary>
    /// <param name="update">The update.</param>
    /// <param name="undo">The command that undoes it; null: none does.</param>
    public Task<GcStatus> UpdateAsync(
        Expression<Func<GcWorkflow, Task<GcStatus>>> update, string? undo = null) =>
        UpdateAsync(update, AnswerTimeout, undo);

    /// <summary>
    /// Makes sure that a worker answers. An update that nobody takes now is carried out later, perhaps when it is not
    /// wanted any more.
    /// </summary>
    /// <exception cref="CommandException">No worker answers, or no collector runs.</exception>
    public async Task<GcStatus> AnswerFirstAsync()
    {
        try
        {
            return await StatusAsync();
        }
        catch (Exception e) when (Failure.Of(e) is { Code: ExitCode.Unreachable } failure)
        {
            throw new CommandException(failure.Code, $"{failure.Lines[0]} Nothing was asked for.", e);
        }
    }

    private Task<T> QueryAsync<T>(Expression<Func<GcWorkflow, T>> query) => AskAsync(() => _handle.QueryAsync(
        query, new() { Rpc = new() { Timeout = AnswerTimeout, CancellationToken = cancellationToken } }));

    private async Task<T> UpdateAsync<T>(
        Expression<Func<GcWorkflow, Task<T>>> update, TimeSpan timeout, string? undo)
    {
        // The SDK repeats the call without end; only a token stops it.
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(timeout);
        try
        {
            var rpc = new RpcOptions { CancellationToken = limit.Token };
            return await AskAsync(() => _handle.ExecuteUpdateAsync(update, new() { Rpc = rpc }));
        }
        catch (Exception e) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested
            && (e is OperationCanceledException || Failure.Of(e).Code == ExitCode.Unreachable))
        {
            var name = $"--cluster {cluster} --shard {shard}";
            throw new CommandException(
                ExitCode.Unreachable,
                [
                    $"no answer within {DurationText.Format(timeout)}, but the request was accepted: Temporal keeps "
                        + "it, and a worker carries it out (is one running? nstance-gc run)",
                    $"to see whether it was: nstance-gc status {name}",
                    .. undo is null ? Array.Empty<string>() : [$"to undo it: nstance-gc {undo} {name}"],
                ],
                e);
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
