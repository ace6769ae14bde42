using System.Diagnostics;
using System.Text;
using Nstance.Temporal.Benchmarks.Fleet;
using Nstance.Temporal.Benchmarks.Measuring;

namespace Nstance.Temporal.Benchmarks.Compare;

/// <summary>Figures of all runs, by phase, column and kind; and their ratios within each run.</summary>
internal sealed class Comparison(int instances, int latencyMs)
{
    private static readonly string[] Kinds = ["wall ms", "processor ms", "calls", "peak MB over idle"];

    private readonly List<string> _phases = [];
    private readonly Dictionary<(string Phase, string Column, string Kind), List<double>> _values = [];

    public int Instances => instances;

    /// <summary>Measures one phase; its answer must be as expected, if anything is.</summary>
    public async Task TimeAsync(string phase, string column, int? expected, Calls calls, Func<Task<int>> work)
    {
        if (!_phases.Contains(phase)) _phases.Add(phase);
        calls.Reset();
        Memory.ForgetPeak();
        var idle = Memory.ResidentMb();
        var processor = Environment.CpuUsage.TotalTime;
        var clock = Stopwatch.StartNew();
        var answer = await work();
        double[] figures =
        [
            (clock.Elapsed + calls.Added).TotalMilliseconds,
            (Environment.CpuUsage.TotalTime - processor).TotalMilliseconds,
            calls.Total,
            Memory.PeakMb() - idle,
        ];
        if (expected is not null && answer != expected)
            throw new InvalidOperationException($"{phase} by {column}: {answer} instead of {expected}");
        foreach (var (kind, figure) in Kinds.Zip(figures)) Of(phase, column, kind).Add(figure);
    }

    public double Median(string phase, string column, string kind) => Median(Of(phase, column, kind));

    /// <summary>Phases of our cycle that are not at least as many times faster than the original's method.</summary>
    public IEnumerable<string> SlowerThan(int times) =>
        from phase in _phases
        where _values.ContainsKey((phase, CompareRun.Original, Kinds[0]))
        let ratio = Median(Ratios(phase, CompareRun.Original, CompareRun.Ours, Kinds[0]))
        where ratio < times
        select $"{phase}: ours is {ratio:0.0} times as fast as the original's method; at least {times} is required";

    public string Text()
    {
        var text = new StringBuilder();
        foreach (var kind in Kinds)
        {
            text.AppendLine($"\n{instances:N0} instances, {latencyMs} ms a call: {kind}");
            Row("", [.. CompareRun.Methods, "original/ours", "ours/floor"]);
            foreach (var phase in Phases(CompareRun.Original))
            {
                Row(
                    phase, [.. CompareRun.Methods.Select(column => $"{Median(phase, column, kind):N0}"),
                    Ratio(phase, CompareRun.Original, CompareRun.Ours, kind),
                    Ratio(phase, CompareRun.Ours, CompareRun.Floor, kind)]);
            }
        }

        text.AppendLine("\nnstance's own work without and with our tables in its file: wall ms");
        Row("", ["without", "with", "with/without"]);
        foreach (var phase in Phases("without"))
        {
            Row(
                phase, [$"{Median(phase, "without", Kinds[0]):N0}", $"{Median(phase, "with", Kinds[0]):N0}",
                Ratio(phase, "with", "without", Kinds[0])]);
        }

        return text.ToString();

        void Row(string phase, string[] cells) =>
            text.AppendLine($"{phase,-26}{string.Concat(cells.Select(cell => $"{cell,20}"))}".TrimEnd());
    }

    public object Json() => new
    {
        instances,
        latencyMs,
        runs = _values.Values.First().Count,
        figures = _values.Select(value => new
        {
            phase = value.Key.Phase,
            column = value.Key.Column,
            kind = value.Key.Kind,
            median = Math.Round(Median(value.Value), 2),
            min = Math.Round(value.Value.Min(), 2),
            max = Math.Round(value.Value.Max(), 2),
        }),
    };

    private IEnumerable<string> Phases(string column) =>
        _phases.Where(phase => _values.ContainsKey((phase, column, Kinds[0])));

    private List<double> Of(string phase, string column, string kind)
    {
        if (!_values.TryGetValue((phase, column, kind), out var values)) _values[(phase, column, kind)] = values = [];
        return values;
    }

    private string Ratio(string phase, string over, string under, string kind)
    {
        var ratios = Ratios(phase, over, under, kind);
        return ratios.Any(double.IsNaN) || ratios.Any(double.IsInfinity) ? "–"
            : $"{Median(ratios):0.0} ({ratios.Min():0.0} to {ratios.Max():0.0})";
    }

    private List<double> Ratios(string phase, string over, string under, string kind) =>
        [.. Of(phase, over, kind).Zip(Of(phase, under, kind), (one, other) => one / other)];

    private static double Median(List<double> values)
    {
        var sorted = values.Order().ToArray();
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
