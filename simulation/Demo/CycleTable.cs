using Spectre.Console;

namespace Nstance.Temporal.Simulation.Demo;

/// <summary>
/// The table of cycles: redrawn in place on a terminal, a line for each cycle elsewhere. Spectre's live display wants to run for
/// as long as it is shown, so it has a thread of its own.
/// </summary>
internal sealed class CycleTable(IAnsiConsole console, bool live)
{
    private const int Width = 10;

    private readonly Table _table = new() { Border = TableBorder.None };
    private readonly object _gate = new();
    private bool _closed;
    private LiveDisplayContext? _context;
    private Thread? _thread;

    public void Open(params string[] columns)
    {
        if (!live)
        {
            console.WriteLine(Line(columns));
            return;
        }

        // Eighty columns hold it: no border, one blank between columns.
        foreach (var column in columns) _table.AddColumn(column, c => c.NoWrap().Padding(0, 0, 1, 0));
        _thread = new Thread(() => console.Live(_table).Start(context =>
        {
            lock (_gate)
            {
                _context = context;
                context.Refresh();
                Monitor.PulseAll(_gate);
                while (!_closed) Monitor.Wait(_gate);
            }
        }))
        {
            IsBackground = true,
        };
        lock (_gate)
        {
            _thread.Start();
            while (_context is null) Monitor.Wait(_gate);
        }
    }

    /// <summary>What the collector is doing now, below the table.</summary>
    public void Tell(string what)
    {
        if (_context is null) return;
        _table.Caption = new TableTitle(Markup.Escape(what));
        _context.Refresh();
    }

    public void Add(IReadOnlyList<string> problems, params object[] cells)
    {
        if (!live)
        {
            console.WriteLine(Line(cells));
            foreach (var problem in problems) console.MarkupLineInterpolated($"      [yellow]{problem}[/]");
            return;
        }

        _table.AddRow(cells.Select(cell => new Text($"{cell}")).ToArray<Spectre.Console.Rendering.IRenderable>());
        if (problems.Count > 0) _table.Caption = new TableTitle(Markup.Escape(problems[0]));
        _context?.Refresh();
    }

    public void Close()
    {
        _table.Caption = null;
        _context?.Refresh();
        lock (_gate)
        {
            _closed = true;
            Monitor.PulseAll(_gate);
        }

        _thread?.Join();
        _thread = null;
    }

    private static string Line(IEnumerable<object> cells) => string.Concat(cells.Select(cell => $"{cell}".PadRight(Width)));
}
