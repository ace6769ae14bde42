using Nstance.Temporal.Activities.Domain;

namespace Nstance.Temporal.Worker.Output;

/// <summary>Aligned columns, as <c>kubectl</c> prints them: no borders, nothing wrapped, nothing cut.</summary>
internal static class Columns
{
    private const int Gap = 2;

    /// <summary>Writes a header and rows. A row may be shorter than the header.</summary>
    public static void Write(Screen screen, IReadOnlyList<string> header, IReadOnlyList<IReadOnlyList<Cell>> rows)
    {
        Write(screen, [[.. header.Select(title => new Cell(title, Tone.Bold))], .. rows]);
    }

    /// <summary>Writes rows without a header.</summary>
    public static void Write(Screen screen, IReadOnlyList<IReadOnlyList<Cell>> rows)
    {
        if (rows.Count == 0) return;
        var widths = Enumerable.Range(0, rows.Max(row => row.Count))
            .Select(i => rows.Where(row => i < row.Count).Max(row => OneLine.Of(row[i].Text).Length)).ToArray();
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
