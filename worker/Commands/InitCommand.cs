using Nstance.Temporal.Worker.Options;
using Nstance.Temporal.Worker.Output;

namespace Nstance.Temporal.Worker.Commands;

/// <summary><c>nstance-gc init</c>: a shard from nothing to a collector in dry-run. Safe to repeat.</summary>
internal static class InitCommand
{
    private const string Help = """
        Set up a shard in one go: check everything, register the search attributes, create the schedule, start the
        collector in dry-run, and tell the next steps. A collector that runs keeps its mode, and its settings unless
        --replace names others.
          nstance-gc init --cluster prod --shard us-west-2a --bucket prod-nstance
          nstance-gc init --cluster prod --shard us-west-2a --bucket prod-nstance --interval 5m --replace
        """;

    public static Command Make(CommandLine line)
    {
        var skip = Arguments.SkipChecks();
        var replace = Arguments.Replace();

        // A new shard starts in dry-run; schedule create can start it in another mode.
        var settings = Arguments.Of(Settings.Of(SettingUse.Shard, SettingUse.Collector)
            .Where(setting => setting.Name != nameof(GcOptions.DryRun)));
        return line.Make("init", Help, [.. settings, replace, skip], async invocation =>
        {
            var outcome = await ShardSetup.RunAsync(invocation, invocation.Get(skip), (read, client) =>
                new(invocation, read, client)
                {
                    Replace = invocation.Get(replace),
                    Names = read.Given.Where(name => name != nameof(GcOptions.DryRun)).ToHashSet(),
                });
            var next = Next(outcome);
            invocation.Write(outcome.ToJson(next), screen => Write(screen, outcome, next));
            return outcome.Code;
        });
    }

    private static string[] Next(SetupOutcome outcome)
    {
        var shard = $"--cluster {outcome.Shard.Cluster} --shard {outcome.Shard.Shard}";
        string[] look =
        [
            $"nstance-gc run {shard} --bucket {outcome.Shard.Bucket}{Prefix(outcome.Shard)}",
            $"nstance-gc status {shard}",
            $"nstance-gc cycle {shard} --dry-run",
        ];
        return outcome.Plan.DryRun ? [.. look, $"nstance-gc enforce {shard}"] : look;
    }

    private static string Prefix(ShardRef shard) => shard.Prefix.Length > 0 ? $" --prefix {shard.Prefix}" : "";

    private static void Write(Screen screen, SetupOutcome outcome, string[] next)
    {
        SetupResult.Write(screen, outcome);
        screen.Line();
        screen.Line("next:");
        Step(1, "start a worker on each host that may collect; beside nstance's server with --shared-database-path "
            + "and --nstance-server-id", next[0]);
        Step(2, "look at the collector, and at what it would terminate", next[1], next[2]);
        if (next.Length < 4) return;
        Step(3, "let the collector terminate instances; nstance's own collector may run beside it "
            + "(docs/operations.md)", next[3]);

        void Step(int number, string what, params string[] commands)
        {
            screen.Output.Write($"  {number}. ");
            screen.Sentence($"{what}:", 5, isAtIndent: true);
            foreach (var command in commands) screen.Line($"       {command}");
        }
    }
}
