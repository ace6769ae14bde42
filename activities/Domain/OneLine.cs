using System.Globalization;

namespace Nstance.Temporal.Activities.Domain;

/// <summary>Words of others (tags, keys, a cloud's messages) as they may stand in a log or a report.</summary>
internal static class OneLine
{
    private const char Stand = '\uFFFD';

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
