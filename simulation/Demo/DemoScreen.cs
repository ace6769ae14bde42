using Spectre.Console;

namespace Nstance.Temporal.Simulation.Demo;

/// <summary>
/// What the demo shows: a table of cycles as they end, then the verdict. With JSON the story goes to stderr and one object to stdout.
/// </summary>
internal sealed class DemoScreen
{
    private const int Shown = 10;

    private readonly bool _json;
    private readonly TextWriter _stdout;
    private readonly TextWriter _stderr;
    private readonly IAnsiConsole _console;
    private readonly CycleTable _table;

    public DemoScreen(bool json, TextWriter stdout, TextWriter stderr)
    {
        (_json, _stdout, _stderr) = (json, stdout, stderr);
        var piped = json ? Console.IsErrorRedirected : Console.IsOutputRedirected;
        // Tests write to a writer of their own, which is no terminal whatever the process's stdout is.
        piped |= !ReferenceEquals(json ? stderr : stdout, json ? Console.Error : Console.Out);
        _console = Open(json ? stderr : stdout, piped);
        _table = new(_console, live: !piped && _console.Profile.Capabilities.Ansi);
    }

    public void Begin(DemoOptions options, string address, string directory)
    {
        _console.MarkupLineInterpolated($"[bold]nstance-gc[/] collects a simulated shard of {options.Instances} instances, seed {options.Seed}");
        _console.MarkupLineInterpolated($"Temporal server: {options.Server} at {address}; files: {directory}");
        _console.WriteLine("This fleet leaks far more than a real one, so limits on terminations are off here.");
        _console.WriteLine();
        _table.Open("cycle", "outcome", "listed", "added", "gone",
            "dangling", "unhealthy", "orphan", "skipped", "checks", "purged");
    }

    public void Cycle(CycleReport report)
    {
        var (sync, collect) = (report.Sync ?? new(), report.Collect ?? new());
        _table.Add([.. report.Problems.Take(Shown)], report.Cycle, report.Outcome, sync.Listed, sync.Added, sync.MarkedDeleted,
            collect.Of(CollectReason.Dangling).Terminated, collect.Of(CollectReason.Unhealthy).Terminated, collect.Of(CollectReason.Orphan).Terminated, collect.Counts.Sum(c => c.Skipped),
            report.Health?.Enqueued ?? 0, report.Purge?.Purged ?? 0);
    }

    /// <summary>What the collector is doing now; shown on a terminal only.</summary>
    public void Doing(GcStatus status) => _table.Tell($"{status.State}, cycle {status.Cycle}");

    public void End(DemoResult result, Verdict verdict, string log)
    {
        _table.Close();
        _console.WriteLine();
        _console.WriteLine($"Terminated, by the cloud's own truth: {verdict.Dangling} dangling, {verdict.Unhealthy} unhealthy, "
            + $"{verdict.Orphan} orphans; {verdict.Purged} records purged; {result.ChecksEnqueued} checks asked for.");
        foreach (var (name, faults) in new[]
        {
            ("wrongly ended", verdict.WronglyTerminated), ("missed garbage", verdict.MissedGarbage),
            ("lost records", verdict.LostRecords), ("lost events", verdict.LostEvents),
            ("nstance misled", verdict.NstanceMisled),
        })
        {
            _console.WriteLine($"{name,15}: {faults.Count}");
            foreach (var fault in faults.Take(Shown)) _console.MarkupLineInterpolated($"                 [red]{fault}[/]");
        }

        if (verdict.Ok) _console.MarkupLineInterpolated($"[green]All is well[/] after {result.ElapsedSeconds} s.");
        else _console.MarkupLineInterpolated($"[red]Not well.[/] The worker's log: {log}");
        if (_json) _stdout.WriteLine(result.ToJson());
    }

    private static IAnsiConsole Open(TextWriter to, bool piped)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(to),
            Ansi = piped ? AnsiSupport.No : AnsiSupport.Detect,
        });
        if (piped) console.Profile.Width = 1_000; // A log's lines are not to be broken.
        return console;
    }

    public void Fail(string message)
    {
        _table.Close();
        _stderr.WriteLine($"demo: {message}");
    }
}
