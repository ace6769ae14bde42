using Nstance.Temporal.Worker.Options;

namespace Nstance.Temporal.Worker.Commands;

/// <summary><c>nstance-gc schedule create</c>: checks first, then search attributes, then the schedule.</summary>
internal static class ScheduleCreateCommand
{
    private const string Help = """
        Keep one collector alive for a shard, and start it now. Everything is checked first. With --replace what is
        named is changed, in the schedule and in the collector that runs; all else keeps its value.
          nstance-gc schedule create --cluster prod --shard us-west-2a --bucket prod-nstance --dry-run
          nstance-gc schedule create --cluster prod --shard us-west-2a --bucket prod-nstance --interval 5m --replace
        """;

    public static Command Make(CommandLine line)
    {
        var paused = new Option<bool>("--paused")
        {
            Description = "Create it paused; nothing starts until schedule resume",
        };
        var replace = Arguments.Replace();
        var skip = Arguments.SkipChecks();
        var settings = Arguments.Of(Settings.Of(SettingUse.Shard, SettingUse.Collector));
        return line.Make("create", Help, [.. settings, paused, replace, skip], async invocation =>
        {
            var outcome = await ShardSetup.RunAsync(invocation, invocation.Get(skip), (read, client) =>
                new(invocation, read, client)
                {
                    Replace = invocation.Get(replace),
                    Paused = invocation.Get(paused) ? true : null,
                });
            var shard = $"--cluster {outcome.Shard.Cluster} --shard {outcome.Shard.Shard}";
            invocation.Write(outcome.ToJson([$"nstance-gc status {shard}"]), screen =>
            {
                SetupResult.Write(screen, outcome);
                screen.Output.WriteLine($"look at it with: nstance-gc status {shard}");
            });
            return outcome.Code;
        });
    }
}
