using System.Globalization;
using System.Text.RegularExpressions;

namespace Nstance.Temporal.Tests.Worker;

/// <summary>One sample of a Prometheus page.</summary>
internal sealed record Sample(string Name, IReadOnlyDictionary<string, string> Labels, double Value);

/// <summary>A parsed Prometheus page.</summary>
internal sealed partial class Scrape(string page)
{
    public IReadOnlyList<Sample> Samples { get; } =
        [.. page.Split('\n').Where(line => line.Length > 0 && line[0] != '#').Select(Read)];

    public HashSet<string> Names => [.. Samples.Select(sample => sample.Name)];

    /// <summary>Returns the sum of the samples with all these labels; null without such a sample.</summary>
    public double? Sum(string name, params (string Key, string Value)[] labels)
    {
        var found = Samples.Where(s => s.Name == name
            && labels.All(l => s.Labels.GetValueOrDefault(l.Key) == l.Value)).ToList();
        return found.Count == 0 ? null : found.Sum(s => s.Value);
    }

    private static Sample Read(string line)
    {
        var match = Line().Match(line);
        Assert.True(match.Success, line);
        return new(
            match.Groups["name"].Value,
            Label().Matches(match.Groups["labels"].Value).ToDictionary(
                m => m.Groups["key"].Value, m => m.Groups["value"].Value),
            double.Parse(match.Groups["value"].Value.Replace("+Inf", "Infinity"), CultureInfo.InvariantCulture));
    }

    [GeneratedRegex(
        """^(?<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?<labels>.*)\})? (?<value>\S+)( \d+)?$""",
        RegexOptions.ExplicitCapture,
        1000)]
    private static partial Regex Line();

    [GeneratedRegex(
        """(?<key>[a-zA-Z_][a-zA-Z0-9_]*)="(?<value>([^"\\]|\\.)*)",?""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Label();
}
