using Nstance.Temporal.Worker.Options;
using Nstance.Temporal.Worker.Output;

namespace Nstance.Temporal.Worker.Commands;

/// <summary><c>nstance-gc init</c> and <c>schedule create</c>: from nothing to a collector. Safe to repeat.</summary>
internal static class SetupCommands
{
    private const string InitHelp = """
        Set up a shard in one go: check everything, register the search attributes, create the schedule, start the
        collector in dry-run, and tell the next steps. A collector that runs keeps its mode, and its settings unless
        --replace names others.
          nstance-gc init --cluster prod --shard us-west-2a --bucket prod-nstance
          nstance-gc init --cluster prod --shard us-west-2a --bucket prod-nstance --interval 5m --replace
        """;

    private const string CreateHelp = """
        Keep one collector alive for a shard, and start it now. Everything is checked first. With --replace what is
        named is changed, in the schedule and in the collector that runs; all else keeps its value.
          nstance-gc schedule create --cluster prod --shard us-west-2a --bucket prod-nstance --dry-run
          nstance-gc schedule create --cluster prod --shard us-west-2a --bucket prod-nstance --interval 5m --replace
        """;

    public static Command MakeInit(CommandLine line) => Make(line, "init", InitHelp, paused: null);

    public static Command MakeCreate(CommandLine line) => Make(line, "create", CreateHelp, new("--paused")
    {
        Description = "Create it paused; nothing starts until schedule resume",
    });

    /// <summary>Without <paramref name="paused"/> it makes <c>init</c>, which starts a new shard in dry-run.</summary>
    private static Command Make(CommandLine line, string name, string help, Option<bool>? paused)
    {
        var replace = Arguments.Replace();
        var skip = new Option<bool>("--skip-checks")
        {
            Description = "Do not look at AWS: this machine has no access to it",
        };
        var settings = Settings.Of(SettingUse.Shard, SettingUse.Collector)
            .Where(setting => paused is not null || setting.Name != nameof(GcSettings.DryRun));
        Option[] ofCreate = paused is null ? [] : [paused];
        return line.Make(name, help, [.. Arguments.Of(settings), .. ofCreate, replace, skip], async invocation =>
        {
            var setup = await ShardSetup.RunAsync(
                invocation, invocation.Get(skip), invocation.Get(replace),
                paused: paused is not null && invocation.Get(paused) ? true : null,
                setsMode: paused is not null);
            var next = paused is null ? Next(setup) : [$"nstance-gc status {Shard(setup)}"];
            invocation.Write(setup.ToJson(next), screen =>
            {
                Write(screen, setup);
                if (paused is null) WriteSteps(screen, next);
                else screen.Line($"next: {next[0]}");
            });
            return setup.Configured is false ? ExitCode.Unreachable : ExitCode.Done;
        });
    }

    private static string Shard(ShardSetup setup) => $"--cluster {setup.Shard.Cluster} --shard {setup.Shard.Shard}";

    private static string[] Next(ShardSetup setup)
    {
        var prefix = setup.Shard.Prefix.Length > 0 ? $" --prefix {setup.Shard.Prefix}" : "";
        string[] look =
        [
            $"nstance-gc run {Shard(setup)} --bucket {setup.Shard.Bucket}{prefix}",
            $"nstance-gc status {Shard(setup)}",
            $"nstance-gc cycle {Shard(setup)} --dry-run",
        ];
        return setup.Plan.DryRun ? [.. look, $"nstance-gc enforce {Shard(setup)}"] : look;
    }

    private static void WriteSteps(Screen screen, string[] next)
    {
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

    private static void Write(Screen screen, ShardSetup setup)
    {
        var shard = setup.Shard;
        var before = setup.Before;
        var plan = setup.Plan;
        var added = setup.AddedAttributes;
        Line("search attributes", added.Count > 0 ? $"registered {string.Join(", ", added)}" : "all there");
        var done = setup.IsCreated ? "created" : setup.IsReplaced ? "replaced" : "there already, left as it is";
        Line($"schedule {Names.ScheduleId(shard.Cluster, shard.Shard)}", done
            + (plan.Paused ? ", paused: nstance-gc schedule resume starts the collector" : ""));
        Line("collector", Collector(setup));
        var setBy = plan.DryRun == before.Status?.Mode?.DryRun ? before.Status.Mode : null;
        Line("mode", ScheduleText.Mode(plan.DryRun, setBy, plan.Settings.DryRun is null));
        Line("settings", ScheduleText.Settings(plan.Settings));
        Line("nstance's collector", setup.NstanceCollector);
        foreach (var change in plan.Changes) Line("changed", $"{change}");
        foreach (var warning in OwnTimings.Warnings(plan.Settings.Over(before.Status?.Timings ?? new())))
            Line("warning", warning);

        void Line(string what, string value) => screen.Sentence($"{what}: {value}", 0);
    }

    private static string Collector(ShardSetup setup) => setup switch
    {
        { Configured: false } => "runs, but no worker answered. Temporal keeps the new settings for it. It takes them "
            + "when a worker starts (nstance-gc run)",
        { Configured: true } => "runs, and has the new settings",
        { Before: { Runs: true, Status: null } } =>
            "runs, and no worker answers for it; below is what its schedule says",
        { Before.Runs: true } => "runs already",
        { Plan.Paused: true } => "does not run",
        { IsCreated: true } => "started",
        _ => "did not run; it starts again with its last state when a worker polls: in dry-run if it was in dry-run",
    };
}
