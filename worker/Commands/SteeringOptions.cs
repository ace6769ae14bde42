using System.CommandLine;
using Nstance.Temporal.Worker.Output;

namespace Nstance.Temporal.Worker.Commands;

/// <summary>Options that commands which steer a collector share.</summary>
internal static class SteeringOptions
{
    private static readonly string Sweeps = string.Join(", ", Enum.GetNames<Sweep>().Select(Word.Kebab));

    public static Option<string> By() => new("--by")
    {
        Description = "Who asks [default: the user's name]",
        HelpName = "NAME",
        DefaultValueFactory = _ => Environment.UserName,
    };

    public static Option<string?> Group() => new("--group") { Description = "Only this group", HelpName = "TENANT/GROUP" };

    public static Option<string?> Sweep() => new("--sweep") { Description = $"Only this sweep: {Sweeps}", HelpName = "SWEEP" };

    /// <summary>Reads both; all faults at once.</summary>
    public static (string? Group, Sweep? Sweep) Part(Option<string?> group, Option<string?> sweep, Invocation invocation)
    {
        var faults = new List<string>();
        var who = invocation.Parsed.GetValue(group);
        if (who is not null && !GcSettingsRules.IsGroup(who)) faults.Add($"--group: \"{who}\" is not tenant/group");
        Sweep? what = null;
        if (invocation.Parsed.GetValue(sweep) is { } text)
        {
            what = Enum.GetValues<Sweep>().Cast<Sweep?>().FirstOrDefault(s => Word.Kebab($"{s}") == text);
            if (what is null) faults.Add($"--sweep: \"{text}\" is not known: {Sweeps}");
        }

        return faults.Count == 0 ? (who, what) : throw new CommandException(ExitCode.BadInput, faults);
    }
}
