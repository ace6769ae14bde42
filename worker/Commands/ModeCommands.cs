using Nstance.Temporal.Activities.KeepAlive;
using Nstance.Temporal.Worker.Hosting;
using Nstance.Temporal.Worker.Output;
using Temporalio.Client.Schedules;

namespace Nstance.Temporal.Worker.Commands;

/// <summary><c>nstance-gc enforce</c> and <c>dry-run</c>: whether a shard's collector terminates anything.</summary>
internal static class ModeCommands
{
    private const string EnforceHelp = """
        Let a shard's collector terminate and delete what it has only reported so far. Read its reports first.
          nstance-gc status --cluster prod --shard us-west-2a
          nstance-gc enforce --cluster prod --shard us-west-2a --comment "reports read for a day"
        """;

    private const string DryRunHelp = """
        Let a shard's collector report what it would terminate, and terminate nothing. A cycle under way is stopped.
          nstance-gc dry-run --cluster prod --shard us-west-2a --comment "strange reports"
        """;

    public static Command Make(CommandLine line, bool dryRun)
    {
        var name = dryRun ? "dry-run" : "enforce";
        var comment = Arguments.Why("--comment", required: false);
        var by = Arguments.By();
        return line.Make(name, dryRun ? DryRunHelp : EnforceHelp, [.. Arguments.Shard(), comment, by], invocation =>
        {
            var request = new ModeRequest(dryRun, invocation.Get(by), invocation.Get(comment));
            return invocation.SteerAsync(
                async collector =>
                {
                    // Dry-run is also asked for without a worker: it can only stop what would be terminated.
                    if (!dryRun) await collector.AnswerFirstAsync();
                    var status = await collector.UpdateAsync(
                        workflow => workflow.SetModeAsync(request), undo: dryRun ? "enforce" : "dry-run");
                    await RememberAsync(collector, dryRun, invocation);
                    return status;
                },
                ChangeText.ModeSet);
        });
    }

    /// <summary>Sets the mode in the schedule too, which starts a collector whose history is gone.</summary>
    private static async Task RememberAsync(Collector collector, bool dryRun, Invocation invocation)
    {
        var isThere = await FoundCollector.IsThereAsync(() => collector.Schedule.UpdateAsync(
            async update =>
            {
                var old = update.Description.Schedule;
                if (await ScheduleView.InputAsync(old) is not { } input) return null;
                var schedule = GcSchedule.Create(input with { Settings = input.Settings with { DryRun = dryRun } });
                return new ScheduleUpdate(schedule with { State = old.State });
            },
            invocation.Rpc));
        if (!isThere)
            invocation.Note("no schedule keeps this collector alive: the mode is the running collector's alone");
    }
}
