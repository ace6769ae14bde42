using Nstance.Temporal.Tests.Worker;
using Nstance.Temporal.TestServer.Hosting;

namespace Nstance.Temporal.Tests.Security;

/// <summary>Temporal behind TLS, and the command as a process that gets its settings from the environment.</summary>
public abstract class GatewayShard : IAsyncLifetime
{
    private protected const string NoShards = "no collector runs in this namespace: nstance-gc init sets one up\n";

    private protected TemporalTestServer Server { get; private set; } = null!;

    /// <summary>Certificates of Temporal's operator.</summary>
    private protected TestCertificates Certificates { get; } = new();

    /// <summary>Certificates of another authority.</summary>
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

    /// <summary>Starts a process with these <c>TEMPORAL_</c> variables; null unsets one.</summary>
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

    /// <summary>Asserts one line on stderr, nothing on stdout, and the exit code.</summary>
    private protected static void AssertFails(Cli end, int code, string line)
    {
        Assert.Equal([$"nstance-gc: {line}"], end.Errors);
        Assert.Equal((code, ""), (end.Code, end.Output));
    }
}
