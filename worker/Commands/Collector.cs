using System.Linq.Expressions;
using Nstance.Temporal.Worker.Options;
using Nstance.Temporal.Workflows;
using Temporalio.Client;
using Temporalio.Exceptions;

namespace Nstance.Temporal.Worker.Commands;

/// <summary>A shard's collector, as the commands reach it.</summary>
internal sealed class Collector(TemporalClient client, GcOptions options, CancellationToken cancellationToken)
{
    /// <summary>Queries and small updates are answered at once, or not at all because no worker runs.</summary>
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(10);

    private readonly WorkflowHandle<GcWorkflow> _handle =
        client.GetWorkflowHandle<GcWorkflow>(Names.GcWorkflowId(options.Cluster!, options.Shard!));

    public Task<GcStatus> StatusAsync() => AskAsync(() => _handle.QueryAsync(
        workflow => workflow.Status(), new() { Rpc = new() { Timeout = AnswerTimeout, CancellationToken = cancellationToken } }));

    public Task<IReadOnlyList<CycleReport>> ReportsAsync() => AskAsync(() => _handle.QueryAsync(
        workflow => workflow.Reports(), new() { Rpc = new() { Timeout = AnswerTimeout, CancellationToken = cancellationToken } }));

    public Task<CycleReport> RunCycleAsync(bool dryRun, TimeSpan timeout) =>
        UpdateAsync(workflow => workflow.RunCycleAsync(new RunCycleRequest { DryRun = dryRun }), timeout);

    public Task<GcStatus> PauseAsync(PauseRequest request) =>
        UpdateAsync(workflow => workflow.PauseAsync(request), AnswerTimeout);

    public Task<GcStatus> ResumeAsync(ResumeRequest request) =>
        UpdateAsync(workflow => workflow.ResumeAsync(request), AnswerTimeout);

    public Task<GcStatus> ApproveAsync(PlanDecision decision) =>
        UpdateAsync(workflow => workflow.ApproveAsync(decision), AnswerTimeout);

    public Task<GcStatus> RejectAsync(PlanDecision decision) =>
        UpdateAsync(workflow => workflow.RejectAsync(decision), AnswerTimeout);

    public Task<GcStatus> SetModeAsync(ModeRequest request) =>
        UpdateAsync(workflow => workflow.SetModeAsync(request), AnswerTimeout);

    public Task<GcStatus> ConfigureAsync(GcSettings settings) =>
        UpdateAsync(workflow => workflow.ConfigureAsync(settings), AnswerTimeout);

    private async Task<T> UpdateAsync<T>(Expression<Func<GcWorkflow, Task<T>>> update, TimeSpan timeout)
    {
        // The SDK asks again for as long as it takes; only a token ends that.
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(timeout);
        try
        {
            return await AskAsync(() => _handle.ExecuteUpdateAsync(update, new() { Rpc = new() { CancellationToken = limit.Token } }));
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
                ExitCode.NotFound,
                $"no collector runs for {options.Cluster}/{options.Shard}: nstance-gc init sets one up",
                e);
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
    }
}
