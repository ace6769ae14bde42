using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Serialization;
using Temporalio.Exceptions;

namespace Nstance.Temporal.Activities.Reconcile;

/// <summary>The receiver of the reconciler's notifications.</summary>
/// <param name="Url">
/// http or https. A loopback address is allowed only when it stands here literally, a link-local address never.
/// </param>
public sealed record WebhookSettings(Uri Url)
{
    /// <summary>Key of the signature; null: no signature. Never logged.</summary>
    public byte[]? Secret { get; init; }

    /// <summary>Maximum time for a post. Default 10 seconds.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Returns scheme, host and port of the URL: the rest is the secret of many receivers.</summary>
    public override string ToString() => Public(Url);

    /// <summary>The part of a URL that a message may repeat.</summary>
    internal static string Public(Uri url) => url.GetComponents(UriComponents.SchemeAndServer, UriFormat.UriEscaped);
}

/// <summary>Posts notifications as JSON with the headers of <see cref="WebhookSignature"/>. No redirects.</summary>
internal sealed class Webhook(WebhookSettings settings, TimeProvider time) : IDisposable
{
    /// <summary>The message of a refused address.</summary>
    internal const string NearAddress = "the webhook's name leads to a loopback or link-local address";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        Converters = { new JsonStringEnumConverter() },
    };

    private readonly HttpClient _http = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        ConnectCallback = ConnectAsync,
    })
    {
        Timeout = settings.Timeout,
    };

    /// <summary>Posts one notification.</summary>
    /// <exception cref="ApplicationFailureException">
    /// Not retryable after an answer of 4xx other than 408, 425 and 429. A redirect is retried: the notification waits
    /// until the address is corrected.
    /// </exception>
    public async Task SendAsync(Notification notification, CancellationToken ct)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(notification, Json);
        var timestamp = time.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        var content = new ByteArrayContent(body);
        content.Headers.ContentType = new("application/json");
        using var request = new HttpRequestMessage(HttpMethod.Post, settings.Url) { Content = content };
        request.Headers.Add(WebhookSignature.TimestampHeader, timestamp);
        request.Headers.TryAddWithoutValidation(WebhookSignature.KeyHeader, notification.Key);
        if (settings.Secret is { } secret)
            request.Headers.Add(WebhookSignature.SignatureHeader, WebhookSignature.Sign(secret, timestamp, body));
        try
        {
            using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct);
            if (answer.IsSuccessStatusCode) return;
            var status = (int)answer.StatusCode;
            var final = status is >= 400 and < 500 and not (408 or 425 or 429);
            var hint = IsRedirect(status) ? ", a redirect: give the final address as --webhook-url" : "";
            throw new ApplicationFailureException(
                $"the webhook at {settings} answered {status}{hint}", ErrorTypes.Unavailable, nonRetryable: final);
        }
        catch (Exception e) when (e is HttpRequestException
            || (e is OperationCanceledException && !ct.IsCancellationRequested))
        {
            throw new ApplicationFailureException(
                $"the webhook at {settings} did not answer", e, ErrorTypes.Unavailable);
        }
    }

    /// <summary>Asks the receiver for its headers. Sends no notification.</summary>
    /// <returns>The status of the answer, and which host it redirects to; null if it does not.</returns>
    /// <exception cref="HttpRequestException">No connection.</exception>
    /// <exception cref="OperationCanceledException">No answer in time.</exception>
    public async Task<(int Status, string? RedirectsTo)> ProbeAsync(CancellationToken ct)
    {
        using var request = new HttpRequestMessage(HttpMethod.Head, settings.Url);
        using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct);
        var status = (int)answer.StatusCode;
        if (!IsRedirect(status)) return (status, null);
        var to = answer.Headers.Location is { } location ? new Uri(settings.Url, location) : null;
        return (status, to is null ? "an address that it does not name" : $"{WebhookSettings.Public(to)}/…");
    }

    public void Dispose() => _http.Dispose();

    private static bool IsRedirect(int status) => status is >= 300 and < 400;

    // A name must not lead to the metadata service or to this host's own ports. The check is on the resolved address,
    // and the connection goes to that address. An operator writes the address of a receiver on this host literally.
    private static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken ct)
    {
        var host = context.DnsEndPoint.Host;
        var literal = IPAddress.TryParse(host, out var address) || host == "localhost";
        var addresses = address is not null ? [address] : await Dns.GetHostAddressesAsync(host, ct);
        var allowed = addresses.Where(a => literal ? !IsLinkLocal(a) : !IsNear(a)).ToArray();
        if (allowed.Length == 0)
            throw new HttpRequestException(NearAddress);
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

    /// <summary>True for this host's own and for link-local addresses.</summary>
    internal static bool IsNear(IPAddress address)
    {
        address = Inner(address);
        var bytes = address.GetAddressBytes();
        return IPAddress.IsLoopback(address) || bytes is [0, _, _, _] || address.Equals(IPAddress.IPv6Any)
            || IsLinkLocal(address);
    }

    /// <summary>True for link-local addresses, where clouds keep their metadata services.</summary>
    internal static bool IsLinkLocal(IPAddress address)
    {
        address = Inner(address);
        var bytes = address.GetAddressBytes();
        return bytes is [169, 254, _, _] || address.IsIPv6LinkLocal || address.IsIPv6SiteLocal
            || bytes is [0xfd, 0x00, 0x0e, 0xc2, .., _, _, _, _]; // fd00:ec2::/32: EC2's services over IPv6
    }

    /// <summary>Returns the IPv4 address in an IPv6 address: mapped, compatible, NAT64 or 6to4.</summary>
    private static IPAddress Inner(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) return address.MapToIPv4();
        return address.GetAddressBytes() switch
        {
            [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, var a, var b, var c, var d] when (a | b | c) != 0 =>
                new([a, b, c, d]),
            [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0, var a, var b, var c, var d] => new([a, b, c, d]),
            [0x20, 0x02, var a, var b, var c, var d, ..] => new([a, b, c, d]),
            _ => address,
        };
    }
}
