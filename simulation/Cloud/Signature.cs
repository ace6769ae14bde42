using Microsoft.AspNetCore.Http;

namespace Nstance.Temporal.Simulation.Cloud;

/// <summary>Reads who signed a request. The signature itself is not checked: there is no secret here to check it with.</summary>
internal static class Signature
{
    /// <summary>The access key, or null when the request is not signed.</summary>
    public static string? AccessKey(HttpRequest request)
    {
        const string Credential = "Credential=";
        var header = request.Headers.Authorization.ToString();
        var start = header.IndexOf(Credential, StringComparison.Ordinal);
        if (!header.StartsWith("AWS4-HMAC-SHA256 ", StringComparison.Ordinal) || start < 0)
            return null;
        var scope = header[(start + Credential.Length)..];
        var end = scope.IndexOf('/', StringComparison.Ordinal);
        return end > 0 ? scope[..end] : null;
    }
}
