using System.CommandLine;
using System.CommandLine.Parsing;

namespace Nstance.Temporal.Simulation;

/// <summary>An option that is a whole number within bounds.</summary>
internal static class NumberOption
{
    public static Option<int> Make(string name, string description, int standard, int min, int max) => new(name)
    {
        Description = $"{description}, {min} to {max}",
        DefaultValueFactory = _ => standard,
        CustomParser = result => Parse(result, name, min, max),
    };

    private static int Parse(ArgumentResult result, string name, int min, int max)
    {
        var text = result.Tokens.Count > 0 ? result.Tokens[0].Value : "";
        if (int.TryParse(text, out var number) && number >= min && number <= max) return number;
        result.AddError($"{name}: '{text}' is not a whole number from {min} to {max}");
        return 0;
    }
}
