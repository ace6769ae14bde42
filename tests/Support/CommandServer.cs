using Nstance.Temporal.TestServer.Hosting;
using Nstance.Temporal.Workflows.Payloads;
using Temporalio.Client;

namespace Nstance.Temporal.Tests.Support;

/// <summary>
/// A Temporal server in real time for the command: our own in this process, or a namespace of its own on the server of
/// TEMPORAL_ADDRESS.
/// </summary>
internal sealed class CommandServer : IAsyncDisposable
{
    private readonly TemporalTestServer? _own;

    private CommandServer(TemporalTestServer? own, TemporalClient client)
    {
        _own = own;
        Client = client;
    }

    /// <summary>A client in the namespace that the command is pointed at.</summary>
    public TemporalClient Client { get; }

    public string TargetHost => Client.Connection.Options.TargetHost!;

    public string Namespace => Client.Options.Namespace;

    /// <summary>Options that connect a command to this server.</summary>
    public string[] Args => ["--address", TargetHost, "--namespace", Namespace];

    public static async Task<CommandServer> StartAsync()
    {
        if (TestEnvironments.Address is { } address)
            return new(null, await TestEnvironments.ConnectAsync(address));
        var own = await TemporalTestServer.StartAsync(new() { TimeSkipping = false });
        return new(own, await TemporalClient.ConnectAsync(
            new(own.TargetHost) { DataConverter = PayloadJson.Converter }));
    }

    public async ValueTask DisposeAsync()
    {
        if (_own is not null) await _own.DisposeAsync();
    }
}
