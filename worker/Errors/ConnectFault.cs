using System.Text.RegularExpressions;

namespace Nstance.Temporal.Worker.Errors;

/// <summary>
/// The reason why a connection to Temporal failed, in plain words. The SDK's core gives the debug text of its own
/// types; of a text that is not known here, the user reads the first line.
/// </summary>
internal static partial class ConnectFault
{
    public const string CheckAddress = "check --address or TEMPORAL_ADDRESS, and that the server runs";

    private const string ClientCertificate =
        "it may want a certificate of ours, or another one: TEMPORAL_TLS_CLIENT_CERT_PATH and "
        + "TEMPORAL_TLS_CLIENT_KEY_PATH";

    private const string SwitchTlsOff =
        "correct the port, or switch TLS off with TEMPORAL_TLS=false (an API key alone switches it on)";

    /// <summary>Faults by signs in the text of the SDK's core; the first that fits holds.</summary>
    private static readonly (string[] Signs, string Why)[] Known =
    [
        (["Connection refused"], $"no program listens there: {CheckAddress}"),
        (["dns error", "failed to lookup"], $"no such host: {CheckAddress}"),
        (["Connection reset", "ConnectionReset"], $"it reset the connection, or a firewall did: {CheckAddress}"),
        (["No route to host", "Network is unreachable"], $"no network leads there: {CheckAddress}"),
        (["InvalidUri", "invalid uri", "cannot have ://"],
            $"not an address of the form host:port: {CheckAddress}"),
        (["UnknownIssuer", "BadSignature"],
            "its certificate is signed by no authority that is trusted here: name the right one with "
            + "TEMPORAL_TLS_SERVER_CA_CERT_PATH"),
        (["NotValidForName"],
            "its certificate is for another name: correct --address, or give the certificate's name as "
            + "TEMPORAL_TLS_SERVER_NAME"),
        (["InvalidCertificate(Expired", "InvalidCertificate(NotValidYet"],
            "its certificate has expired, or is not valid yet: renew it, or set this machine's clock right"),
        (["InvalidContentType"], $"it does not speak TLS there: {SwitchTlsOff}"),
        (["tls handshake eof"], $"it closed the connection during the TLS handshake: {SwitchTlsOff}"),
        (["AlertReceived"], $"it refused the TLS handshake: {ClientCertificate}"),
    ];

    /// <summary>Names the fault; never the API key.</summary>
    public static CommandException Of(Exception e, TemporalClientConnectOptions options)
    {
        var why = Why(e.Message, options, out var code);
        var line = $"Temporal at {options.TargetHost} {why}";

        // A server or a proxy may repeat the key in its answer.
        return options.ApiKey is { } key && $"{e}{line}".Contains(key, StringComparison.Ordinal)
            ? new(code, line.Replace(key, "…", StringComparison.Ordinal))
            : new(code, line, e);
    }

    /// <summary>Reads a gRPC status as the core writes it: its code and the server's message; null if none.</summary>
    public static (string Code, string Message)? Status(string text) =>
        StatusText().Match(text) is { Success: true } match
            ? (match.Groups[1].Value, Message(match.Groups[2].Value))
            : null;

    public static bool IsRefusal(string code) => code is "Unauthenticated" or "PermissionDenied";

    public static string Refusal(string message) =>
        $"refused our identity: {message}: check TEMPORAL_API_KEY, TEMPORAL_TLS_* and --namespace";

    private static string Why(string text, TemporalClientConnectOptions options, out int code)
    {
        code = ExitCode.BadInput;
        var status = Status(text);

        // A proxy's page does not come from Temporal, whatever its status. The next try may get through.
        if (status is { } refused && IsRefusal(refused.Code) && !IsOfProxy(text)) return Refusal(refused.Message);
        if (Has(text, "PrivateKeyParseError", "NoCertificatesPresented", "InconsistentKeys", "must both be present"))
        {
            return "cannot be shown our certificate: TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH "
                + "must be a pair, both in PEM form";
        }

        code = ExitCode.Unreachable;

        // Of a status without the headers that came with it.
        var rest = status is { } other ? $"{other.Code}: {other.Message}" : Failure.FirstLine(text);
        var known = Known.FirstOrDefault(fault => Has(text, fault.Signs)).Why;
        return $"cannot be reached: {known ?? Tls(text, options) ?? $"{Plain(rest)}: {CheckAddress}"}";
    }

    /// <summary>Returns what a text says without the types of the SDK's core: its last quoted part.</summary>
    public static string Plain(string text)
    {
        if (IsOfProxy(text))
            return "what answers there is another service or a proxy, not Temporal";
        if (!Has(text, "tonic::", "hyper::", "transport::Error", "Error(", "error trying to connect")) return text;
        return Quoted().Matches(text) is { Count: > 0 } quoted ? quoted[^1].Groups[1].Value : "the connection failed";
    }

    private static bool IsOfProxy(string text) => Has(text, "mapped from HTTP status");

    private static string? Tls(string text, TemporalClientConnectOptions options)
    {
        if (!Has(text, "message: \"transport error\"", "h2 protocol error", "operation was canceled")) return null;
        var isTls = options.Tls is { } tls ? !tls.Disabled : options.ApiKey is not null;
        return isTls
            ? $"it closed the connection after the TLS handshake: {ClientCertificate}"
            : "it closed the connection: it may want TLS, which TEMPORAL_TLS=true switches on";
    }

    private static bool Has(string text, params string[] signs) =>
        signs.Any(sign => text.Contains(sign, StringComparison.OrdinalIgnoreCase));

    private static string Message(string quoted) =>
        Failure.FirstLine(quoted.Replace("\\\"", "\"", StringComparison.Ordinal).Split("\\n")[0]);

    [GeneratedRegex("\"([^\"]+)\"")]
    private static partial Regex Quoted();

    [GeneratedRegex("Status \\{ code: (\\w+), message: \"((?:[^\"\\\\]|\\\\.)*)")]
    private static partial Regex StatusText();
}
