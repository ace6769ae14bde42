using System.Globalization;

namespace Nstance.Temporal.Activities.Domain;

/// <summary>Makes text of other systems (tags, keys, messages) safe for a log or a report.</summary>
internal static class OneLine
{
    private const int MaxLength = 500;

    private const char Replacement = '\uFFFD';

    /// <summary>Returns the text as one line of at most 500 characters.</summary>
    public static string Short(string text) => Of(Cut(text, MaxLength));

    /// <summary>Cuts a text that is longer than <paramref name="length"/>; an ellipsis marks the cut.</summary>
    public static string Cut(string text, int length) =>
        text.Length <= length ? text : string.Concat(text.AsSpan(0, length - 1), "…");

    /// <summary>Replaces line ends, control characters and marks of text direction, which could forge a line.</summary>
    public static string Of(string text) => !text.Any(IsDangerous) ? text : string.Create(
        text.Length, text, static (line, words) =>
        {
            for (var i = 0; i < words.Length; i++) line[i] = IsDangerous(words[i]) ? Replacement : words[i];
        });

    private static bool IsDangerous(char c) => c is >= '\u007f' or < ' ' && char.GetUnicodeCategory(c) is
        UnicodeCategory.Control or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        or UnicodeCategory.Format;
}
