using Nstance.Temporal.Worker.Checks;
using Spectre.Console;

namespace Nstance.Temporal.Worker.Output;

/// <summary>Checks for people: one line each.</summary>
internal static class CheckText
{
    public static void Write(IAnsiConsole console, IReadOnlyList<Check> checks)
    {
        var width = checks.Max(check => check.Name.Length);
        foreach (var check in checks)
        {
            var mark = check.State switch
            {
                CheckState.Ok => "[green]ok     [/]",
                CheckState.Warning => "[yellow]warning[/]",
                CheckState.Failed => "[red]FAILED [/]",
                _ => "[grey]skipped[/]",
            };
            // Not wrapped: one fault, one line, also in a narrow pipe.
            console.Write(new Markup($"{mark} {check.Name.PadRight(width)}  {Markup.Escape(check.Detail)}\n") { Overflow = Overflow.Fold });
        }
    }
}
