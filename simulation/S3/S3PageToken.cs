using System.Buffers.Text;
using System.Text;

namespace Nstance.Temporal.Simulation.S3;

/// <summary>Continuation tokens, opaque to callers: the last key of the page before.</summary>
internal static class S3PageToken
{
    private const string Mark = "after:";

    public static string Write(string lastKey) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(Mark + lastKey));

    public static string Read(string token) =>
        Base64Url.IsValid(token)
        && Encoding.UTF8.GetString(Base64Url.DecodeFromChars(token)) is var text
        && text.StartsWith(Mark, StringComparison.Ordinal)
            ? text[Mark.Length..]
            : throw new S3Error(400, "InvalidArgument", "The continuation token provided is incorrect");
}
