using System.CommandLine;

namespace Nstance.Temporal.Worker;

/// <summary><c>nstance-gc config …</c>: are the settings right, and what are there?</summary>
internal static class ConfigCommand
{
    private const string CheckHelp = """
        Check everything without touching anything: settings, Temporal, namespace, search attributes, bucket, credentials,
        config.jsonc, cloud, database. Tells all faults at once.
          nstance-gc config check --cluster prod --shard us-west-2a --bucket prod-nstance
        """;

    private const string ReferenceHelp = """
        List every setting, with its name in each source, as a table in Markdown.
          nstance-gc config reference
        """;

    public static Command Make(CommandLine line) => new("config", "Check the configuration, or list the settings.")
    {
        line.Make("check", CheckHelp, Settings.All, CheckAsync),
        line.Make("reference", ReferenceHelp, [], invocation =>
        {
            var settings = Settings.All.Select(s => new
            {
                option = s.Option, environment = s.Variable, key = $"{Setting.Section}:{s.Name}", @default = s.Default, help = s.Help,
            });
            invocation.Write(new { settings }, screen => screen.Output.Write(Settings.Markdown()));
            return Task.FromResult(ExitCode.Done);
        }),
    };

    private static async Task<int> CheckAsync(Invocation invocation)
    {
        var read = invocation.ReadAll("Cluster", "Shard", "Bucket");
        var checks = read.Faults.Select(fault => Check.Failed("settings", fault)).ToList();
        if (checks.Count == 0)
        {
            checks.Add(Check.Ok("settings", "all understood"));
        }

        // Faulty settings hold their defaults or what was given; the checks below tell more faults, or are skipped.
        checks.AddRange(await Preflight.AllAsync(invocation, read.WithoutFaulty()));
        var code = Preflight.ExitCodeOf(checks);
        invocation.Write(
            new { ok = code == ExitCode.Done, checks = checks.Select(c => new { name = c.Name, state = c.State, detail = c.Detail }) },
            screen => CheckText.Write(screen.Console, checks));
        return code;
    }
}
