using System.Diagnostics;
using System.Text;
using Nstance.Temporal.Benchmarks.Fleet;

namespace Nstance.Temporal.Benchmarks.Compare;

/// <summary>Figures of all runs, by phase, column and kind; and their ratios within each run.</summary>
internal sealed class Comparison(int instances, int latencyMs)
{
    public const string Original = "original's method";
    public const string Ours = "ours";
    public const string Floor = "floor";
    public const string Without = "without";
    public const string With = "with";

    private const string Wall = "wall ms";
    private const string Made = "calls";

    private static readonly string[] Kinds = [Wall, "processor ms", Made, "peak MB over idle"];

    private readonly List<string> _phases = [];
    private readonly Dictionary<(string Phase, string Column, string Kind), List<double>> _values = [];

    public static IReadOnlyList<string> Methods { get; } = [Original, Ours, Floor];

    public int Instances => instances;

    public int LatencyMs => latencyMs;

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
        foreach (var (kind, figure) in Kinds.Zip(figures))
        {
            if (!_values.TryGetValue((phase, column, kind), out var all)) _values[(phase, column, kind)] = all = [];
            all.Add(figure);
        }
    }

    /// <summary>Median wall time in milliseconds; null: not measured.</summary>
    public double? Milliseconds(string phase, string column) =>
        Of(phase, column, Wall) is { Count: > 0 } values ? Median(values) : null;

    /// <summary>
    /// Phases of our cycle that are not at least as many times faster than the original's method. A phase in which ours
    /// makes more calls is not compared: it reads nstance's leader first, and the original makes no such check.
    /// </summary>
    public IEnumerable<string> SlowerThan(int times) =>
        from phase in _phases
        let ratios = Ratios(phase, Original, Ours, Wall)
        where ratios.Count > 0 && Median(ratios) < times
            && Median(Of(phase, Ours, Made)) <= Median(Of(phase, Original, Made))
        select $"{phase}: ours is {Median(ratios):0.0} times as fast as the original's method; at least {times} is "
            + "required";

    public string Text()
    {
        var text = new StringBuilder();
        foreach (var kind in Kinds)
        {
            text.AppendLine($"\n{instances:N0} instances, {latencyMs} ms a call: {kind}");
            Row("", [.. Methods, "original/ours", "ours/floor"]);
            foreach (var phase in _phases.Where(phase => Of(phase, Ours, kind).Count > 0))
            {
                Row(phase, [.. Methods.Select(column => Cell(phase, column, kind)),
                    Ratio(phase, Original, Ours, kind), Ratio(phase, Ours, Floor, kind)]);
            }
        }

        text.AppendLine("\nnstance's own work without and with our tables in its file: wall ms");
        Row("", [Without, With, "with/without"]);
        foreach (var phase in _phases.Where(phase => Of(phase, With, Wall).Count > 0))
            Row(phase, [Cell(phase, Without, Wall), Cell(phase, With, Wall), Ratio(phase, With, Without, Wall)]);
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

    public static double Median(IReadOnlyCollection<double> values)
    {
        var sorted = values.Order().ToArray();
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    private List<double> Of(string phase, string column, string kind) =>
        _values.GetValueOrDefault((phase, column, kind)) ?? [];

    private string Cell(string phase, string column, string kind) =>
        Of(phase, column, kind) is { Count: > 0 } values ? $"{Median(values):N0}" : "not run";

    private string Ratio(string phase, string over, string under, string kind)
    {
        var ratios = Ratios(phase, over, under, kind);
        return ratios.Count == 0 || !ratios.TrueForAll(double.IsFinite) ? "–"
            : $"{Median(ratios):0.0} ({ratios.Min():0.0} to {ratios.Max():0.0})";
    }

    private List<double> Ratios(string phase, string over, string under, string kind) =>
        [.. Of(phase, over, kind).Zip(Of(phase, under, kind), (one, other) => one / other)];
}
