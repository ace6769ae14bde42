using Spectre.Console;

namespace Nstance.Temporal.Simulation.Demo;

/// <summary>The table of cycles: redrawn in place on a terminal, a line for each cycle elsewhere.</summary>
internal sealed class CycleTable(IAnsiConsole console, bool live)
{
    private const int Width = 10;

    private readonly Table _table = new() { Border = TableBorder.None };
    private LiveDisplayContext? _context;

    /// <summary>Shows the table while the work lasts.</summary>
    public async Task<T> ShowAsync<T>(string[] columns, Func<Task<T>> work)
    {
        if (!live)
        {
            console.WriteLine(Line(columns));
            return await work();
        }

        // It fits eighty columns: no border, one blank between columns.
        foreach (var column in columns) _table.AddColumn(column, c => c.NoWrap().Padding(0, 0, 1, 0));
        return await console.Live(_table).StartAsync(async context =>
        {
            _context = context;
            context.Refresh();
            var result = await work();
            Caption("");
            return result;
        });
    }

    /// <summary>Shows below the table what the collector is doing; only on a terminal.</summary>
    public void Caption(string text)
    {
        _table.Caption = text.Length == 0 ? null : new TableTitle(Markup.Escape(text));
        _context?.Refresh();
    }

    public void Add(IReadOnlyList<string> problems, params object[] cells)
    {
        if (!live)
        {
            console.WriteLine(Line(cells));
            foreach (var problem in problems) console.MarkupLineInterpolated($"      [yellow]{problem}[/]");
            return;
        }

        _table.AddRow(cells.Select(cell => Markup.Escape($"{cell}")).ToArray());
        Caption(problems is [var first, ..] ? first : "");
    }

    private static string Line(IEnumerable<object> cells) =>
        string.Concat(cells.Select(cell => $"{cell}".PadRight(Width)));
}
