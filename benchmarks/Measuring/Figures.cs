using System.Text.Json;

namespace Nstance.Temporal.Benchmarks.Measuring;

/// <summary>Figures over several runs, by name.</summary>
internal sealed class Figures
{
    private readonly SortedDictionary<string, List<double>> _values = new(StringComparer.Ordinal);

    public IReadOnlyDictionary<string, double> Medians => _values.ToDictionary(f => f.Key, f => Median(f.Value));

    /// <summary>Gets smallest and largest of each.</summary>
    private Dictionary<string, double[]> Ranges => _values.ToDictionary(
        f => f.Key, f => (double[])[Math.Round(f.Value.Min(), 2), Math.Round(f.Value.Max(), 2)]);

    public void Add(string name, double value)
    {
        if (!_values.TryGetValue(name, out var values)) _values[name] = values = [];
        values.Add(value);
    }

    /// <summary>Returns what was added last.</summary>
    public double Last(string name) => _values[name][^1];

    /// <summary>Writes medians and ranges: one JSON object, or a line for each figure.</summary>
    /// <param name="to">Where to.</param>
    /// <param name="isJson">True: JSON.</param>
    /// <param name="settings">What stands before the figures.</param>
    /// <param name="more">What stands after them.</param>
    public async Task WriteAsync(
        TextWriter to, bool isJson, Dictionary<string, object>? settings = null,
        Dictionary<string, object>? more = null)
    {
        var json = new Dictionary<string, object>(settings ?? []);
        foreach (var (name, median) in Medians) json[name] = median;
        foreach (var (name, value) in more ?? []) json[name] = value;
        var ranges = Ranges;
        if (isJson)
        {
            json["range"] = ranges;
            await to.WriteLineAsync(JsonSerializer.Serialize(json, JsonSerializerOptions.Web));
            return;
        }

        foreach (var (name, value) in json)
        {
            var range = ranges.TryGetValue(name, out var both) ? $"   {both[0]} … {both[1]}" : "";
            await to.WriteLineAsync($"{name,-24} {JsonSerializer.Serialize(value, JsonSerializerOptions.Web)}{range}");
        }
    }

    private static double Median(List<double> values)
    {
        var sorted = values.Order().ToArray();
        return Math.Round((sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2, 2);
    }
}
