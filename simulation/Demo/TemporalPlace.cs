using Nstance.Temporal.TestServer.Hosting;
using Nstance.Temporal.Workflows.Payloads;
using Temporalio.Client;
using Temporalio.Testing;

namespace Nstance.Temporal.Simulation.Demo;

/// <summary>The Temporal server that the demo runs on.</summary>
internal sealed record TemporalPlace(string Address, string Namespace, IAsyncDisposable? Server) : IAsyncDisposable
{
    private const string DefaultNamespace = "default";

    public static async Task<TemporalPlace> StartAsync(string server)
    {
        switch (server)
        {
            case DemoOptions.Embedded:
                var embedded = await TemporalTestServer.StartAsync(new() { TimeSkipping = false });
                return new TemporalPlace(embedded.TargetHost, DefaultNamespace, embedded);
            case DemoOptions.Dev:
                var dev = await WorkflowEnvironment.StartLocalAsync(new() { UI = true });
                return new TemporalPlace(
                    dev.Client.Connection.Options.TargetHost!, dev.Client.Options.Namespace, dev);
            default:
                var ns = Environment.GetEnvironmentVariable("TEMPORAL_NAMESPACE") ?? DefaultNamespace;
                return new TemporalPlace(server, ns, Server: null);
        }
    }

    public Task<TemporalClient> ConnectAsync() => TemporalClient.ConnectAsync(
        new(Address) { Namespace = Namespace, DataConverter = PayloadJson.Converter });

    public ValueTask DisposeAsync() => Server?.DisposeAsync() ?? ValueTask.CompletedTask;
}
