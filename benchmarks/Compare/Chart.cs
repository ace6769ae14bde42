using System.Text;

namespace Nstance.Temporal.Benchmarks.Compare;

/// <summary>Time of a sync with all changed over instances, both axes in steps of ten.</summary>
internal static class Chart
{
    private const string Row = "sync, all changed";
    private const int Left = 70;
    private const int Bottom = 340;
    private const int Width = 420;
    private const int Height = 310;

    private static readonly string[] Colours = ["#c2410c", "#1d4ed8", "#6b7280"];

    public static string Svg(IReadOnlyList<Comparison> comparisons)
    {
        var times = comparisons.SelectMany(one => Comparison.Methods.Select(m => one.Milliseconds(Row, m)))
            .OfType<double>().Select(Math.Log10).ToList();
        var lowest = Math.Floor(times.Min());
        var highest = Math.Ceiling(times.Max());
        var decades = Math.Max(1, Math.Log10(comparisons[^1].Instances / (double)comparisons[0].Instances));
        var svg = new StringBuilder($"""
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 400" font-family="sans-serif" font-size="12">
            <title>Milliseconds of a {Row}, over instances, {comparisons[0].LatencyMs} ms a call</title>

            """);
        foreach (var one in comparisons) Text(X(one.Instances), Bottom + 20, "middle", $"{one.Instances:N0}");
        for (var ms = Math.Pow(10, lowest); ms <= Math.Pow(10, highest); ms *= 10)
        {
            svg.AppendLine($"""<path d="M{Left} {Y(ms):0}h{Width}" stroke="#e5e7eb"/>""");
            Text(Left - 8, Y(ms) + 4, "end", $"{ms:N0} ms");
        }

        foreach (var (n, (method, colour)) in Comparison.Methods.Zip(Colours).Index())
        {
            var points = comparisons.Where(one => one.Milliseconds(Row, method) is not null)
                .Select(one => $"{X(one.Instances):0} {Y(one.Milliseconds(Row, method)!.Value):0}");
            svg.AppendLine(
                $"""<path fill="none" stroke="{colour}" stroke-width="2" d="M{string.Join('L', points)}"/>""");
            Text(Left + 20, 20 + (16 * n), "start", method, colour);
        }

        return svg.Append("</svg>\n").ToString();

        double X(double size) => Left + (Math.Log10(size / comparisons[0].Instances) / decades * Width);

        double Y(double ms) => Bottom - ((Math.Log10(ms) - lowest) / (highest - lowest) * Height);

        void Text(double x, double y, string anchor, string words, string colour = "black") => svg.AppendLine(
            $"""<text x="{x:0}" y="{y:0}" text-anchor="{anchor}" fill="{colour}">{words}</text>""");
    }
}
