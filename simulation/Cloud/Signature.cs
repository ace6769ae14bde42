using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;

namespace Nstance.Temporal.Simulation.Cloud;

/// <summary>Reads who signed a request. Signatures are not verified.</summary>
internal static partial class Signature
{
    /// <summary>Returns the access key; null: the request is not signed.</summary>
    public static string? AccessKey(HttpRequest request) =>
        Credential().Match($"{request.Headers.Authorization}") is { Success: true } match
            ? match.Groups[1].Value : null;

    [GeneratedRegex("^AWS4-HMAC-SHA256 .*?Credential=([^/]+)/")]
    private static partial Regex Credential();
}
