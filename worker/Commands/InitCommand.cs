using System.CommandLine;
using Nstance.Temporal.Activities.KeepAlive;
using Nstance.Temporal.Worker.Checks;
using Nstance.Temporal.Worker.Hosting;
using Nstance.Temporal.Worker.Options;
using Nstance.Temporal.Worker.Output;
using Temporalio.Client;

namespace Nstance.Temporal.Worker.Commands;

/// <summary><c>nstance-gc init</c>: a shard from nothing to a collector in dry-run. Safe to repeat.</summary>
internal static class InitCommand
{
    private const string Help = """
        Set up a shard in one go: check everything, register the search attributes, create the schedule, start the collector in dry-run,
        and tell the next steps. A schedule that is there already is left as it is.
          nstance-gc init --cluster prod --shard us-west-2a --bucket prod-nstance
        """;

    public static Command Make(CommandLine line)
    {
        var skip = new Option<bool>("--skip-checks") { Description = "Do not look at AWS: this machine has no access to it" };
        // A new shard shows first what it would do; schedule create is for whoever knows better.
        var settings = Settings.All.Where(s => s.Use is SettingUse.Shard or SettingUse.Collector && s.Name != nameof(GcOptions.DryRun));
        var command = line.Make("init", Help, settings, async invocation =>
        {
            var options = invocation.Read("Cluster", "Shard", "Bucket");
            var client = await Preflight.ForScheduleAsync(invocation, options, invocation.Parsed.GetValue(skip));
            var rpc = new RpcOptions { CancellationToken = invocation.CancellationToken };
            var added = await SearchAttributes.EnsureAsync(client, rpc);
            var shard = new ShardRef(options.Cluster!, options.Shard!, options.Bucket!);
            var created = await CreateAsync(client, new(shard) { Settings = options.ToSettings() with { DryRun = null } }, rpc);
            string[] next = Next(shard);
            invocation.Write(
                new
                {
                    scheduleId = Names.ScheduleId(shard.Cluster, shard.Shard),
                    workflowId = Names.GcWorkflowId(shard.Cluster, shard.Shard),
                    created,
                    searchAttributesAdded = added,
                    next,
                },
                screen => Write(screen, shard, created, added, next));
            return ExitCode.Done;
        });
        command.Add(skip);
        return command;
    }

    /// <returns>False: there was one.</returns>
    private static async Task<bool> CreateAsync(TemporalClient client, GcInput input, RpcOptions rpc)
    {
        try
        {
            await ScheduleCreateCommand.PutAsync(client, GcSchedule.Create(input), input.Shard, replace: false, rpc);
            // The schedule would start it too, but only once a worker polls: whoever asks for its status before should not read that there is none.
            await CollectorStart.EnsureRunsAsync(client, input);
            return true;
        }
        catch (CommandException e) when (e.Code == ExitCode.Refused)
        {
            return false;
        }
    }

    private static string[] Next(ShardRef shard)
    {
        var of = $"--cluster {shard.Cluster} --shard {shard.Shard}";
        return
        [
            $"nstance-gc run {of} --bucket {shard.Bucket}",
            $"nstance-gc status {of}",
            $"nstance-gc cycle {of} --dry-run",
            $"nstance-gc enforce {of}",
        ];
    }

    private static void Write(Screen screen, ShardRef shard, bool created, IReadOnlyList<string> added, string[] next)
    {
        var output = screen.Output;
        output.WriteLine(added.Count > 0 ? $"search attributes: registered {string.Join(", ", added)}" : "search attributes: all there");
        output.WriteLine(created
            ? $"schedule {Names.ScheduleId(shard.Cluster, shard.Shard)}: created, collector started in dry-run: it ends nothing"
            : $"schedule {Names.ScheduleId(shard.Cluster, shard.Shard)}: there already, left as it is");
        output.WriteLine("""

            next:
              1. a worker on each host that may collect (beside nstance's server add --shared-database-path FILE):
            """);
        output.WriteLine($"       {next[0]}");
        output.WriteLine("  2. look at it, and at what it would be terminated:");
        output.WriteLine($"       {next[1]}");
        output.WriteLine($"       {next[2]}");
        output.WriteLine("  3. slow nstance's own collector down for this shard (docs/operations.md), then let this one end machines:");
        output.WriteLine($"       {next[3]}");
    }
}
