using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace Nstance.Temporal.Tests.Security;

/// <summary>
/// The gateway before Temporal in production: it terminates TLS, may ask for the client's certificate and for an API
/// key, and forwards calls. It records each caller.
/// </summary>
internal sealed class TlsGateway : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly HttpMessageInvoker _behind;
    private readonly string _target;

    private readonly TaskCompletionSource _polled = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private TlsGateway(string target, TestCertificates certificates, bool askForClient, string? apiKey)
    {
        _target = target;
        ApiKey = apiKey;

        // Without TLS, HTTP/2 is spoken at once or not at all; a connection may carry many long polls.
        _behind = new(new SocketsHttpHandler { EnableMultipleHttp2Connections = true, UseProxy = false });
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
            kestrel.Listen(IPAddress.Loopback, 0, listen =>
            {
                listen.Protocols = HttpProtocols.Http2;
                listen.UseHttps(https =>
                {
                    https.ServerCertificate = certificates.Server;
                    if (!askForClient) return;
                    https.ClientCertificateMode = ClientCertificateMode.RequireCertificate;
                    https.ClientCertificateValidation = (certificate, _, _) => certificates.Issued(certificate);
                });
            }));
        _app = builder.Build();
        _app.Run(ForwardAsync);
    }

    /// <summary>By name: that is what a certificate is for.</summary>
    public string TargetHost => $"localhost:{new Uri(_app.Urls.First()).Port}";

    /// <summary>The required key; null for none.</summary>
    public string? ApiKey { get; set; }

    /// <summary>Calls that it refuses despite a valid key.</summary>
    public Predicate<Call> Refuses { get; set; } = _ => false;

    /// <summary>Whether its refusal contains the key, as some servers do.</summary>
    public bool SaysKeyBack { get; init; }

    public ConcurrentQueue<Call> Calls { get; } = [];

    /// <summary>Completes when a worker has polled.</summary>
    public Task Polled => _polled.Task;

    public static async Task<TlsGateway> StartAsync(
        string target,
        TestCertificates certificates,
        bool askForClient = false,
        string? apiKey = null,
        bool saysKeyBack = false)
    {
        var gateway = new TlsGateway(target, certificates, askForClient, apiKey) { SaysKeyBack = saysKeyBack };
        await gateway._app.StartAsync();
        return gateway;
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource(TimeSpan.Zero);
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
        _behind.Dispose();
    }

    private async Task ForwardAsync(HttpContext context)
    {
        var authorization = context.Request.Headers.Authorization.ToString();
        var method = context.Request.Path.Value!.Split('/')[^1];
        var call = new Call(method, authorization, context.Connection.ClientCertificate?.Subject);
        Calls.Enqueue(call);
        if (Refuses(call) || (ApiKey is { } key && authorization != $"Bearer {key}"))
        {
            // As Temporal Cloud answers: gRPC's code 16, in headers alone.
            context.Response.ContentType = "application/grpc";
            context.Response.Headers["grpc-status"] = "16";
            context.Response.Headers["grpc-message"] = SaysKeyBack
                ? $"no such key: {authorization}"
                : "Request unauthorized.";
            return;
        }

        if (method == "PollActivityTaskQueue") _polled.TrySetResult();

        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri($"http://{_target}{context.Request.Path}"))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new StreamContent(context.Request.Body),
        };
        foreach (var (name, value) in context.Request.Headers)
        {
            if (!request.Headers.TryAddWithoutValidation(name, value.ToArray()))
                request.Content.Headers.TryAddWithoutValidation(name, value.ToArray());
        }

        using var answer = await _behind.SendAsync(request, context.RequestAborted);
        context.Response.StatusCode = (int)answer.StatusCode;
        foreach (var (name, values) in answer.Headers.Concat(answer.Content.Headers)) context.Response.Headers[name] =
            values.ToArray();
        await answer.Content.CopyToAsync(context.Response.Body, context.RequestAborted);
        foreach (var (name, values) in answer.TrailingHeaders) context.Response.AppendTrailer(name, values.ToArray());
    }

    /// <summary>One received notification.</summary>
    /// <param name="Method">Of gRPC.</param>
    /// <param name="Authorization">The header as it came; "": none.</param>
    /// <param name="Client">Subject of the client's certificate; null: none.</param>
    internal sealed record Call(string Method, string Authorization, string? Client);
}
