using Nstance.Temporal.Worker.Options;

namespace Nstance.Temporal.Worker.Commands;

/// <summary><c>nstance-gc config …</c>: lists the settings, or checks them.</summary>
internal static class ConfigCommand
{
    private const string ReferenceHelp = """
        List every setting, with its name in each source, as a table in Markdown.
          nstance-gc config reference
        """;

    private const string CheckHelp = """
        Check the settings and all that they name, without touching anything; the same as nstance-gc doctor.
          nstance-gc config check --cluster prod --shard us-west-2a --bucket prod-nstance
        """;

    public static Command Make(CommandLine line) => new("config", "List the settings, or check them.")
    {
        line.Make("check", CheckHelp, Arguments.Of(Settings.All), DoctorCommand.RunAsync),
        line.Make("reference", ReferenceHelp, [], invocation =>
        {
            var settings = Settings.All.Select(s => new
            {
                option = s.Option,
                environment = s.Variable,
                key = $"{Setting.Section}:{s.Name}",
                @default = s.Default,
                help = s.Help,
            });
            invocation.Write(new { settings }, screen => screen.Output.Write(Settings.Markdown()));
            return Task.CompletedTask;
        }),
    };
}
