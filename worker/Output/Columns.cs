using Nstance.Temporal.Activities.Domain;

namespace Nstance.Temporal.Worker.Output;

/// <summary>A column of a table; a wide one is shown with <c>--output wide</c> only.</summary>
internal sealed record Column<T>(string Title, Func<T, Cell> Cell, bool IsWide = false);

/// <summary>Aligned columns, as <c>kubectl</c> prints them: no borders, nothing wrapped, nothing cut.</summary>
internal static class Columns
{
    private const int Gap = 2;

    /// <summary>Writes a header, and a row for each item.</summary>
    public static void Write<T>(Screen screen, IEnumerable<T> items, bool wide, params Column<T>[] columns)
    {
        columns = [.. columns.Where(column => wide || !column.IsWide)];
        Cell[][] rows = [.. items.Select(item => columns.Select(column => column.Cell(item)).ToArray())];
        Write(screen, [[.. columns.Select(column => new Cell(column.Title, Tone.Bold))], .. rows]);
    }

    /// <summary>Writes rows without a header.</summary>
    public static void Write(Screen screen, IReadOnlyList<IReadOnlyList<Cell>> rows)
    {
        var widths = rows[0].Select((_, i) => rows.Max(row => OneLine.Of(row[i].Text).Length)).ToArray();
        foreach (var row in rows)
        {
            var last = row.Count - 1;
            while (last > 0 && row[last].Text.Length == 0) last--;
            for (var i = 0; i <= last; i++)
            {
                screen.Output.Write(screen.Paint(row[i]));
                if (i < last) screen.Output.Write(new string(' ', widths[i] - row[i].Text.Length + Gap));
            }

            screen.Output.WriteLine();
        }
    }

    /// <summary>Writes names and values; a long value is wrapped at words under its column.</summary>
    public static void WritePairs(Screen screen, IReadOnlyList<(string Name, Cell Value)> pairs)
    {
        var indent = pairs.Max(pair => pair.Name.Length) + Gap;
        foreach (var (name, value) in pairs)
        {
            screen.Output.Write(name.PadRight(indent));
            if (indent + value.Text.Length <= screen.Width) screen.Line(value);
            else screen.Sentence(value.Text, indent, isAtIndent: true);
        }
    }
}
