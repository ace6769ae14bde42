using Nstance.Temporal.Activities.KeepAlive;
using Nstance.Temporal.Worker.Hosting;
using Nstance.Temporal.Worker.Options;

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
        var paused = new Option<bool>("--paused")
        {
            Description = "Create it paused; nothing starts until schedule resume",
        };
        var replace = new Option<bool>("--replace") { Description = "Overwrite a schedule that is there already" };
        var skip = Arguments.SkipChecks();
        var settings = Arguments.Of(Settings.Of(SettingUse.Shard, SettingUse.Collector));
        return line.Make("create", Help, [.. settings, paused, replace, skip], async invocation =>
        {
            var setup = await ShardSetup.PrepareAsync(invocation, invocation.Get(skip));
            var shard = setup.Shard;
            var schedule = GcSchedule.Create(new(shard) { Settings = setup.Settings });
            if (invocation.Get(paused))
                schedule = schedule with { State = new() { Paused = true, Note = "created paused by nstance-gc" } };
            var replaced = await setup.PutAsync(schedule, invocation.Get(replace), invocation.Rpc);
            var result = new
            {
                scheduleId = setup.ScheduleId,
                workflowId = setup.WorkflowId,
                shard,
                settings = setup.Settings,
                paused = schedule.State.Paused,
                replaced,
                searchAttributesAdded = setup.AddedAttributes,
            };
            invocation.Write(result, screen =>
            {
                var what = $"{(replaced ? "replaced" : "created")}, {(result.paused ? "paused" : "collector started")}";
                screen.Output.WriteLine($"schedule {result.scheduleId}: {what}");
                screen.Output.WriteLine(
                    $"look at it with: nstance-gc status --cluster {shard.Cluster} --shard {shard.Shard}");
            });
            if (replaced) await ConfigureAsync(invocation, setup);
        });
    }

    /// <summary>Gives the new settings to a collector that runs; the schedule starts any other with them.</summary>
    private static async Task ConfigureAsync(Invocation invocation, ShardSetup setup)
    {
        try
        {
            var shard = setup.Shard;
            await new Collector(setup.Client, shard.Cluster, shard.Shard, invocation.CancellationToken)
                .UpdateAsync(workflow => workflow.ConfigureAsync(setup.Settings));
        }
        catch (CommandException e) when (e.Code == ExitCode.NotFound)
        {
            // None runs.
        }
        catch (Exception e) when (e is CommandException or TemporalException)
        {
            var why = Failure.Of(e).Lines[0];
            invocation.Note($"the schedule is replaced, but the collector that runs kept its settings: {why}");
        }
    }
}
