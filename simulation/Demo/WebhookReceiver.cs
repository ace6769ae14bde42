using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;
using Nstance.Temporal.Simulation.Cloud;

namespace Nstance.Temporal.Simulation.Demo;

/// <summary>The outside: takes the reconciler's notifications over HTTP and keeps when each arrived.</summary>
internal sealed class WebhookReceiver : IAsyncDisposable
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        Converters = { new JsonStringEnumConverter() },
    };

    private readonly ConcurrentQueue<Arrival> _arrivals = new();
    private LoopbackServer? _server;

    public Uri Url => new(_server!.Url, "/events");

    public IReadOnlyList<Arrival> Arrivals => [.. _arrivals];

    public static async Task<WebhookReceiver> StartAsync()
    {
        var receiver = new WebhookReceiver();
        receiver._server = await LoopbackServer.StartAsync(receiver.TakeAsync);
        return receiver;
    }

    public ValueTask DisposeAsync() => _server!.DisposeAsync();

    private async Task TakeAsync(HttpContext http)
    {
        var notification =
            await JsonSerializer.DeserializeAsync<Notification>(http.Request.Body, Json, http.RequestAborted);
        if (notification is not null) _arrivals.Enqueue(new Arrival(TimeProvider.System.GetUtcNow(), notification));
        http.Response.StatusCode = notification is null ? 400 : 204;
    }
}
