using Nstance.Temporal.Worker.Checks;

namespace Nstance.Temporal.Worker.Output;

/// <summary>Outcomes of checks, one line each.</summary>
internal static class ChecksText
{
    public static void Write(Screen screen, List<Check> checks)
    {
        var width = checks.Max(check => check.Name.Length);
        foreach (var check in checks)
        {
            Cell mark = check.State switch
            {
                CheckState.Ok => new Cell("ok     ", Tone.Good),
                CheckState.Warning => new Cell("warning", Tone.Warning),
                CheckState.Failed => new Cell("FAILED ", Tone.Bad),
                _ => "skipped",
            };
            var start = $" {check.Name.PadRight(width)}  ";
            screen.Output.Write(screen.Paint(mark));
            screen.Output.Write(start);
            screen.Sentence(check.Detail, mark.Text.Length + start.Length, isAtIndent: true);
        }
    }
}
