using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Nstance.Temporal.Worker.Hosting;

/// <summary>Serves health and metrics with the framework's web server.</summary>
internal static class HealthEndpoints
{
    private const string Ready = "ready";

    public static void Listen(WebApplicationBuilder builder, IPEndPoint address, ITemporalClient client)
    {
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxConcurrentConnections = 100;
            kestrel.Listen(address);
        });
        builder.Services.AddRoutingCore();
        builder.Services.AddHealthChecks()
            .AddAsyncCheck("temporal", token => CheckAsync(client, token), [Ready], TimeSpan.FromSeconds(5));
    }

    public static void Map(WebApplication application)
    {
        // A restart of this process would not repair Temporal, so only readiness asks Temporal.
        application.MapHealthChecks("/healthz/live", new() { Predicate = _ => false });
        application.MapHealthChecks("/healthz/ready", new() { Predicate = check => check.Tags.Contains(Ready) });
        application.MapPrometheusScrapingEndpoint();
        application.Lifetime.ApplicationStarted.Register(() =>
        {
            var log = application.Services.GetRequiredService<ILoggerFactory>().CreateLogger("Nstance.Temporal");
            var server = application.Services.GetRequiredService<IServer>();
            var urls = server.Features.Get<IServerAddressesFeature>()?.Addresses;
            foreach (var url in urls ?? []) Logs.Listening(log, url);
        });
    }

    /// <summary>Does Temporal answer, and know our namespace?</summary>
    private static async Task<HealthCheckResult> CheckAsync(ITemporalClient client, CancellationToken cancellationToken)
    {
        try
        {
            await client.WorkflowService.DescribeNamespaceAsync(
                new() { Namespace = client.Options.Namespace },
                new() { CancellationToken = cancellationToken, Timeout = TimeSpan.FromSeconds(4) });
            return HealthCheckResult.Healthy();
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            return HealthCheckResult.Unhealthy("Temporal does not answer");
        }
    }
}
