using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Nstance.Temporal.Simulation.Demo;

/// <summary>The outside: takes the reconciler's notifications over HTTP and keeps when each arrived.</summary>
internal sealed class WebhookReceiver : IAsyncDisposable
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        Converters = { new JsonStringEnumConverter() },
    };

    private readonly ConcurrentQueue<Arrival> _arrivals = new();
    private readonly WebApplication _app;

    private WebhookReceiver()
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http1));
        _app = builder.Build();
        _app.Run(TakeAsync);
    }

    public Uri Url => new(new Uri(_app.Urls.First()), "/events");

    public IReadOnlyList<Arrival> Arrivals => [.. _arrivals];

    public static async Task<WebhookReceiver> StartAsync()
    {
        var receiver = new WebhookReceiver();
        await receiver._app.StartAsync();
        return receiver;
    }

    public async ValueTask DisposeAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
        await _app.StopAsync(patience.Token);
        await _app.DisposeAsync();
    }

    private async Task TakeAsync(HttpContext context)
    {
        var notification = await JsonSerializer.DeserializeAsync<Notification>(
            context.Request.Body, Json, context.RequestAborted);
        if (notification is not null) _arrivals.Enqueue(new Arrival(TimeProvider.System.GetUtcNow(), notification));
        context.Response.StatusCode = notification is null ? 400 : 204;
    }
}
