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
            var stops = invocation.Get(stop);
            var scheduleId = collector.Schedule.Id;
            var deleted = await DeleteAsync(collector, invocation);
            var fate = stops ? await EndAsync(collector.Client, collector.WorkflowId, CollectorTimeout, invocation)
                : await GoesOnAsync(collector, invocation);
            var reconciler = stops
                ? await EndAsync(collector.Client, collector.ReconcilerId, ReconcilerTimeout, invocation) : null;
            if (!deleted && fate is null && reconciler is null)
            {
                throw new CommandException(
                    ExitCode.NotFound,
                    $"no schedule {scheduleId} in namespace {collector.Client.Options.Namespace}, "
                    + "and no collector runs");
            }

            var done = deleted ? "deleted" : "not found";
            invocation.Write(new { scheduleId, done, collector = fate ?? "none runs", reconciler }, screen =>
            {
                screen.Sentence($"schedule {scheduleId}: {done}", 0);
                screen.Sentence($"collector: {fate ?? "none runs"}", 0);
                if (reconciler is not null) screen.Sentence($"reconciler: {reconciler}", 0);
                if (fate is not null && !stops)
                    screen.Line($"next: nstance-gc schedule delete {collector.Named} --stop");
            });
            return fate == Later || reconciler == Later ? ExitCode.Unreachable
                : deleted || stops ? ExitCode.Done : ExitCode.NotFound;
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
            await FoundCollector.IsThereAsync(() => collector.Client.GetWorkflowHandle(start.WorkflowId)
                .TerminateAsync("the schedule was deleted", new() { Rpc = invocation.Rpc }));
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

    /// <summary>Cancels a workflow and waits for its end. Null: it does not run.</summary>
    private static async Task<string?> EndAsync(
        TemporalClient client, string workflowId, TimeSpan timeout, Invocation invocation)
    {
        if (!await FoundCollector.RunsAsync(client, workflowId, invocation.Rpc)) return null;
        var handle = client.GetWorkflowHandle(workflowId);
        await FoundCollector.IsThereAsync(() => handle.CancelAsync(new() { Rpc = invocation.Rpc }));
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(invocation.CancellationToken);
        limit.CancelAfter(timeout);
        try
        {
            // Only the reconciler has a result.
            var rpc = new RpcOptions { CancellationToken = limit.Token };
            return await handle.GetResultAsync<ReconcilerResult?>(rpcOptions: rpc) switch
            {
                null => "ended",
                (0, 0) => "ended, its queue was empty",
                var (queued, toNotify) => $"ended; dropped {queued} events that were not handled and {toNotify} that "
                    + "were not notified",
            };
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
}
