using System.Buffers.Text;
using System.Text;

namespace Nstance.Temporal.Simulation.Cloud;

/// <summary>Tokens of pages, opaque to callers: the last name of the page before.</summary>
internal static class PageToken
{
    private const string Mark = "after:";

    public static string Write(string last) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(Mark + last));

    /// <summary>Returns the last name of the page before; null: not a token of ours.</summary>
    public static string? Read(string token) => Base64Url.IsValid(token)
        && Encoding.UTF8.GetString(Base64Url.DecodeFromChars(token)) is var text
        && text.StartsWith(Mark, StringComparison.Ordinal) ? text[Mark.Length..] : null;
}
