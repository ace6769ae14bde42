using System.Net;
using Google.Protobuf.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Nstance.Temporal.TestServer.Binding;
using Nstance.Temporal.TestServer.Engine;

namespace Nstance.Temporal.TestServer.Hosting;

/// <summary>
/// An in-memory server that speaks Temporal's gRPC API, for tests and demonstrations. It keeps nothing on disk.
/// </summary>
public sealed class TemporalTestServer : IAsyncDisposable
{
    private const int MaxMessage = 128 << 20;

    private readonly WebApplication _app;

    private TemporalTestServer(WebApplication app, ServerEngine engine)
    {
        _app = app;
        Engine = engine;
        var uri = new Uri(app.Urls.First());
        TargetHost = $"{uri.Host}:{uri.Port}";
        Port = uri.Port;
    }

    /// <summary>Address for clients, "ip:port".</summary>
    public string TargetHost { get; }

    /// <summary>Port the server listens on.</summary>
    public int Port { get; }

    /// <summary>The server's time, which may be ahead of real time.</summary>
    public DateTimeOffset CurrentTime
    {
        get
        {
            using (Engine.Enter())
                return Engine.Clock.Now;
        }
    }

    internal ServerEngine Engine { get; }

    /// <summary>Starts a server and returns when it accepts connections.</summary>
    /// <param name="options">What it is to be; null for the defaults.</param>
    /// <returns>The running server; dispose it to stop it.</returns>
    /// <exception cref="IOException">The port is in use.</exception>
    public static async Task<TemporalTestServer> StartAsync(TemporalTestServerOptions? options = null)
    {
        options ??= new();
        var engine = new ServerEngine(options);
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => Configure(kestrel, options));
        // No handler blocks: what a socket brings is answered on the thread that read it.
        builder.WebHost.UseSockets(sockets => sockets.UnsafePreferInlineScheduling = true);
        builder.Services.AddRouting();
        builder.Services.AddGrpc(grpc =>
        {
            grpc.MaxReceiveMessageSize = MaxMessage;
            grpc.MaxSendMessageSize = MaxMessage;
            grpc.IgnoreUnknownServices = false;
        });
        builder.Services.Configure<Microsoft.Extensions.Hosting.HostOptions>(
            host => host.ShutdownTimeout = TimeSpan.FromMilliseconds(200));
        var app = builder.Build();
        foreach (var service in Services)
            app.MapGrpcService(ServiceBinder.Bind(service, engine.Rpc));
        app.MapGrpcService(HealthService.Bind());
        try
        {
            await app.StartAsync();
        }
        catch
        {
            await app.DisposeAsync();
            engine.Dispose();
            throw;
        }
        return new(app, engine);
    }

    /// <summary>Waits until the process is asked to stop.</summary>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <returns>A task that ends when the server stops.</returns>
    public Task WaitForShutdownAsync(CancellationToken cancellation = default) => Wait(cancellation);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Engine.Stop();
        using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
        await _app.StopAsync(patience.Token);
        await _app.DisposeAsync();
        Engine.Dispose();
    }

    private static IEnumerable<Google.Protobuf.Reflection.ServiceDescriptor> Services =>
    [
        Service("Temporalio.Api.WorkflowService.V1.ServiceReflection"),
        Service("Temporalio.Api.OperatorService.V1.ServiceReflection"),
        Service("Temporalio.Api.TestService.V1.ServiceReflection"),
    ];

    private static Google.Protobuf.Reflection.ServiceDescriptor Service(string reflection) =>
        ((FileDescriptor)typeof(Temporalio.Api.Common.V1.Payload).Assembly.GetType(reflection, throwOnError: true)!
            .GetProperty("Descriptor")!.GetValue(null)!).Services[0];

    private static void Configure(KestrelServerOptions kestrel, TemporalTestServerOptions options)
    {
        kestrel.Listen(IPAddress.Parse(options.Ip), options.Port, listen => listen.Protocols = HttpProtocols.Http2);
        // Long polls of hundreds of clients share one connection; 100 streams would make them wait for each other.
        kestrel.Limits.Http2.MaxStreamsPerConnection = 100_000;
        kestrel.Limits.Http2.InitialConnectionWindowSize = 16 << 20;
        kestrel.Limits.Http2.InitialStreamWindowSize = 4 << 20;
        kestrel.Limits.MaxConcurrentConnections = null;
        kestrel.Limits.MaxRequestBodySize = null;
        kestrel.Limits.MinRequestBodyDataRate = null;
        kestrel.Limits.MinResponseDataRate = null;
        kestrel.AddServerHeader = false;
    }

    private async Task Wait(CancellationToken cancellation)
    {
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var byHost = _app.Lifetime.ApplicationStopping.Register(() => stopped.TrySetResult());
        await using var byCaller = cancellation.Register(() => stopped.TrySetResult());
        await stopped.Task;
    }
}
