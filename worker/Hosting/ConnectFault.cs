using System.Text.RegularExpressions;
using Nstance.Temporal.Worker.Commands;
using Nstance.Temporal.Worker.Options;
using Temporalio.Client;

namespace Nstance.Temporal.Worker.Hosting;

/// <summary>
/// Why Temporal cannot be reached, in plain words. The SDK's core tells it as the debug text of its own types; where that is
/// not known, its first line is all there is.
/// </summary>
internal static partial class ConnectFault
{
    private const string Address = "check --address or TEMPORAL_ADDRESS, and that the server runs";

    /// <summary>Names the fault; never the API key.</summary>
    public static CommandException Of(Exception e, TemporalClientConnectOptions options)
    {
        var (code, why) = Read(e.Message, options);
        var line = $"Temporal at {options.TargetHost} {why}";
        var isTold = options.ApiKey is { } key && ($"{e}".Contains(key, StringComparison.Ordinal) || line.Contains(key, StringComparison.Ordinal));

        // A server, or what stands before it, may say the key back.
        return isTold ? new(code, line.Replace(options.ApiKey!, "…", StringComparison.Ordinal)) : new(code, line, e);
    }

    public static CommandException Timeout(TemporalClientConnectOptions options, TimeSpan timeout, Exception e) =>
        new(ExitCode.Unreachable, $"Temporal at {options.TargetHost} did not answer within {DurationText.Format(timeout)}: {Address}", e);

    /// <summary>A gRPC status as the core writes it: its code, and what the server said. Null: there is none in the text.</summary>
    public static (string Code, string Message)? Status(string text) =>
        StatusText().Match(text) is { Success: true } match
            ? (match.Groups[1].Value, OneLine(match.Groups[2].Value.Replace("\\\"", "\"", StringComparison.Ordinal)))
            : null;

    public static bool IsRefusal(string code) => code is "Unauthenticated" or "PermissionDenied";

    public static string Refusal(string message) =>
        $"refused our identity: {message}: check TEMPORAL_API_KEY, TEMPORAL_TLS_* and --namespace";

    private static (int Code, string Why) Read(string text, TemporalClientConnectOptions options)
    {
        bool Has(string word) => text.Contains(word, StringComparison.OrdinalIgnoreCase);
        if (Status(text) is { } status && IsRefusal(status.Code)) return (ExitCode.BadInput, Refusal(status.Message));
        if (Has("PrivateKeyParseError") || Has("NoCertificatesPresented") || Has("InconsistentKeys") || Has("must both be present"))
        {
            return (ExitCode.BadInput,
                "cannot be shown our certificate: TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH must be a pair, both in PEM form");
        }

        if (Has("Connection refused")) return (ExitCode.Unreachable, $"cannot be reached: nobody listens there: {Address}");
        if (Has("dns error") || Has("failed to lookup")) return (ExitCode.Unreachable, $"cannot be reached: no such host: {Address}");
        if (Has("InvalidUri") || Has("invalid uri") || Has("cannot have ://"))
            return (ExitCode.Unreachable, $"cannot be reached: not an address of the form host:port: {Address}");
        return (ExitCode.Unreachable, $"cannot be reached: {Tls(Has, options) ?? $"{Rest(text)}: {Address}"}");
    }

    private static string? Tls(Func<string, bool> has, TemporalClientConnectOptions options)
    {
        if (has("UnknownIssuer") || has("BadSignature"))
            return "its certificate is signed by no authority that is trusted here: name the right one with TEMPORAL_TLS_SERVER_CA_CERT_PATH";
        if (has("NotValidForName"))
            return "its certificate is for another name: correct --address, or give the certificate's name as TEMPORAL_TLS_SERVER_NAME";
        if (has("InvalidCertificate(Expired") || has("InvalidCertificate(NotValidYet"))
            return "its certificate has expired, or is not valid yet: renew it, or set this machine's clock right";
        if (has("InvalidContentType"))
            return "it does not speak TLS there: correct the port, or switch TLS off with TEMPORAL_TLS=false (an API key alone switches it on)";
        if (has("AlertReceived")) return $"it refused the TLS handshake: {ClientCertificate}";
        if (!has("message: \"transport error\"") && !has("h2 protocol error") && !has("operation was canceled")) return null;
        return IsTls(options)
            ? $"it closed the connection after the TLS handshake: {ClientCertificate}"
            : "it closed the connection: it may want TLS, which TEMPORAL_TLS=true switches on";
    }

    private const string ClientCertificate =
        "it may want a certificate of ours, or another one: TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH";

    private static bool IsTls(TemporalClientConnectOptions options) =>
        options.Tls is { } tls ? !tls.Disabled : options.ApiKey is not null;

    /// <summary>Without the headers that came with it.</summary>
    private static string Rest(string text) =>
        Status(text) is { } status ? $"{status.Code}: {status.Message}" : TemporalConnector.FirstLine(text);

    private static string OneLine(string text) => TemporalConnector.FirstLine(text.Split("\\n")[0]);

    [GeneratedRegex("Status \\{ code: (\\w+), message: \"((?:[^\"\\\\]|\\\\.)*)")]
    private static partial Regex StatusText();
}
