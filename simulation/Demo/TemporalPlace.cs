using Nstance.Temporal.TestServer.Hosting;
using Temporalio.Client;
using Temporalio.Testing;

namespace Nstance.Temporal.Simulation.Demo;

/// <summary>The Temporal server that the demo runs on.</summary>
internal sealed class TemporalPlace : IAsyncDisposable
{
    private readonly Func<ValueTask> _stop;

    private TemporalPlace(string address, string ns, Func<ValueTask> stop) => (Address, Namespace, _stop) = (address, ns, stop);

    public string Address { get; }

    public string Namespace { get; }

    public static async Task<TemporalPlace> StartAsync(string server)
    {
        switch (server)
        {
            case DemoOptions.Embedded:
                var embedded = await TemporalTestServer.StartAsync(new() { TimeSkipping = false });
                return new TemporalPlace(embedded.TargetHost, "default", embedded.DisposeAsync);
            case DemoOptions.Dev:
                var dev = await WorkflowEnvironment.StartLocalAsync(new() { UI = true });
                return new TemporalPlace(dev.Client.Connection.Options.TargetHost!, dev.Client.Options.Namespace, dev.DisposeAsync);
            default:
                return new TemporalPlace(
                    server, Environment.GetEnvironmentVariable("TEMPORAL_NAMESPACE") ?? "default", () => ValueTask.CompletedTask);
        }
    }

    public Task<TemporalClient> ConnectAsync() => TemporalClient.ConnectAsync(new(Address) { Namespace = Namespace });

    public ValueTask DisposeAsync() => _stop();
}
