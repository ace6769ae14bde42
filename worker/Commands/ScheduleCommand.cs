using Nstance.Temporal.Worker.Hosting;
using Nstance.Temporal.Worker.Output;

namespace Nstance.Temporal.Worker.Commands;

/// <summary><c>nstance-gc schedule …</c>: the schedule that keeps a shard's collector alive.</summary>
internal static class ScheduleCommand
{
    private const string ShowHelp = """
        Show the schedule of a shard, and the settings that it hands to a new collector.
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

    private const string DeleteHelp = """
        Delete the schedule. Without --stop a collector that runs goes on, but is not started again.
          nstance-gc schedule delete --cluster prod --shard us-west-2a --stop
        """;

    public static Command Make(CommandLine line)
    {
        var reason = new Option<string?>("--reason") { Description = "Why", HelpName = "TEXT" };
        var stop = new Option<bool>("--stop") { Description = "Cancel the collector that runs, too" };
        return new("schedule", "Keep a shard's collector alive, or stop doing so.")
        {
            ScheduleCreateCommand.Make(line),
            Make(line, "show", ShowHelp, [], async (invocation, collector) =>
            {
                var shown = await ScheduleView.ReadAsync(collector.Schedule, invocation.Rpc);
                invocation.Write(shown, screen => ScheduleText.Write(screen, shown));
            }),
            Change(line, "pause", "paused", PauseHelp, [reason], (invocation, collector) =>
                collector.Schedule.PauseAsync(invocation.Get(reason), invocation.Rpc)),
            Change(line, "resume", "resumed", ResumeHelp, [], (invocation, collector) =>
                collector.Schedule.UnpauseAsync("resumed by nstance-gc", invocation.Rpc)),
            Change(line, "trigger", "triggered", TriggerHelp, [], (invocation, collector) =>
                collector.Schedule.TriggerAsync(new() { Rpc = invocation.Rpc })),
            Change(line, "delete", "deleted", DeleteHelp, [stop], async (invocation, collector) =>
            {
                await collector.Schedule.DeleteAsync(invocation.Rpc);
                if (invocation.Get(stop)) await StopAsync(invocation, collector);
            }),
        };
    }

    private static Command Change(
        CommandLine line,
        string name,
        string done,
        string help,
        Symbol[] own,
        Func<Invocation, Collector, Task> work) =>
        Make(line, name, help, own, async (invocation, collector) =>
        {
            await work(invocation, collector);
            var id = collector.Schedule.Id;
            invocation.Write(
                new { scheduleId = id, done }, screen => screen.Output.WriteLine($"schedule {id}: {done}"));
        });

    private static Command Make(
        CommandLine line, string name, string help, Symbol[] own, Func<Invocation, Collector, Task> work) =>
        line.Make(name, help, [.. Arguments.Shard(), .. own], async invocation =>
        {
            var collector = await invocation.CollectorAsync();
            try
            {
                await work(invocation, collector);
            }
            catch (RpcException e) when (e.Code == RpcException.StatusCode.NotFound)
            {
                throw new CommandException(
                    ExitCode.NotFound,
                    $"no schedule {collector.Schedule.Id} in namespace {collector.Client.Options.Namespace}: "
                    + "nstance-gc init sets one up",
                    e);
            }
        });

    private static async Task StopAsync(Invocation invocation, Collector collector)
    {
        try
        {
            await collector.Client.GetWorkflowHandle(collector.WorkflowId).CancelAsync(new() { Rpc = invocation.Rpc });
        }
        catch (RpcException e) when (e.Code == RpcException.StatusCode.NotFound)
        {
            // None runs, as wanted.
        }
    }
}
