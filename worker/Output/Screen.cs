using Nstance.Temporal.Activities.Domain;

namespace Nstance.Temporal.Worker.Output;

/// <summary>How a text stands out on a terminal; the values are those of ANSI.</summary>
internal enum Tone
{
    Plain = 0,
    Bold = 1,
    Bad = 31,
    Good = 32,
    Warning = 33,
}

/// <summary>A piece of a line.</summary>
internal readonly record struct Cell(string Text, Tone Tone = Tone.Plain)
{
    public static implicit operator Cell(string text) => new(text);

    public static Cell Warning(string text) => new(text, Tone.Warning);
}

/// <summary>
/// Where a command writes: results to one stream, everything else to the other. It writes plain lines, which a shell
/// can search. It wraps sentences only, and only to a known width. It never breaks an id.
/// </summary>
internal sealed class Screen
{
    private const string Escape = "\u001b[";

    private readonly bool _hasColours;

    /// <param name="output">Gets results.</param>
    /// <param name="error">Gets everything else.</param>
    /// <param name="width">Columns; null: those of the terminal or of <c>COLUMNS</c>, else it does not wrap.</param>
    /// <param name="answer">Reads a person's answer; null: from the terminal, if any.</param>
    public Screen(TextWriter output, TextWriter error, int? width = null, Func<string?>? answer = null)
    {
        Output = output;
        Error = error;
        _hasColours = IsTerminal && Environment.GetEnvironmentVariable("NO_COLOR") is null or "";
        Width = width ?? OwnWidth();
        Answer = answer ?? (IsTerminal && !Console.IsInputRedirected ? Console.ReadLine : null);
    }

    /// <summary>Reads a person's answer; null: no terminal.</summary>
    public Func<string?>? Answer { get; }

    public TextWriter Output { get; }

    public TextWriter Error { get; }

    public int Width { get; }

    /// <summary>Lines that stay on the screen; null: no terminal.</summary>
    public int? Height => IsTerminal ? Console.WindowHeight : null;

    /// <summary>True: <see cref="Error"/> is a terminal, where a line can be rewritten.</summary>
    public bool ErrorIsTerminal => ReferenceEquals(Error, Console.Error) && !Console.IsErrorRedirected;

    private bool IsTerminal => ReferenceEquals(Output, Console.Out) && !Console.IsOutputRedirected;

    /// <summary>Writes cells one after the other.</summary>
    public void Line(params ReadOnlySpan<Cell> cells)
    {
        foreach (var cell in cells) Output.Write(Paint(cell));
        Output.WriteLine();
    }

    /// <summary>Writes a line that needs attention; it is wrapped at words.</summary>
    public void Warn(string sentence)
    {
        Output.Write(Paint(new("! ", Tone.Warning)));
        Sentence(sentence, indent: 2, isAtIndent: true);
    }

    /// <summary>Writes a sentence after an indent; it is wrapped at words, and a long word is left whole.</summary>
    public void Sentence(string sentence, int indent, bool isAtIndent = false)
    {
        var margin = new string(' ', indent);
        if (!isAtIndent) Output.Write(margin);
        var column = indent;
        foreach (var word in OneLine.Of(sentence).Split(' '))
        {
            if (column > indent && column + 1 + word.Length > Width)
            {
                Output.Write($"{Environment.NewLine}{margin}");
                column = indent;
            }

            Output.Write(column > indent ? $" {word}" : word);
            column += word.Length + (column > indent ? 1 : 0);
        }

        Output.WriteLine();
    }

    /// <summary>The next output takes the place of the last; in a pipe it follows it.</summary>
    public void Redraw()
    {
        if (IsTerminal) Output.Write($"{Escape}H{Escape}2J{Escape}3J");
    }

    /// <summary>Returns the text, coloured on a terminal.</summary>
    public string Paint(Cell cell)
    {
        var text = OneLine.Of(cell.Text);
        return _hasColours && cell.Tone != Tone.Plain && text.Length > 0
            ? $"{Escape}{(int)cell.Tone}m{text}{Escape}0m"
            : text;
    }

    private int OwnWidth()
    {
        if (int.TryParse(Environment.GetEnvironmentVariable("COLUMNS"), out var columns) && columns > 0) return columns;
        return IsTerminal && Console.WindowWidth > 0 ? Console.WindowWidth : int.MaxValue;
    }
}
