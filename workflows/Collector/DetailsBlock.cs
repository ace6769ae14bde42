using System.Text;

namespace Nstance.Temporal.Workflows.Collector;

/// <summary>
/// A block of fixed width in markdown. The Web UI pads no cells of a table, and takes what follows a paragraph for a
/// part of it: hence the fence, and the blank line before it.
/// </summary>
internal sealed class DetailsBlock
{
    /// <summary>The maximum width of a line: more is scrolled in the Web UI.</summary>
    public const int Width = 60;

    private const int LabelWidth = 10;

    private readonly StringBuilder _lines = new();

    public bool IsEmpty => _lines.Length == 0;

    /// <summary>Adds a text of any length under a label.</summary>
    public DetailsBlock Add(string label, string? text)
    {
        if (text is null) return this;
        var first = true;
        foreach (var line in Wrap(ActivityFault.Cut(text), Width - LabelWidth))
        {
            Line($"{(first ? label : "").PadRight(LabelWidth)}{line}");
            first = false;
        }

        return this;
    }

    /// <summary>Adds a line that fits.</summary>
    public DetailsBlock Line(string line)
    {
        // A fence within a message from outside would end the block.
        _lines.Append(line.TrimEnd().Replace('`', '\'')).Append('\n');
        return this;
    }

    public override string ToString() => IsEmpty ? "" : $"\n```text\n{_lines}```\n";

    /// <summary>Breaks at blanks, and within a word only if it is longer than a line.</summary>
    private static IEnumerable<string> Wrap(string text, int width)
    {
        var line = new StringBuilder();
        foreach (var word in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            foreach (var piece in word.Chunk(width))
            {
                if (line.Length > 0 && line.Length + 1 + piece.Length > width)
                {
                    yield return line.ToString();
                    line.Clear();
                }

                if (line.Length > 0) line.Append(' ');
                line.Append(piece);
            }
        }

        yield return line.ToString();
    }
}
