using Temporalio.Client;
using Temporalio.Testing;

namespace Nstance.Temporal.Tests.Support;

/// <summary>
/// Where workflow tests run: the server of TEMPORAL_ADDRESS if that is set, else our own, started by the SDK's official
/// environment from the executable that lies next to the tests.
/// </summary>
internal static class TestEnvironments
{
    // The SDK's 5 s are too few on a machine whose cores are all busy compiling.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    public static string? Address => Environment.GetEnvironmentVariable("TEMPORAL_ADDRESS") is { Length: > 0 } address ? address : null;

    public static string ServerPath =>
        Path.Combine(AppContext.BaseDirectory, OperatingSystem.IsWindows() ? "testserver.exe" : "testserver");

    /// <summary>An environment that skips time; against a given address one that does not.</summary>
    public static async Task<WorkflowEnvironment> StartTimeSkippingAsync() => Address is { } address
        ? new(await TemporalClient.ConnectAsync(new(address)))
        : await WorkflowEnvironment.StartTimeSkippingAsync(new() { TestServer = new() { ExistingPath = ServerPath, StartupTimeout = Patience } });

    /// <summary>An environment in real time.</summary>
    public static async Task<WorkflowEnvironment> StartLocalAsync() => Address is { } address
        ? new(await TemporalClient.ConnectAsync(new(address)))
        : await WorkflowEnvironment.StartLocalAsync(new() { DevServerOptions = new() { ExistingPath = ServerPath, StartupTimeout = Patience } });
}

/// <summary>One server for all tests of a class.</summary>
public sealed class TemporalServerFixture : IAsyncLifetime
{
    private WorkflowEnvironment? _environment;

    public WorkflowEnvironment Environment => _environment ?? throw new InvalidOperationException("not started");

    public ITemporalClient Client => Environment.Client;

    /// <summary>Skips the calling test where the server keeps real time.</summary>
    public void RequireTimeSkipping() =>
        Assert.SkipUnless(Environment.SupportsTimeSkipping, "the server of TEMPORAL_ADDRESS does not skip time");

    public async ValueTask InitializeAsync() => _environment = await TestEnvironments.StartTimeSkippingAsync();

    public async ValueTask DisposeAsync()
    {
        if (_environment is { } environment)
            await environment.DisposeAsync();
    }
}
