using System.Globalization;

namespace Nstance.Temporal.Activities.Domain;

/// <summary>Words of others (tags, keys, a cloud's messages) as they may stand in a log or a report.</summary>
internal static class OneLine
{
    private const int MaxLength = 500;

    private const char Stand = '\uFFFD';

    /// <summary>As <see cref="Of"/>, and cut: a name that somebody made long fills no report.</summary>
    public static string Short(string text) => Of(text.Length <= MaxLength ? text : string.Concat(text.AsSpan(0, MaxLength - 1), "…"));

    /// <summary>No line ends, control characters, or marks that turn the direction of text: none can forge a line.</summary>
    public static string Of(string text)
    {
        var isPlain = true;
        foreach (var c in text) isPlain &= !IsDangerous(c);
        return isPlain ? text : string.Create(text.Length, text, static (line, words) =>
        {
            for (var i = 0; i < words.Length; i++) line[i] = IsDangerous(words[i]) ? Stand : words[i];
        });
    }

    private static bool IsDangerous(char c) => c is >= '\u007f' or < ' ' && char.GetUnicodeCategory(c)
        is UnicodeCategory.Control or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.Format;
}
