using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Nstance.Temporal.TestServer.Binding;
using Nstance.Temporal.TestServer.Engine;
using Nstance.Temporal.TestServer.Http;

namespace Nstance.Temporal.TestServer.Hosting;

/// <summary>
/// An in-memory server that speaks Temporal's gRPC API, for tests and demonstrations. It keeps nothing on disk.
/// </summary>
public sealed class TemporalTestServer : IAsyncDisposable
{
    private const int MaxMessage = 128 << 20;

    private readonly WebApplication _app;

    private TemporalTestServer(WebApplication app, ServerEngine engine, Listeners listeners)
    {
        _app = app;
        Engine = engine;
        var addresses = app.Urls.Select(each => new Uri(each)).ToList();
        TargetHost = $"{addresses[0].Host}:{addresses[0].Port}";
        Port = addresses[0].Port;
        HttpAddress = listeners.HttpIndex is { } http ? addresses[http] : null;
        UiAddress = listeners.UiIndex is { } ui ? addresses[ui] : null;
    }

    /// <summary>Address for clients, "ip:port".</summary>
    public string TargetHost { get; }

    /// <summary>Port the server listens on.</summary>
    public int Port { get; }

    /// <summary>
    /// Address of the JSON API; null when <see cref="TemporalTestServerOptions.HttpPort"/> is not set.
    /// </summary>
    public Uri? HttpAddress { get; }

    /// <summary>Address of the Web UI; null when <see cref="TemporalTestServerOptions.UiFolder"/> is not set.</summary>
    public Uri? UiAddress { get; }

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
        var listeners = new Listeners(options);
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(listeners.Configure);
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
        listeners.Answer(app, () => new HttpApi(HttpRoutes.Services(), engine.Rpc));
        ServiceBinder.Map(app, engine.Rpc);
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
        return new(app, engine, listeners);
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

    private async Task Wait(CancellationToken cancellation)
    {
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var byHost = _app.Lifetime.ApplicationStopping.Register(() => stopped.TrySetResult());
        await using var byCaller = cancellation.Register(() => stopped.TrySetResult());
        await stopped.Task;
    }
}
