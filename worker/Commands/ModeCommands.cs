using System.CommandLine;
using Nstance.Temporal.Activities.KeepAlive;
using Nstance.Temporal.Worker.Options;
using Nstance.Temporal.Worker.Output;
using Temporalio.Client;
using Temporalio.Client.Schedules;
using Temporalio.Converters;
using Temporalio.Exceptions;

namespace Nstance.Temporal.Worker.Commands;

/// <summary><c>nstance-gc enforce</c> and <c>dry-run</c>: whether a shard's collector ends anything.</summary>
internal static class ModeCommands
{
    private const string EnforceHelp = """
        Let a shard's collector end and delete what it only told of until now. Read its reports first.
          nstance-gc status --cluster prod --shard us-west-2a
          nstance-gc enforce --cluster prod --shard us-west-2a --comment "reports read for a day"
        """;

    private const string DryRunHelp = """
        Let a shard's collector only tell what it would be terminated. A cycle under way is stopped.
          nstance-gc dry-run --cluster prod --shard us-west-2a --comment "strange reports"
        """;

    public static Command MakeEnforce(CommandLine line) => Make(line, "enforce", EnforceHelp, dryRun: false);

    public static Command MakeDryRun(CommandLine line) => Make(line, "dry-run", DryRunHelp, dryRun: true);

    private static Command Make(CommandLine line, string name, string help, bool dryRun)
    {
        var comment = new Option<string?>("--comment") { Description = "Why; others will read it", HelpName = "TEXT" };
        var by = SteeringOptions.By();
        var command = line.Make(name, help, Settings.Named("Cluster", "Shard"), async invocation =>
        {
            var options = invocation.Read("Cluster", "Shard");
            var client = await invocation.ConnectAsync(options);
            var collector = new Collector(client, options, invocation.CancellationToken);
            var status = await collector.SetModeAsync(
                new(dryRun, invocation.Parsed.GetValue(by)!) { Comment = invocation.Parsed.GetValue(comment) });
            await RememberAsync(client, status.Shard, dryRun, invocation);
            invocation.Write(status, screen => StatusText.Write(screen.Console, status));
            return ExitCode.Done;
        });
        command.Add(comment);
        command.Add(by);
        return command;
    }

    /// <summary>Also in the schedule: a collector whose history is gone is started from it.</summary>
    private static async Task RememberAsync(TemporalClient client, ShardRef shard, bool dryRun, Invocation invocation)
    {
        var rpc = new RpcOptions { CancellationToken = invocation.CancellationToken };
        try
        {
            await client.GetScheduleHandle(Names.ScheduleId(shard.Cluster, shard.Shard)).UpdateAsync(
                async update =>
                {
                    if (update.Description.Schedule.Action is not ScheduleActionStartWorkflow { Args.Count: > 0 } start) return null;
                    if (start.Args.First() is not IEncodedRawValue raw) return null;
                    var input = await raw.ToValueAsync<GcInput>();
                    var schedule = GcSchedule.Create(input with { Settings = input.Settings with { DryRun = dryRun } });
                    return new ScheduleUpdate(schedule with { State = update.Description.Schedule.State });
                },
                rpc);
        }
        catch (RpcException e) when (e.Code == RpcException.StatusCode.NotFound)
        {
            invocation.Note("no schedule keeps this collector alive: the mode is the running collector's alone");
        }
    }
}
