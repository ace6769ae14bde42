using Nstance.Temporal.Worker.Hosting;
using Nstance.Temporal.Worker.Output;

namespace Nstance.Temporal.Worker.Commands;

/// <summary><c>nstance-gc schedule …</c>: the schedule that keeps a shard's collector alive.</summary>
internal static class ScheduleCommand
{
    private const string ShowHelp = """
        Show the schedule of a shard, the mode and the settings of the collector that runs, and where the schedule,
        which starts the next one, differs.
          nstance-gc schedule show --cluster prod --shard us-west-2a
        """;

    private const string PauseHelp = """
        Stop starting the collector again. One that runs goes on: nstance-gc pause pauses that.
          nstance-gc schedule pause --cluster prod --shard us-west-2a --reason "maintenance"
        """;

    private const string ResumeHelp = """
        Start the collector again when it does not run.
          nstance-gc schedule resume --cluster prod --shard us-west-2a
        """;

    private const string TriggerHelp = """
        Make sure now, not at the next tick, that the collector runs.
          nstance-gc schedule trigger --cluster prod --shard us-west-2a
        """;

    public static Command Make(CommandLine line)
    {
        var reason = new Option<string?>("--reason") { Description = "Why", HelpName = "TEXT" };
        return new("schedule", "Keep a shard's collector alive, or stop doing so.")
        {
            SetupCommands.MakeCreate(line),
            Make(line, "show", ShowHelp, [], async (invocation, collector) =>
            {
                // Fails without a schedule.
                var shown = await ScheduleView.ReadAsync(collector.Schedule, invocation.Rpc);
                var found = await FoundCollector.ReadAsync(collector, invocation.Rpc);
                invocation.Write(ToJson(shown, found), screen => ScheduleText.Write(screen, shown, found));
            }),
            Change(line, "pause", "paused; a collector that runs goes on", "schedule resume", PauseHelp, [reason],
                (invocation, collector) => collector.Schedule.PauseAsync(invocation.Get(reason), invocation.Rpc)),
            Change(line, "resume", "resumed", "status", ResumeHelp, [], (invocation, collector) =>
                collector.Schedule.UnpauseAsync("resumed by nstance-gc", invocation.Rpc)),
            Change(line, "trigger", "triggered", "status", TriggerHelp, [], (invocation, collector) =>
                collector.Schedule.TriggerAsync(new() { Rpc = invocation.Rpc })),
            ScheduleDeleteCommand.Make(line),
        };
    }

    private static object ToJson(ScheduleView view, FoundCollector found) => new
    {
        view.ScheduleId,
        view.Paused,
        view.Note,
        view.Every,
        view.Input,
        view.Started,
        view.Skipped,
        view.LastAt,
        view.NextAt,
        collector = new
        {
            found.Runs,
            dryRun = found.Status?.DryRun,
            found.Status?.Mode,
            found.Status?.Settings,
            found.Status?.Timings,
        },
        differs = ScheduleText.Differences(view, found)
            .Select(change => new { option = change.Option, collector = change.From, schedule = change.To }),
    };

    private static Command Change(
        CommandLine line, string name, string done, string next, string help, Symbol[] own,
        Func<Invocation, Collector, Task> work) =>
        Make(line, name, help, own, async (invocation, collector) =>
        {
            await work(invocation, collector);
            var scheduleId = collector.Schedule.Id;
            invocation.Write(new { scheduleId, done = done.Split(';')[0] }, screen => ChangeText.Write(
                screen, [$"schedule {scheduleId}: {done}", $"next: nstance-gc {next} {collector.Named}"]));
        });

    private static Command Make(
        CommandLine line, string name, string help, Symbol[] own, Func<Invocation, Collector, Task> work) =>
        line.Make(name, help, [.. Arguments.Shard(), .. own], async invocation =>
        {
            var collector = await invocation.CollectorAsync();
            if (await FoundCollector.IsThereAsync(() => work(invocation, collector))) return;
            throw new CommandException(
                ExitCode.NotFound,
                $"no schedule {collector.Schedule.Id} in namespace {collector.Client.Options.Namespace}: "
                + "nstance-gc init sets one up");
        });
}
