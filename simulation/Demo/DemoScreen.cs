using Spectre.Console;

namespace Nstance.Temporal.Simulation.Demo;

/// <summary>
/// What the demo shows: a table of cycles as they end, redrawn in place on a terminal and a line for each cycle
/// elsewhere; then the verdict. With JSON the story goes to stderr and one object to stdout.
/// </summary>
internal sealed class DemoScreen
{
    private const int MaxShown = 10;
    private const int Width = 10;

    private static readonly string[] Columns =
    [
        "#", "outcome", "listed", "added", "gone", "dangling", "unhealthy", "orphan", "skipped", "checks", "purged",
    ];

    private readonly TextWriter? _json;
    private readonly TextWriter _stderr;
    private readonly IAnsiConsole _console;
    private readonly bool _isLive;
    private readonly Table _table = new() { Border = TableBorder.None };
    private LiveDisplayContext? _context;

    public DemoScreen(bool json, TextWriter stdout, TextWriter stderr)
    {
        _json = json ? stdout : null;
        _stderr = stderr;
        var to = json ? stderr : stdout;
        // A test passes its own writer. It is not a terminal, even if the process's stdout is one.
        var isTerminal = json
            ? ReferenceEquals(to, Console.Error) && !Console.IsErrorRedirected
            : ReferenceEquals(to, Console.Out) && !Console.IsOutputRedirected;
        var colours = isTerminal && Environment.GetEnvironmentVariable("NO_COLOR") is null or "";
        _console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(to),
            Ansi = isTerminal ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = colours ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            // Spectre's enrichers switch colours on in a pipe when they see a CI system.
            Enrichment = new() { UseDefaultEnrichers = false },
        });
        if (!isTerminal) _console.Profile.Width = 1_000; // A log's lines must not be broken.
        _isLive = isTerminal && _console.Profile.Capabilities.Ansi;
    }

    /// <summary>Tells what is being started: it takes seconds, in which nothing else is to be seen.</summary>
    public void Starting(string what) => _console.WriteLine($"Starting {what} …");

    public void Begin(DemoOptions options, string address, string directory)
    {
        _console.MarkupLineInterpolated(
            $"[bold]nstance-gc[/] collects a simulated shard of {options.Instances} instances, seed {options.Seed}");
        _console.MarkupLineInterpolated($"Temporal server: {options.Server} at {address}; files: {directory}");
        _console.WriteLine("This fleet leaks far more than a real one, so limits on terminations are off here.");
        _console.WriteLine();
    }

    /// <summary>Shows the table of cycles while the work lasts.</summary>
    public async Task<T> ShowAsync<T>(Func<Task<T>> work)
    {
        if (!_isLive)
        {
            _console.WriteLine(Line(Columns));
            return await work();
        }

        // It fits eighty columns: no border, one blank between columns.
        foreach (var column in Columns) _table.AddColumn(column, c => c.NoWrap().Padding(0, 0, 1, 0));
        return await _console.Live(_table).StartAsync(async context =>
        {
            _context = context;
            context.Refresh();
            var result = await work();
            Caption("");
            return result;
        });
    }

    public void Cycle(CycleReport report)
    {
        var sync = report.Sync ?? new();
        var collect = report.Collect ?? new();
        int Terminated(CollectReason reason) => collect.Of(reason).Terminated;
        object[] cells =
        [
            report.Cycle, report.Outcome, sync.Listed, sync.Added, sync.MarkedDeleted,
            Terminated(CollectReason.Dangling), Terminated(CollectReason.Unhealthy), Terminated(CollectReason.Orphan),
            collect.Counts.Sum(c => c.Skipped), report.Health?.Enqueued ?? 0, report.Purge?.Purged ?? 0,
        ];
        if (_isLive)
        {
            _table.AddRow(cells.Select(cell => Markup.Escape($"{cell}")).ToArray());
            Caption(report.Problems is [var first, ..] ? first : "");
            return;
        }

        _console.WriteLine(Line(cells));
        foreach (var problem in report.Problems.Take(MaxShown))
            _console.MarkupLineInterpolated($"      [yellow]{problem}[/]");
    }

    /// <summary>Shows what the collector is doing now; only on a terminal.</summary>
    public void Doing(GcStatus status) => Caption($"{status.State}, cycle {status.Cycle}");

    public void End(DemoResult result, Verdict verdict, string log)
    {
        _console.WriteLine();
        _console.WriteLine($"Terminated, by the cloud's own truth: {verdict.Dangling} dangling, "
            + $"{verdict.Unhealthy} unhealthy, {verdict.Orphan} orphans; {verdict.Purged} records purged; "
            + $"{result.ChecksEnqueued} checks asked for.");
        foreach (var (name, faults) in verdict.Faults)
        {
            _console.WriteLine($"{name,18}: {faults.Count}");
            foreach (var fault in faults.Take(MaxShown))
                _console.MarkupLineInterpolated($"                 [red]{fault}[/]");
        }

        if (verdict.Ok) _console.MarkupLineInterpolated($"[green]All is well[/] after {result.ElapsedSeconds} s.");
        else _console.MarkupLineInterpolated($"[red]Not well.[/] The worker's log: {log}");
        _json?.WriteLine(result.ToJson());
    }

    public void Fail(string message) => _stderr.WriteLine($"demo: {message}");

    private void Caption(string text)
    {
        _table.Caption = text.Length == 0 ? null : new TableTitle(Markup.Escape(text));
        _context?.Refresh();
    }

    private static string Line(IEnumerable<object> cells) =>
        string.Concat(cells.Select(cell => $"{cell}".PadRight(Width)));
}
