using System.CommandLine;

namespace Nstance.Temporal.Benchmarks.Commands;

/// <summary>Options that every measurement has the same way.</summary>
internal static class Options
{
    public static Option<int> Number(string name, string description, int standard, int min, int max) => new(name)
    {
        Description = $"{description}, {min} to {max}",
        DefaultValueFactory = _ => standard,
        CustomParser = result =>
        {
            var text = result.Tokens.Count > 0 ? result.Tokens[0].Value : "";
            if (int.TryParse(text, out var number) && number >= min && number <= max) return number;
            result.AddError($"{name}: '{text}' is not a whole number from {min} to {max}");
            return 0;
        },
    };

    public static Option<string> Output()
    {
        var output = new Option<string>("--output")
        {
            Description = "text or json (one object on the last line)",
            DefaultValueFactory = _ => "text",
        };
        output.Validators.Add(result =>
        {
            if (result.Tokens.SingleOrDefault()?.Value is not (null or "text" or "json"))
                result.AddError($"--output: '{result.Tokens[0].Value}' is not text or json");
        });
        return output;
    }
}
