using System.Linq.Expressions;
using Nstance.Temporal.Worker.Options;
using Nstance.Temporal.Workflows;
using Temporalio.Api.Enums.V1;
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

    public TemporalClient Client => client;

    public string WorkflowId => _handle.Id;

    /// <summary>Options that name this collector on a command line.</summary>
    public string Named => $"--cluster {cluster} --shard {shard}";

    public string ReconcilerId => Names.ReconcilerWorkflowId(cluster, shard);

    /// <summary>The schedule that keeps it alive.</summary>
    public ScheduleHandle Schedule => client.GetScheduleHandle(Names.ScheduleId(cluster, shard));

    private RpcOptions Rpc => new() { Timeout = AnswerTimeout, CancellationToken = cancellationToken };

    /// <summary>Returns its last run; null: it never ran, or its history is gone.</summary>
    public async Task<WorkflowExecutionDescription?> FindAsync()
    {
        try
        {
            return await _handle.DescribeAsync(new() { Rpc = Rpc });
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
        var end = await new RunHistory(client, run, Rpc).EndAsync();
        throw new CommandException(
            ExitCode.NotFound,
            [
                $"no collector runs for {cluster}/{shard}{since}: {end}",
                $"start it again: nstance-gc schedule trigger {Named}",
            ]);
    }

    /// <exception cref="CommandException">No collector runs (exit code 4), or no worker answers (3).</exception>
    public Task<GcStatus> StatusAsync() => QueryAsync(workflow => workflow.Status());

    /// <exception cref="CommandException">As <see cref="StatusAsync"/>.</exception>
    public Task<IReadOnlyList<CycleReport>> ReportsAsync() => QueryAsync(workflow => workflow.Reports());

    /// <summary>Returns what the server knows without a worker; <paramref name="why"/> none was asked.</summary>
    public async Task<StatusWithoutWorker> WithoutWorkerAsync(string why)
    {
        var run = await RequireAsync();
        var attributes = run.TypedSearchAttributes;
        var state = attributes.TryGetValue(Names.StateAttribute, out var known) ? known.ToLowerInvariant() : "unknown";
        var isPending = attributes.TryGetValue(Names.PendingAttribute, out var pending) && pending;
        var report = await new RunHistory(client, run, Rpc).LastReportAsync();
        return new(cluster, shard, $"{state}, by its search attributes", isPending, why, report);
    }

    public Task<CycleReport> RunCycleAsync(bool dryRun, TimeSpan timeout) => UpdateAsync(
        workflow => workflow.RunCycleAsync(new RunCycleRequest(dryRun)), undo: "pause --reason …", timeout);

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
        await RequireAsync();
        var pollers = await Pollers.WaitAsync(client, Rpc);
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

    /// <summary>
    /// Sends an update and waits for its answer, by default as long as a small one takes. Without an answer it names
    /// the command that undoes the update, if there is one.
    /// </summary>
    public async Task<T> UpdateAsync<T>(
        Expression<Func<GcWorkflow, Task<T>>> update, string? undo = null, TimeSpan? timeout = null)
    {
        // The SDK repeats the call without end; only a token stops it.
        var patience = timeout ?? AnswerTimeout;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(patience);
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
                    $"no answer within {DurationText.Format(patience)}, but the request was accepted: Temporal keeps "
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
            await RequireAsync();
            throw;
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
    }
}

/// <summary>
/// What Temporal's server knows of a collector when no worker answers: its search attributes, since when no worker has
/// polled, and the report of the last cycle that ended in this run, if any has.
/// </summary>
internal sealed record StatusWithoutWorker(
    string Cluster, string Shard, string State, bool PendingApproval, string Worker, CycleReport? LastReport = null);
