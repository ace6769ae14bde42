using Google.Protobuf.WellKnownTypes;
using Nstance.Temporal.Workflows.Payloads;
using Temporalio.Client;
using Temporalio.Exceptions;
using Temporalio.Testing;

namespace Nstance.Temporal.Tests.Support;

/// <summary>
/// Where workflow tests run: the server of TEMPORAL_ADDRESS if that is set. Otherwise the SDK's environment starts the
/// executable of our own server, which is next to the tests.
/// </summary>
internal static class TestEnvironments
{
    // The SDK's 5 s are too few on a machine whose cores are all busy compiling.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    // Without a pause the question itself would keep a core busy.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    public static string? Address =>
        Environment.GetEnvironmentVariable("TEMPORAL_ADDRESS") is { Length: > 0 } address ? address : null;

    public static string ServerPath =>
        Path.Combine(AppContext.BaseDirectory, OperatingSystem.IsWindows() ? "testserver.exe" : "testserver");

    /// <summary>
    /// Returns a client of a new namespace. Workers poll queues of fixed names, so tests of one namespace would take
    /// the tasks of others.
    /// </summary>
    public static async Task<TemporalClient> ConnectAsync(string address)
    {
        var name = $"nstance-test-{Guid.NewGuid():N}";
        var client = await TemporalClient.ConnectAsync(
            new(address) { Namespace = name, DataConverter = PayloadJson.Converter });
        await client.WorkflowService.RegisterNamespaceAsync(
            new() { Namespace = name, WorkflowExecutionRetentionPeriod = Duration.FromTimeSpan(TimeSpan.FromDays(1)) });
        await EventuallyAsync(() => client.CountWorkflowsAsync(""));
        return client;
    }

    /// <summary>
    /// Repeats a call until it no longer fails with that status. A cluster learns of a new namespace (NOT_FOUND until
    /// then) or search attribute (INVALID_ARGUMENT) a little later.
    /// </summary>
    public static async Task<T> EventuallyAsync<T>(
        Func<Task<T>> ask, RpcException.StatusCode until = RpcException.StatusCode.NotFound)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            try
            {
                return await ask();
            }
            catch (RpcException e) when (e.Code == until && !patience.IsCancellationRequested)
            {
                await Task.Delay(Pause, TestContext.Current.CancellationToken);
            }
        }
    }

    /// <summary>Repeats a call until its result satisfies: a cluster's list is a little behind.</summary>
    public static async Task<T> EventuallyAsync<T>(Func<Task<T>> ask, Func<T, bool> satisfies)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            var answer = await ask();
            if (satisfies(answer)) return answer;
            patience.Token.ThrowIfCancellationRequested();
            await Task.Delay(Pause, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>An environment that skips time; against a given address one that does not.</summary>
    public static async Task<WorkflowEnvironment> StartTimeSkippingAsync() => Address is { } address
        ? new(await ConnectAsync(address))
        : await WorkflowEnvironment.StartTimeSkippingAsync(
            new()
            {
                DataConverter = PayloadJson.Converter,
                TestServer = new() { ExistingPath = ServerPath, StartupTimeout = Patience },
            });

    /// <summary>An environment in real time.</summary>
    public static async Task<WorkflowEnvironment> StartLocalAsync() => Address is { } address
        ? new(await ConnectAsync(address))
        : await WorkflowEnvironment.StartLocalAsync(
            new()
            {
                DataConverter = PayloadJson.Converter,
                DevServerOptions = new() { ExistingPath = ServerPath, StartupTimeout = Patience },
            });
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
