using System.CommandLine;

namespace Nstance.Temporal.Simulation;

/// <summary>What the command lines of simulation and benchmarks share.</summary>
internal static class Arguments
{
    /// <summary>Makes an option that is a whole number within bounds.</summary>
    public static Option<int> Number(string name, string description, int standard, int min, int max) =>
        Worker.Commands.Arguments.Whole(name, description, standard, min, max);

    public static Option<string> Text(string name, string description, string standard) => new(name)
    {
        Description = description,
        DefaultValueFactory = _ => standard,
    };

    public static Option<string> Optional(string name, string description) => new(name) { Description = description };

    /// <summary>Makes an option that takes one of two words; the first is the default.</summary>
    public static Option<string> Choice(string name, string description, string standard, string other)
    {
        var option = Text(name, description, standard);
        option.Validators.Add(result =>
        {
            if (result.Tokens.SingleOrDefault()?.Value is { } value && value != standard && value != other)
                result.AddError($"{name}: '{value}' is not {standard} or {other}");
        });
        return option;
    }

    public static Option<string> Output() =>
        Choice("--output", "text or json (one object on the last line)", "text", "json");

    /// <summary>Runs a command, or names all faults of its arguments at once.</summary>
    /// <returns>The command's exit code; 2 for bad arguments.</returns>
    public static async Task<int> InvokeAsync(
        RootCommand root, string name, string[] args, TextWriter stdout, TextWriter stderr, string? hint = null,
        CancellationToken ct = default)
    {
        var parse = root.Parse(args);
        if (parse.CommandResult.Command is { } command and not RootCommand) name = command.Name;
        if (parse.Errors.Count == 0)
            return await parse.InvokeAsync(new InvocationConfiguration { Output = stdout, Error = stderr }, ct);
        foreach (var error in parse.Errors.Select(e => e.Message).Distinct(StringComparer.Ordinal))
            await stderr.WriteLineAsync($"{name}: {error}");
        if (hint is not null) await stderr.WriteLineAsync($"{name}: {hint}");
        return 2;
    }
}
