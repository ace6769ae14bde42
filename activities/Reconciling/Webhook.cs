using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Nstance.Temporal.Workflows.Contracts;
using Temporalio.Exceptions;

namespace Nstance.Temporal.Activities.Reconciling;

/// <summary>Where the outside is told, and how it knows that we are the ones who tell.</summary>
/// <param name="Url">http or https. A loopback or link-local address is taken only when it is written here literally.</param>
public sealed record WebhookSettings(Uri Url)
{
    /// <summary>Key of the signature; null: not signed. Never logged.</summary>
    public byte[]? Secret { get; init; }

    /// <summary>Longest time for a post. Default 10 seconds.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Says where, and nothing of the key.</summary>
    public override string ToString() => Url.GetLeftPart(UriPartial.Path);
}

/// <summary>
/// Posts a notification as JSON. Headers: <c>Nstance-Gc-Timestamp</c> (Unix seconds), <c>Nstance-Gc-Key</c> (idempotency),
/// <c>Nstance-Gc-Signature: sha256=hex(HMAC-SHA256(secret, timestamp + "." + body))</c>. No redirect is followed.
/// </summary>
internal sealed class Webhook : IDisposable
{
    public const string TimestampHeader = "Nstance-Gc-Timestamp";
    public const string KeyHeader = "Nstance-Gc-Key";
    public const string SignatureHeader = "Nstance-Gc-Signature";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        Converters = { new JsonStringEnumConverter() },
    };

    private readonly WebhookSettings _settings;
    private readonly TimeProvider _time;
    private readonly HttpClient _http;

    public Webhook(WebhookSettings settings, TimeProvider time)
    {
        (_settings, _time) = (settings, time);
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            ConnectCallback = ConnectAsync,
        };
        _http = new HttpClient(handler) { Timeout = settings.Timeout };
    }

    public static string Sign(byte[] secret, string timestamp, ReadOnlySpan<byte> body)
    {
        byte[] signed = [.. Encoding.ASCII.GetBytes(timestamp), (byte)'.', .. body];
        return "sha256=" + Convert.ToHexStringLower(HMACSHA256.HashData(secret, signed));
    }

    /// <summary>An answer of 2xx means done; 4xx but 408, 425 and 429 is final; anything else is tried again by Temporal.</summary>
    public async Task SendAsync(Notification notification, CancellationToken ct)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(notification, Json);
        var timestamp = _time.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        using var request = new HttpRequestMessage(HttpMethod.Post, _settings.Url) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new("application/json");
        request.Headers.Add(TimestampHeader, timestamp);
        request.Headers.TryAddWithoutValidation(KeyHeader, notification.Key);
        if (_settings.Secret is { } secret) request.Headers.Add(SignatureHeader, Sign(secret, timestamp, body));
        try
        {
            using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct);
            if (answer.IsSuccessStatusCode) return;
            var status = (int)answer.StatusCode;
            var final = status is >= 300 and < 500 and not (408 or 425 or 429);
            throw new ApplicationFailureException(
                $"the webhook at {_settings} answered {status}", ErrorTypes.Unavailable, nonRetryable: final);
        }
        catch (Exception e) when (e is HttpRequestException
            || (e is OperationCanceledException && !ct.IsCancellationRequested))
        {
            throw new ApplicationFailureException($"the webhook at {_settings} did not answer", e, ErrorTypes.Unavailable);
        }
    }

    public void Dispose() => _http.Dispose();

    // A name must not lead to the metadata service or to this host's own ports: judged by the address, after resolving,
    // and that very address is connected to. An operator who means such an address writes it literally.
    private static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken ct)
    {
        var host = context.DnsEndPoint.Host;
        var literal = IPAddress.TryParse(host, out var address) || host == "localhost";
        var addresses = address is not null ? [address] : await Dns.GetHostAddressesAsync(host, ct);
        var allowed = addresses.Where(a => literal || !IsNear(a)).ToArray();
        if (allowed.Length == 0)
            throw new HttpRequestException("the webhook's name leads to a loopback or link-local address");
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(allowed, context.DnsEndPoint.Port, ct);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    internal static bool IsNear(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        var bytes = address.GetAddressBytes();
        return IPAddress.IsLoopback(address) || address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any)
            || address.IsIPv6LinkLocal || (bytes.Length == 4 && bytes[0] == 169 && bytes[1] == 254)
            // fd00:ec2::254, EC2's metadata service over IPv6
            || (bytes.Length == 16 && bytes is [0xfd, 0x00, 0x0e, 0xc2, ..]);
    }
}
