using System.Diagnostics;
using System.Text;
using Nstance.Temporal.Benchmarks.Fleet;

namespace Nstance.Temporal.Benchmarks.Compare;

/// <summary>Figures of all runs, by row, column and kind; and their ratios within each run.</summary>
internal sealed record Comparison(int Instances, int LatencyMs)
{
    public const string Original = "original's method";
    public const string Ours = "ours";
    public const string Floor = "floor";
    public const string Without = "without";
    public const string With = "with";

    private const string Wall = "wall ms";
    private const string Processor = "processor ms";
    private const string Made = "calls";
    private const string NotRun = "not run";

    private static readonly string[] Kinds = [Wall, Processor, Made, "peak MB over idle"];

    private readonly Dictionary<(string Row, string Column, string Kind), List<double>> _values = [];

    public static IReadOnlyList<string> Methods { get; } = [Original, Ours, Floor];

    private IEnumerable<string> Rows => _values.Keys.Select(key => key.Row).Distinct();

    /// <summary>Measures one row of one column; the work must return the expected count.</summary>
    public async Task TimeAsync(string row, string column, int expected, Calls calls, Func<Task<int>> work)
    {
        calls.Reset();
        Memory.ForgetPeak();
        var idle = Memory.ResidentMb();
        var processor = Environment.CpuUsage.TotalTime;
        var clock = Stopwatch.StartNew();
        var count = await work();
        Add(
            row, column, (clock.Elapsed + calls.Added).TotalMilliseconds,
            (Environment.CpuUsage.TotalTime - processor).TotalMilliseconds, calls.Total, Memory.PeakMb() - idle);
        if (count != expected) throw new InvalidOperationException($"{row} by {column}: {count} instead of {expected}");
    }

    /// <summary>Adds the figures of one run, in the order of the kinds.</summary>
    public void Add(string row, string column, params double[] figures)
    {
        foreach (var (kind, figure) in Kinds.Zip(figures))
        {
            if (!_values.TryGetValue((row, column, kind), out var all)) _values[(row, column, kind)] = all = [];
            all.Add(figure);
        }
    }

    /// <summary>Median wall time in milliseconds; null: not measured.</summary>
    public double? Milliseconds(string row, string column) =>
        Of(row, column, Wall) is { Count: > 0 } values ? Median(values) : null;

    /// <summary>
    /// Returns a sentence for each row in which ours is not at least as many times faster than the original's method.
    /// Ours reads nstance's leader before it acts; the original runs inside the leader and makes no such call. Where
    /// ours makes more calls, the time of the additional calls is deducted from ours before the ratio is taken.
    /// </summary>
    public IEnumerable<string> SlowerThan(int times) =>
        from row in Rows
        let ratios = Required(row)
        where ratios.Count > 0 && Median(ratios) < times
        select $"{row}: ours is {Median(ratios):0.0} times as fast as the original; at least {times} is required";

    public string Text()
    {
        var text = new StringBuilder();
        string[] all = [.. Methods, "original/ours", "ours/floor"];
        foreach (var kind in Kinds)
        {
            Table($"{Instances:N0} instances, {LatencyMs} ms a call: {kind}", all,
                row => [.. Methods.Select(column => Cell(row, column, kind)), Ratio(row, Original, Ours, kind),
                    Ratio(row, Ours, Floor, kind)]);
        }

        Table("compared by --at-least: wall ms, without the time of calls that ours makes and the original does not",
            ["original/ours"], row => [Range(Required(row))]);
        Table($"nstance's own work without and with our tables: {Processor}", [Without, With, "with/without"],
            row => [Cell(row, Without, Processor), Cell(row, With, Processor), Ratio(row, With, Without, Processor)]);
        return text.ToString();

        void Table(string title, string[] columns, Func<string, string[]> cells)
        {
            text.AppendLine($"\n{title}");
            var lines = Rows.Select(row => (Name: row, Cells: cells(row)));
            foreach (var (name, shown) in lines.Where(line => line.Cells.Any(c => c != NotRun)).Prepend(("", columns)))
                text.AppendLine($"{name,-26}{string.Concat(shown.Select(cell => $"{cell,20}"))}".TrimEnd());
        }
    }

    public object Json() => new
    {
        Instances,
        LatencyMs,
        figures = _values.Select(all => new Figure(
            all.Key.Row, all.Key.Column, all.Key.Kind, Median(all.Value), all.Value.Min(), all.Value.Max())),
    };

    /// <summary>Returns median, lowest and highest.</summary>
    public static string Range(List<double> of) => of.Count == 0 ? NotRun
        : of.TrueForAll(double.IsFinite) ? $"{Median(of):0.0} ({of.Min():0.0} to {of.Max():0.0})" : "–";

    private static double Median(List<double> values)
    {
        var sorted = values.Order().ToArray();
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    private List<double> Of(string row, string column, string kind) =>
        _values.GetValueOrDefault((row, column, kind)) ?? [];

    private string Cell(string row, string column, string kind) =>
        Of(row, column, kind) is { Count: > 0 } values ? $"{Median(values):N0}" : NotRun;

    private string Ratio(string row, string over, string under, string kind) =>
        Range([.. Of(row, over, kind).Zip(Of(row, under, kind), (one, other) => one / other)]);

    private List<double> Required(string row)
    {
        var additional = Of(row, Ours, Made).Zip(Of(row, Original, Made), (one, other) => Math.Max(0, one - other));
        var ours = Of(row, Ours, Wall).Zip(additional, (time, calls) => Math.Max(0, time - (calls * LatencyMs)));
        return [.. Of(row, Original, Wall).Zip(ours, (one, other) => one / other)];
    }

    private sealed record Figure(string Phase, string Column, string Kind, double Median, double Min, double Max);
}
