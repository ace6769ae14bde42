using System.Globalization;
using System.Text;

namespace Nstance.Temporal.Benchmarks.Compare;

/// <summary>Time of a sync with all changed over instances, both axes in steps of ten.</summary>
internal static class Chart
{
    private const string Phase = "sync, all changed";
    private const int Width = 640;
    private const int Height = 400;
    private const int Margin = 60;

    private static readonly string[] Colours = ["#c2410c", "#1d4ed8", "#6b7280"];

    public static string Svg(IReadOnlyList<Comparison> comparisons)
    {
        double Of(Comparison one, string method) => Math.Max(1, one.Median(Phase, method, "wall ms"));
        var times = comparisons.SelectMany(one => CompareRun.Methods.Select(method => Of(one, method))).ToList();
        var x = Scale(comparisons.Select(one => (double)one.Instances), Margin, Width - 150);
        var y = Scale(times, Height - Margin, Margin / 2);
        var svg = new StringBuilder(FormattableString.Invariant($"""
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {Width} {Height}"
              font-family="sans-serif" font-size="12">
            """));
        svg.Append(FormattableString.Invariant($"<title>Milliseconds of a {Phase}, over instances</title>"));
        foreach (var one in comparisons)
            Text(x.At(one.Instances), Height - Margin + 20, "middle", Number(one.Instances));
        for (var power = y.From; power <= y.To; power++)
        {
            var at = y.At(Math.Pow(10, power));
            svg.Append(FormattableString.Invariant(
                $"""<line x1="{Margin}" x2="{Width - 150}" y1="{at:0}" y2="{at:0}" stroke="#e5e7eb"/>"""));
            Text(Margin - 8, at + 4, "end", $"{Number(Math.Pow(10, power))} ms");
        }

        foreach (var (method, colour) in CompareRun.Methods.Zip(Colours))
        {
            var points = comparisons.Select(one => (X: x.At(one.Instances), Y: y.At(Of(one, method)))).ToList();
            var path = string.Join(' ', points.Select(p => FormattableString.Invariant($"{p.X:0},{p.Y:0}")));
            svg.Append($"""<polyline fill="none" stroke="{colour}" stroke-width="2" points="{path}"/>""");
            Text(points[^1].X + 8, points[^1].Y + 4, "start", method);
        }

        return svg.Append("</svg>\n").ToString();

        void Text(double left, double top, string anchor, string words) => svg.Append(FormattableString.Invariant(
            $"""<text x="{left:0}" y="{top:0}" text-anchor="{anchor}">{words}</text>"""));
    }

    private static string Number(double value) => value.ToString("N0", CultureInfo.InvariantCulture);

    private static (double From, double To, Func<double, double> At) Scale(
        IEnumerable<double> values, double low, double high)
    {
        var all = values.ToList();
        var from = Math.Floor(Math.Log10(all.Min()));
        var to = Math.Max(from + 1, Math.Ceiling(Math.Log10(all.Max())));
        return (from, to, value => low + ((Math.Log10(value) - from) / (to - from) * (high - low)));
    }
}
