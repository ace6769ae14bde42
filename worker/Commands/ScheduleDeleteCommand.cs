using Nstance.Temporal.Worker.Hosting;
using Temporalio.Client.Schedules;

namespace Nstance.Temporal.Worker.Commands;

/// <summary>
/// <c>nstance-gc schedule delete</c>: deletes the schedule, with <c>--stop</c> also ends the collector and its
/// reconciler, and says in each case what goes on.
/// </summary>
internal static class ScheduleDeleteCommand
{
    private const string Help = """
        Delete the schedule. Without --stop a collector that runs goes on, but is not started again. --stop also ends
        the collector and its reconciler, with or without a schedule.
          nstance-gc schedule delete --cluster prod --shard us-west-2a --stop
        """;

    private const string Later = "asked to end; no worker answered, so it ends when one polls (nstance-gc run)";

    /// <summary>A collector ends once the phase under way is cancelled.</summary>
    private static readonly TimeSpan CollectorTimeout = TimeSpan.FromSeconds(20);

    /// <summary>A reconciler works on its queue for 30 seconds before it ends.</summary>
    private static readonly TimeSpan ReconcilerTimeout = TimeSpan.FromSeconds(60);

    public static Command Make(CommandLine line)
    {
        var stop = new Option<bool>("--stop") { Description = "End the collector and its reconciler, too" };
        return line.Make("delete", Help, [.. Arguments.Shard(), stop], async invocation =>
        {
            var collector = await invocation.CollectorAsync();
            var deleted = await DeleteAsync(collector, invocation);
            var ended = invocation.Get(stop)
                ? await StopAsync(collector, invocation)
                : new Ended(await GoesOnAsync(collector, invocation), null);
            if (!deleted && ended is { Collector: null, Reconciler: null }) throw NotThere(collector);
            var done = deleted ? "deleted" : "not found";
            invocation.Write(
                new
                {
                    scheduleId = collector.Schedule.Id,
                    done,
                    collector = ended.Collector ?? "none runs",
                    reconciler = ended.Reconciler,
                },
                screen =>
                {
                    screen.Sentence($"schedule {collector.Schedule.Id}: {done}", 0);
                    screen.Sentence($"collector: {ended.Collector ?? "none runs"}", 0);
                    if (ended.Reconciler is { } reconciler) screen.Sentence($"reconciler: {reconciler}", 0);
                    if (ended.Collector is not null && !invocation.Get(stop))
                        screen.Line($"next: nstance-gc schedule delete {collector.Named} --stop");
                });
            return ended.IsLate ? ExitCode.Unreachable : deleted || invocation.Get(stop)
                ? ExitCode.Done : ExitCode.NotFound;
        });
    }

    /// <returns>False if no schedule exists.</returns>
    private static async Task<bool> DeleteAsync(Collector collector, Invocation invocation)
    {
        var found = await FoundCollector.OrNullAsync(() => collector.Schedule.DescribeAsync(invocation.Rpc));
        if (found is null) return false;
        await collector.Schedule.DeleteAsync(invocation.Rpc);

        // A start that waits for a worker would bring the collector back.
        foreach (var start in found.Info.RunningActions.OfType<ScheduleActionExecutionStartWorkflow>())
        {
            await IfThereAsync(() => collector.Client.GetWorkflowHandle(start.WorkflowId).TerminateAsync(
                "the schedule was deleted", new() { Rpc = invocation.Rpc }));
        }

        return true;
    }

    private static async Task<string?> GoesOnAsync(Collector collector, Invocation invocation)
    {
        var found = await FoundCollector.ReadAsync(collector, invocation.Rpc);
        if (!found.Runs) return null;
        var mode = found.Status switch
        {
            null => "",
            { DryRun: true } => " in dry-run",
            _ => " in enforce: it terminates instances",
        };
        return $"goes on{mode}, and is not started again";
    }

    private static async Task<Ended> StopAsync(Collector collector, Invocation invocation)
    {
        var ofCollector = await EndAsync(
            collector, collector.WorkflowId, CollectorTimeout, invocation, _ => Task.FromResult("ended"));
        var ofReconciler = await EndAsync(
            collector, collector.ReconcilerId, ReconcilerTimeout, invocation, async handle =>
            {
                var dropped = await handle.GetResultAsync<ReconcilerResult>();
                return dropped is (0, 0)
                    ? "ended, its queue was empty"
                    : $"ended; dropped {dropped.Queued} events that were not handled and {dropped.ToNotify} "
                        + "that were not notified";
            });
        return new(ofCollector, ofReconciler);
    }

    /// <summary>Cancels a workflow and waits for its end. Null: it does not run.</summary>
    private static async Task<string?> EndAsync(
        Collector collector,
        string workflowId,
        TimeSpan timeout,
        Invocation invocation,
        Func<WorkflowHandle, Task<string>> result)
    {
        if (!await FoundCollector.RunsAsync(collector.Client, workflowId, invocation.Rpc)) return null;
        var handle = collector.Client.GetWorkflowHandle(workflowId);
        await IfThereAsync(() => handle.CancelAsync(new() { Rpc = invocation.Rpc }));
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(invocation.CancellationToken);
        limit.CancelAfter(timeout);
        try
        {
            await handle.GetResultAsync(rpcOptions: new() { CancellationToken = limit.Token });
            return await result(handle);
        }
        catch (WorkflowFailedException)
        {
            return "ended";
        }
        catch (Exception e) when (limit.IsCancellationRequested && !invocation.CancellationToken.IsCancellationRequested
            && e is OperationCanceledException or TemporalException)
        {
            return Later;
        }
    }

    private static async Task IfThereAsync(Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (RpcException e) when (e.Code == RpcException.StatusCode.NotFound)
        {
            // It has ended meanwhile, as wanted.
        }
    }

    private static CommandException NotThere(Collector collector) => new(
        ExitCode.NotFound,
        $"no schedule {collector.Schedule.Id} in namespace {collector.Client.Options.Namespace}, "
        + "and no collector runs");

    /// <summary>The end of each workflow as a sentence; null: it did not run.</summary>
    private sealed record Ended(string? Collector, string? Reconciler)
    {
        public bool IsLate => Collector == Later || Reconciler == Later;
    }
}
