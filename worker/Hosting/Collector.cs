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

    /// <summary>For workers that the server has not seen lately: its clock and ours may differ.</summary>
    private static readonly TimeSpan DoubtfulTimeout = TimeSpan.FromSeconds(2);

    private readonly WorkflowHandle<GcWorkflow> _handle =
        client.GetWorkflowHandle<GcWorkflow>(Names.GcWorkflowId(cluster, shard));

    private readonly LastRun _last = new(client, cluster, shard, cancellationToken);

    public TemporalClient Client => client;

    public string WorkflowId => _handle.Id;

    /// <summary>Options that name this collector on a command line.</summary>
    public string Named => $"--cluster {cluster} --shard {shard}";
    public string ReconcilerId => Names.ReconcilerWorkflowId(cluster, shard);

    /// <summary>The schedule that keeps it alive.</summary>
    public ScheduleHandle Schedule => client.GetScheduleHandle(Names.ScheduleId(cluster, shard));

    /// <summary>True: it runs, or ran and its history is still there.</summary>
    public async Task<bool> IsKnownAsync() => await _last.FindAsync() is not null;

    /// <exception cref="CommandException">No collector runs (exit code 4), or no worker answers (3).</exception>
    public Task<GcStatus> StatusAsync() => QueryAsync(workflow => workflow.Status());

    /// <exception cref="CommandException">As <see cref="StatusAsync"/>.</exception>
    public Task<IReadOnlyList<CycleReport>> ReportsAsync() => QueryAsync(workflow => workflow.Reports());

    /// <summary>Returns what the server knows without a worker.</summary>
    /// <param name="why">Why no worker was asked.</param>
    public async Task<StatusWithoutWorker> WithoutWorkerAsync(string why)
    {
        var run = await _last.RequireAsync();
        var attributes = run.TypedSearchAttributes;
        var state = attributes.TryGetValue(Names.StateAttribute, out var known) ? known.ToLowerInvariant() : "unknown";
        var isPending = attributes.TryGetValue(Names.PendingAttribute, out var pending) && pending;
        return new(cluster, shard, $"{state}, by its search attributes", isPending, why)
        {
            LastReport = await new LastReport(_last).ReadAsync(run),
        };
    }

    public Task<CycleReport> RunCycleAsync(bool dryRun, TimeSpan timeout) => UpdateAsync(
        workflow => workflow.RunCycleAsync(new RunCycleRequest(dryRun)), timeout, undo: "pause --reason …");

    /// <summary>Sends a small update.</summary>
    /// <param name="update">The update.</param>
    /// <param name="undo">The command that undoes it; null: none does.</param>
    public Task<GcStatus> UpdateAsync(
        Expression<Func<GcWorkflow, Task<GcStatus>>> update, string? undo = null) =>
        UpdateAsync(update, AnswerTimeout, undo);

    /// <summary>
    /// Makes sure that a worker answers. Without one, Temporal would keep the update and carry it out later, when the
    /// operator may not want it any more.
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
            throw new CommandException(failure.Code, $"{failure.Lines[0].TrimEnd('?')}. Nothing was asked for.", e);
        }
    }

    /// <summary>Checks the run first, because a closed run would answer too.</summary>
    private async Task<T> QueryAsync<T>(Expression<Func<GcWorkflow, T>> query)
    {
        await _last.RequireAsync();
        var pollers = await PollersAsync();
        if (pollers is { LastPoll: null }) throw new CommandException(ExitCode.Unreachable, pollers.Why);
        var timeout = pollers is { Live: 0 } ? DoubtfulTimeout : AnswerTimeout;
        try
        {
            return await AskAsync(() => _handle.QueryAsync(
                query, new() { Rpc = new() { Timeout = timeout, CancellationToken = cancellationToken } }));
        }
        catch (TemporalException e) when (pollers is not null && Failure.Of(e).Code == ExitCode.Unreachable)
        {
            throw new CommandException(ExitCode.Unreachable, pollers.Why, e);
        }
    }

    /// <summary>Null: this identity may not ask.</summary>
    private async Task<Pollers?> PollersAsync()
    {
        try
        {
            return await Pollers.WaitAsync(client, new()
            {
                Timeout = AnswerTimeout,
                CancellationToken = cancellationToken,
            });
        }
        catch (RpcException e) when (e.Code
            is RpcException.StatusCode.PermissionDenied or RpcException.StatusCode.Unimplemented)
        {
            return null;
        }
    }

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
            throw new CommandException(
                ExitCode.Unreachable,
                [
                    $"no answer within {DurationText.Format(timeout)}, but the request was accepted: Temporal keeps "
                        + "it, and a worker carries it out (is one running? nstance-gc run)",
                    $"to see whether it was: nstance-gc status {Named}",
                    .. undo is null ? Array.Empty<string>() : [$"to undo it: nstance-gc {undo} {Named}"],
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
            // It says why none runs; one that began in between answers the next call.
            await _last.RequireAsync();
            throw;
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
    }
}
