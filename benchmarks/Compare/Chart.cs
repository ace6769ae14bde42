using System.Text;

namespace Nstance.Temporal.Benchmarks.Compare;

/// <summary>Time of a sync with all changed over instances, both axes in steps of ten.</summary>
internal static class Chart
{
    private const string Phase = "sync, all changed";
    private const int Left = 70;
    private const int Right = 490;
    private const int Bottom = 340;
    private const int Top = 30;

    private static readonly string[] Colours = ["#c2410c", "#1d4ed8", "#6b7280"];

    public static string Svg(IReadOnlyList<Comparison> comparisons)
    {
        var times = comparisons.SelectMany(one => Comparison.Methods.Select(m => one.Milliseconds(Phase, m)))
            .OfType<double>().Select(Power).ToList();
        var lowest = Math.Floor(times.Min());
        var highest = Math.Ceiling(times.Max());
        var first = Power(comparisons[0].Instances);
        var decades = Math.Max(1, Power(comparisons[^1].Instances) - first);
        double X(int size) => Left + ((Power(size) - first) / decades * (Right - Left));
        double Y(double power) => Bottom - ((power - lowest) / (highest - lowest) * (Bottom - Top));
        var svg = new StringBuilder(FormattableString.Invariant($"""
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 400" font-family="sans-serif" font-size="12">
            <title>Milliseconds of a {Phase}, over instances, {comparisons[0].LatencyMs} ms a call</title>

            """));
        foreach (var size in comparisons.Select(one => one.Instances)) Text(X(size), Bottom + 20, "middle", size, "");
        for (var power = lowest; power <= highest; power++)
        {
            svg.AppendLine(FormattableString.Invariant(
                $"""<path d="M{Left} {Y(power):0}H{Right}" stroke="#e5e7eb"/>"""));
            Text(Left - 8, Y(power) + 4, "end", Math.Pow(10, power), " ms");
        }

        foreach (var (method, colour) in Comparison.Methods.Zip(Colours))
        {
            var points = comparisons.Where(one => one.Milliseconds(Phase, method) is not null)
                .Select(one => (X: X(one.Instances), Y: Y(Power(one.Milliseconds(Phase, method)!.Value)))).ToList();
            var path = string.Join('L', points.Select(p => FormattableString.Invariant($"{p.X:0} {p.Y:0}")));
            svg.AppendLine($"""<path fill="none" stroke="{colour}" stroke-width="2" d="M{path}"/>""");
            Text(points[^1].X + 8, points[^1].Y + 4, "start", null, method);
        }

        return svg.Append("</svg>\n").ToString();

        void Text(double x, double y, string anchor, double? number, string words) => svg.AppendLine(
            FormattableString.Invariant(
                $"""<text x="{x:0}" y="{y:0}" text-anchor="{anchor}">{number:N0}{words}</text>"""));
    }

    private static double Power(double value) => Math.Log10(Math.Max(1, value));
}
