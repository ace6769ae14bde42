using System.CommandLine;

namespace Nstance.Temporal.Worker;

/// <summary><c>nstance-gc config …</c>: which settings there are.</summary>
internal static class ConfigCommand
{
    private const string ReferenceHelp = """
        List every setting, with its name in each source, as a table in Markdown.
          nstance-gc config reference
        """;

    public static Command Make(CommandLine line) => new("config", "List the settings; nstance-gc doctor checks them.")
    {
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
}
