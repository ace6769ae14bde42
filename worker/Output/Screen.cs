using Spectre.Console;

namespace Nstance.Temporal.Worker.Output;

/// <summary>Where a command writes: results to one stream, all else to the other.</summary>
internal sealed class Screen
{
    /// <summary>So wide that no line in a pipe or a log is broken: they are searched by the line.</summary>
    private const int PipedWidth = 1000;

    public Screen(TextWriter output, TextWriter error)
    {
        Output = output;
        Error = error;
        var colours = IsTerminal(output) && Environment.GetEnvironmentVariable("NO_COLOR") is null or "";
        Console = AnsiConsole.Create(new()
        {
            Out = new AnsiConsoleOutput(output),
            Ansi = colours ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = colours ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            // Spectre's enrichers switch colours on in a pipe when they see a CI system.
            Enrichment = new() { UseDefaultEnrichers = false },
        });
        if (!IsTerminal(output)) Console.Profile.Width = PipedWidth;
    }

    public TextWriter Output { get; }

    public TextWriter Error { get; }

    /// <summary>Tables and colours, on <see cref="Output"/>.</summary>
    public IAnsiConsole Console { get; }

    /// <summary>The next output takes the place of the last; in a pipe it follows it.</summary>
    public void Redraw()
    {
        if (IsTerminal(Output)) Console.Clear(home: true);
    }

    /// <summary>True: <see cref="Error"/> is a terminal, on which a line may be written anew.</summary>
    public bool ErrorIsTerminal => ReferenceEquals(Error, System.Console.Error) && !System.Console.IsErrorRedirected;

    private static bool IsTerminal(TextWriter output) =>
        ReferenceEquals(output, System.Console.Out) && !System.Console.IsOutputRedirected;
}
