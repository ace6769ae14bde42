namespace Nstance.Temporal.Activities.Domain;

internal static class Identifiers
{
    public const int MaxLength = 32;

    public const string Rule =
        "1 to 32 lower-case letters, digits and single hyphens, with a letter or digit at both ends";

    /// <summary>A valid id cannot leave the prefix of an object key.</summary>
    public static bool IsValid(string? text)
    {
        if (text is not { Length: > 0 and <= MaxLength } || text[0] == '-' || text[^1] == '-') return false;
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsAsciiLetterLower(text[i]) || char.IsAsciiDigit(text[i])) continue;
            if (text[i] != '-' || text[i - 1] == '-') return false;
        }

        return true;
    }
}
