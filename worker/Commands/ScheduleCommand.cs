using System.CommandLine;
using Nstance.Temporal.Worker.Options;
using Nstance.Temporal.Worker.Output;
using Temporalio.Client;
using Temporalio.Client.Schedules;
using Temporalio.Exceptions;

namespace Nstance.Temporal.Worker.Commands;

/// <summary><c>nstance-gc schedule …</c>: what keeps a shard's collector alive.</summary>
internal static class ScheduleCommand
{
    private const string ShowHelp = """
        Show the schedule of a shard, and the settings that it hands to a new collector.
          nstance-gc schedule show --cluster prod --shard us-west-2a
        """;

    public static Command Make(CommandLine line) => new("schedule", "Keep a shard's collector alive, or stop doing so.")
    {
        ScheduleCreateCommand.Make(line),
        line.Make("show", ShowHelp, Settings.Named("Cluster", "Shard"), invocation => OnAsync(
            invocation,
            async (handle, _) =>
            {
                var shown = await ScheduleView.ReadAsync(handle, Rpc(invocation));
                invocation.Write(shown, screen => ScheduleText.Write(screen.Console, shown));
            })),
        MakePause(line),
        MakeResume(line),
        line.Make(
            "trigger",
            "Make sure now, not at the next tick, that the collector runs.\n  nstance-gc schedule trigger --cluster prod --shard us-west-2a",
            Settings.Named("Cluster", "Shard"),
            invocation => OnAsync(invocation, async (handle, _) =>
            {
                await handle.TriggerAsync(new() { Rpc = Rpc(invocation) });
                Done(invocation, handle.Id, "triggered");
            })),
        MakeDelete(line),
    };

    private static Command MakePause(CommandLine line)
    {
        var reason = new Option<string?>("--reason") { Description = "Why", HelpName = "TEXT" };
        var command = line.Make(
            "pause",
            "Stop starting the collector again. One that runs goes on: nstance-gc pause pauses that.\n"
            + "  nstance-gc schedule pause --cluster prod --shard us-west-2a --reason \"maintenance\"",
            Settings.Named("Cluster", "Shard"),
            invocation => OnAsync(invocation, async (handle, _) =>
            {
                await handle.PauseAsync(invocation.Parsed.GetValue(reason), Rpc(invocation));
                Done(invocation, handle.Id, "paused");
            }));
        command.Add(reason);
        return command;
    }

    private static Command MakeResume(CommandLine line) => line.Make(
        "resume",
        "Start the collector again when it does not run.\n  nstance-gc schedule resume --cluster prod --shard us-west-2a",
        Settings.Named("Cluster", "Shard"),
        invocation => OnAsync(invocation, async (handle, _) =>
        {
            await handle.UnpauseAsync("resumed by nstance-gc", Rpc(invocation));
            Done(invocation, handle.Id, "resumed");
        }));

    private static Command MakeDelete(CommandLine line)
    {
        var stop = new Option<bool>("--stop") { Description = "Cancel the collector that runs, too" };
        var command = line.Make(
            "delete",
            "Delete the schedule. Without --stop a collector that runs goes on, but is not started again.\n"
            + "  nstance-gc schedule delete --cluster prod --shard us-west-2a --stop",
            Settings.Named("Cluster", "Shard"),
            invocation => OnAsync(invocation, async (handle, options) =>
            {
                await handle.DeleteAsync(Rpc(invocation));
                if (invocation.Parsed.GetValue(stop))
                {
                    await StopAsync(invocation, handle, options);
                }

                Done(invocation, handle.Id, "deleted");
            }));
        command.Add(stop);
        return command;
    }

    private static async Task StopAsync(Invocation invocation, ScheduleHandle handle, GcOptions options)
    {
        try
        {
            await handle.Client.GetWorkflowHandle(Names.GcWorkflowId(options.Cluster!, options.Shard!))
                .CancelAsync(new() { Rpc = Rpc(invocation) });
        }
        catch (RpcException e) when (e.Code == RpcException.StatusCode.NotFound)
        {
            // None runs: that is what was wanted.
        }
    }

    private static async Task<int> OnAsync(Invocation invocation, Func<ScheduleHandle, GcOptions, Task> work)
    {
        var options = invocation.Read("Cluster", "Shard");
        var client = await invocation.ConnectAsync(options);
        var handle = client.GetScheduleHandle(Names.ScheduleId(options.Cluster!, options.Shard!));
        try
        {
            await work(handle, options);
            return ExitCode.Done;
        }
        catch (RpcException e) when (e.Code == RpcException.StatusCode.NotFound)
        {
            throw new CommandException(
                ExitCode.NotFound,
                $"no schedule {handle.Id} in namespace {client.Options.Namespace}: nstance-gc init sets one up",
                e);
        }
    }

    private static void Done(Invocation invocation, string id, string what) =>
        invocation.Write(new { scheduleId = id, done = what }, screen => screen.Output.WriteLine($"schedule {id}: {what}"));

    private static RpcOptions Rpc(Invocation invocation) => new() { CancellationToken = invocation.CancellationToken };
}
