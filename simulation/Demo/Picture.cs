using System.Net;
using System.Text;

namespace Nstance.Temporal.Simulation.Demo;

/// <summary>Draws the demo's output as an SVG for a document. Files and addresses of this run are left out.</summary>
internal static class Picture
{
    private const double LineHeight = 18;
    private const double CharacterWidth = 7.8;
    private const double Margin = 16;

    /// <summary>Returns the SVG of the lines that a shell showed after a command.</summary>
    public static string Of(string command, string output)
    {
        string[] lines = [$"$ {command}", .. output.TrimEnd().Split('\n').Select(Shown)];
        var width = (lines.Max(line => line.Length) * CharacterWidth) + (2 * Margin);
        var height = (lines.Length * LineHeight) + (2 * Margin);
        var svg = new StringBuilder().Append(FormattableString.Invariant($"""
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:0} {height:0}">
            <rect width="100%" height="100%" rx="8" fill="#1e1e2e"/>
            <g fill="#cdd6f4" font-family="monospace" font-size="13" xml:space="preserve">

            """));
        for (var n = 0; n < lines.Length; n++)
        {
            var top = Margin + ((n + 0.75) * LineHeight);
            var text = WebUtility.HtmlEncode(lines[n]);
            svg.Append(FormattableString.Invariant($"<text x=\"{Margin:0}\" y=\"{top:0}\">{text}</text>\n"));
        }

        return svg.Append("</g>\n</svg>\n").ToString();
    }

    private static string Shown(string line) =>
        line.StartsWith("Temporal server: ", StringComparison.Ordinal) ? line.Split(" at ")[0] : line.TrimEnd();
}
