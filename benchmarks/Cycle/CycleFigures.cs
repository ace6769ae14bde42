using Nstance.Temporal.Benchmarks.Measuring;
using Nstance.Temporal.Benchmarks.Ports;

namespace Nstance.Temporal.Benchmarks.Cycle;

/// <summary>What all runs gave. Times in milliseconds.</summary>
internal sealed class CycleFigures(int instances, int latencyMs, int runs)
{
    private readonly SortedDictionary<string, Series> _series = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, Series> _processor = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, Dictionary<string, int>> _calls = new(StringComparer.Ordinal);

    /// <summary>Smallest and largest of each figure.</summary>
    public Dictionary<string, double[]> Ranges => _series.ToDictionary(s => s.Key, s => s.Value.Range);

    public void Add(string name, double value)
    {
        if (!_series.TryGetValue(name, out var series)) _series[name] = series = new Series();
        series.Add(value);
    }

    /// <summary>Processor time, which load from others leaves alone.</summary>
    public void AddProcessor(string name, double value)
    {
        if (!_processor.TryGetValue(name, out var series)) _processor[name] = series = new Series();
        series.Add(value);
    }

    /// <summary>Calls are the same in every run: the last one's are kept.</summary>
    public void AddCalls(string phase, Calls calls) => _calls[phase] = new()
    {
        ["ec2"] = calls.Ec2,
        ["s3"] = calls.S3,
        ["s3Gets"] = calls[Call.GetRecord],
    };

    public IReadOnlyDictionary<string, object> ToJson()
    {
        var json = new Dictionary<string, object> { ["instances"] = instances, ["latencyMs"] = latencyMs, ["runs"] = runs };
        foreach (var (name, series) in _series) json[name] = series.Median;

        // Those of a full collection; a GET for each candidate is its own figure, because evidence sets it.
        json["calls"] = _calls["collection"];
        json["callsOf"] = _calls;
        json["range"] = Ranges;
        json["processor"] = _processor.ToDictionary(s => s.Key, s => s.Value.Median);
        return json;
    }
}
