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
}
