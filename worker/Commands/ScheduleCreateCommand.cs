using System.CommandLine;
using Nstance.Temporal.Activities.KeepAlive;
using Nstance.Temporal.Worker.Checks;
using Nstance.Temporal.Worker.Hosting;
using Nstance.Temporal.Worker.Options;
using Temporalio.Client;
using Temporalio.Client.Schedules;
using Temporalio.Exceptions;

namespace Nstance.Temporal.Worker.Commands;

/// <summary><c>nstance-gc schedule create</c>: checks first, then search attributes, then the schedule.</summary>
internal static class ScheduleCreateCommand
{
    private const string Help = """
        Keep one collector alive for a shard, and start it now. Everything is checked first.
          nstance-gc schedule create --cluster prod --shard us-west-2a --bucket prod-nstance --dry-run
          nstance-gc schedule create --cluster prod --shard us-west-2a --bucket prod-nstance --interval 5m --replace
        """;

    public static Command Make(CommandLine line)
    {
        var paused = new Option<bool>("--paused") { Description = "Create it paused; nothing starts until schedule resume" };
        var replace = new Option<bool>("--replace") { Description = "Overwrite a schedule that is there already" };
        var skip = new Option<bool>("--skip-checks") { Description = "Do not look at AWS: this machine has no access to it" };
        var settings = Settings.All.Where(setting => setting.Use is SettingUse.Shard or SettingUse.Collector);
        var command = line.Make("create", Help, settings, async invocation =>
        {
            var options = invocation.Read("Cluster", "Shard", "Bucket");
            var client = await Preflight.ForScheduleAsync(invocation, options, invocation.Parsed.GetValue(skip));
            var rpc = new RpcOptions { CancellationToken = invocation.CancellationToken };
            var added = await SearchAttributes.EnsureAsync(client, rpc);
            var shard = new ShardRef(options.Cluster!, options.Shard!, options.Bucket!);
            var schedule = GcSchedule.Create(new(shard) { Settings = options.ToSettings() });
            if (invocation.Parsed.GetValue(paused))
            {
                schedule = schedule with { State = new() { Paused = true, Note = "created paused by nstance-gc" } };
            }

            var replaced = await PutAsync(client, schedule, shard, invocation.Parsed.GetValue(replace), rpc);

            var result = new
            {
                scheduleId = Names.ScheduleId(shard.Cluster, shard.Shard),
                workflowId = Names.GcWorkflowId(shard.Cluster, shard.Shard),
                shard,
                settings = options.ToSettings(),
                paused = schedule.State.Paused,
                replaced,
                searchAttributesAdded = added,
            };
            invocation.Write(result, screen =>
            {
                var what = replaced ? "replaced" : "created";
                screen.Output.WriteLine($"schedule {result.scheduleId}: {what}{(result.paused ? ", paused" : ", collector started")}");
                screen.Output.WriteLine($"look at it with: nstance-gc status --cluster {shard.Cluster} --shard {shard.Shard}");
            });
            if (replaced)
            {
                await ConfigureAsync(invocation, client, options);
            }

            return ExitCode.Done;
        });
        command.Add(paused);
        command.Add(replace);
        command.Add(skip);
        return command;
    }

    /// <summary>A collector that runs takes the new settings too; one that does not will be started with them.</summary>
    private static async Task ConfigureAsync(Invocation invocation, TemporalClient client, GcOptions options)
    {
        try
        {
            await new Collector(client, options, invocation.CancellationToken).ConfigureAsync(options.ToSettings());
        }
        catch (CommandException e) when (e.Code == ExitCode.NotFound)
        {
            // None runs.
        }
        catch (Exception e) when (e is CommandException or TemporalException)
        {
            invocation.Note($"the schedule is replaced, but the collector that runs kept its settings: {Failure.Of(e).Lines[0]}");
        }
    }

    /// <summary>Creates or replaces.</summary>
    /// <returns>True: there was one, and it was replaced.</returns>
    public static async Task<bool> PutAsync(TemporalClient client, Schedule schedule, ShardRef shard, bool replace, RpcOptions rpc)
    {
        var id = Names.ScheduleId(shard.Cluster, shard.Shard);
        try
        {
            await client.CreateScheduleAsync(id, schedule, new() { TriggerImmediately = !schedule.State.Paused, Rpc = rpc });
            return false;
        }
        catch (ScheduleAlreadyRunningException e) when (!replace)
        {
            throw new CommandException(
                ExitCode.Refused, $"schedule {id} exists already: --replace overwrites it, nstance-gc schedule show tells what it says", e);
        }
        catch (ScheduleAlreadyRunningException)
        {
            var handle = client.GetScheduleHandle(id);
            await handle.UpdateAsync(_ => new ScheduleUpdate(schedule), rpc);
            if (!schedule.State.Paused)
            {
                await handle.TriggerAsync(new() { Rpc = rpc });
            }

            return true;
        }
    }
}
