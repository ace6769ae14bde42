using Nstance.Temporal.Tests.Worker;
using Nstance.Temporal.TestServer.Hosting;

namespace Nstance.Temporal.Tests.Security;

/// <summary>
/// Temporal behind TLS, and the real command as a process: settings as its users give them, by the environment.
/// </summary>
public abstract class GatewayShard : IAsyncLifetime
{
    private protected const string NoShards = "no collector runs in this namespace: nstance-gc init sets one up\n";

    private protected TemporalTestServer Server { get; private set; } = null!;

    /// <summary>Made by who runs Temporal.</summary>
    private protected TestCertificates Certificates { get; } = new();

    /// <summary>Made by somebody else.</summary>
    private protected TestCertificates Others { get; } = new();

    private protected static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() =>
        Server = await TemporalTestServer.StartAsync(new() { TimeSkipping = false });

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        Certificates.Dispose();
        Others.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>A process with these variables (without <c>TEMPORAL_</c>); a null value: not set.</summary>
    private protected static WorkerProcess Start(
        string address, IEnumerable<(string Name, string? Value)> temporal, params string[] args)
    {
        var environment = WorkerProcess.Environment(address, key: null);
        foreach (var (name, value) in temporal)
        {
            environment.Remove($"TEMPORAL_{name}");
            if (value is not null) environment[$"TEMPORAL_{name}"] = value;
        }

        return WorkerProcess.Start(environment, args);
    }

    private protected static async Task<Cli> RunAsync(
        string address, IEnumerable<(string Name, string? Value)> temporal, params string[] args)
    {
        await using var process = Start(address, temporal, args.Length == 0 ? ["status"] : args);
        return await process.EndAsync(Token);
    }

    private protected static void AssertAnswers(Cli end)
    {
        Assert.Equal("", string.Join('\n', end.Errors));
        Assert.Equal((0, NoShards), (end.Code, end.Output));
    }

    /// <summary>One line on stderr, nothing on stdout, a code that is not zero.</summary>
    private protected static void AssertFails(Cli end, int code, string line)
    {
        Assert.Equal([$"nstance-gc: {line}"], end.Errors);
        Assert.Equal((code, ""), (end.Code, end.Output));
    }
}
