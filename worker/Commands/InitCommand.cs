using Nstance.Temporal.Activities.KeepAlive;
using Nstance.Temporal.Worker.Options;

namespace Nstance.Temporal.Worker.Commands;

/// <summary><c>nstance-gc init</c>: a shard from nothing to a collector in dry-run. Safe to repeat.</summary>
internal static class InitCommand
{
    private const string Help = """
        Set up a shard in one go: check everything, register the search attributes, create the schedule, start the
        collector in dry-run, and tell the next steps. A schedule that is there already is left as it is.
          nstance-gc init --cluster prod --shard us-west-2a --bucket prod-nstance
        """;

    public static Command Make(CommandLine line)
    {
        var skip = Arguments.SkipChecks();

        // A new shard starts in dry-run; schedule create can start it in another mode.
        var settings = Arguments.Of(Settings.Of(SettingUse.Shard, SettingUse.Collector)
            .Where(setting => setting.Name != nameof(GcOptions.DryRun)));
        return line.Make("init", Help, [.. settings, skip], async invocation =>
        {
            var setup = await ShardSetup.PrepareAsync(invocation, invocation.Get(skip));
            var created = await CreateAsync(setup, invocation.Rpc);
            var shard = $"--cluster {setup.Shard.Cluster} --shard {setup.Shard.Shard}";
            string[] next =
            [
                $"nstance-gc run {shard} --bucket {setup.Shard.Bucket}{Prefix(setup.Shard)}",
                $"nstance-gc status {shard}",
                $"nstance-gc cycle {shard} --dry-run",
                $"nstance-gc enforce {shard}",
            ];
            var result = new
            {
                scheduleId = setup.ScheduleId,
                workflowId = setup.WorkflowId,
                created,
                searchAttributesAdded = setup.AddedAttributes,
                next,
            };
            invocation.Write(result, screen => Write(screen.Output, setup, created, next));
        });
    }

    private static string Prefix(ShardRef shard) => shard.Prefix.Length > 0 ? $" --prefix {shard.Prefix}" : "";

    /// <returns>False if the shard had a schedule.</returns>
    private static async Task<bool> CreateAsync(ShardSetup setup, RpcOptions rpc)
    {
        try
        {
            var input = new GcInput(setup.Shard) { Settings = setup.Settings with { DryRun = null } };
            await setup.PutAsync(GcSchedule.Create(input), replace: false, rpc);

            // The schedule starts it only once a worker polls; started here, its status can be read before that.
            await CollectorStart.EnsureRunsAsync(setup.Client, input);
            return true;
        }
        catch (CommandException e) when (e.Code == ExitCode.Refused)
        {
            return false;
        }
    }

    private static void Write(TextWriter output, ShardSetup setup, bool created, string[] next)
    {
        var added = setup.AddedAttributes;
        var attributes = added.Count > 0 ? $"registered {string.Join(", ", added)}" : "all there";
        var state = created
            ? "created, collector started in dry-run: it ends nothing"
            : "there already, left as it is";
        output.WriteLine($"""
            search attributes: {attributes}
            schedule {setup.ScheduleId}: {state}

            next:
              1. a worker on each host that may collect (beside nstance's server add --shared-database-path FILE):
                   {next[0]}
              2. look at it, and at what it would terminate:
                   {next[1]}
                   {next[2]}
              3. slow nstance's own collector down for this shard (docs/operations.md), then let this one end machines:
                   {next[3]}
            """);
    }
}
