using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Nstance.Temporal.TestServer.Http;

namespace Nstance.Temporal.TestServer.Hosting;

/// <summary>The ports of a server: gRPC first, then, where they are asked for, the JSON API and the Web UI.</summary>
internal sealed class Listeners(TemporalTestServerOptions options)
{
    private const string Key = "testserver";

    /// <summary>Index of the JSON API among the addresses; null when it is off.</summary>
    public int? HttpIndex { get; } = options.HttpPort == null ? null : 1;

    /// <summary>Index of the Web UI among the addresses; null when it is off.</summary>
    public int? UiIndex { get; } = options.UiFolder == null ? null : options.HttpPort == null ? 1 : 2;

    public void Configure(KestrelServerOptions kestrel)
    {
        var ip = IPAddress.Parse(options.Ip);
        kestrel.Listen(ip, options.Port, listen => listen.Protocols = HttpProtocols.Http2);
        if (options.HttpPort is { } http)
            kestrel.Listen(ip, http, listen => Mark(listen, nameof(HttpApi)));
        if (options.UiFolder != null)
            kestrel.Listen(ip, options.UiPort, listen => Mark(listen, nameof(WebUi)));
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

    /// <summary>Answers what comes to the other ports than that of gRPC.</summary>
    public void Answer(IApplicationBuilder app, Func<HttpApi> make)
    {
        if (HttpIndex == null && UiIndex == null)
            return;
        var api = new Lazy<HttpApi>(make);
        var ui = new Lazy<WebUi>(() => new(api.Value, options.UiFolder!));
        app.Use((context, next) => Port(context) switch
        {
            nameof(HttpApi) => api.Value.AnswerAsync(context, shorthand: true),
            nameof(WebUi) => ui.Value.AnswerAsync(context),
            _ => next(context),
        });
    }

    /// <summary>
    /// Marks the connections of a port: requests cannot tell by its number, for a free port has none yet.
    /// </summary>
    private static void Mark(ListenOptions listen, string name)
    {
        listen.Protocols = HttpProtocols.Http1AndHttp2;
        listen.Use(next => connection =>
        {
            connection.Items[Key] = name;
            return next(connection);
        });
    }

    private static string? Port(HttpContext context) =>
        context.Features.Get<IConnectionItemsFeature>()?.Items.TryGetValue(Key, out var name) == true
            ? (string?)name
            : null;
}
