using Temporalio.Client;
using Temporalio.Testing;

namespace Nstance.Temporal.TestServer.Hosting;

/// <summary>
/// A workflow environment whose server runs in this process: no download, no second process. With time skipping, time
/// jumps while a caller waits for the result of a workflow that it started, in <see cref="DelayAsync"/> and in
/// <see cref="ResultAsync"/>.
/// </summary>
public sealed class EmbeddedWorkflowEnvironment : WorkflowEnvironment
{
    private readonly TemporalTestServer _server;
    private readonly bool _skips;

    private EmbeddedWorkflowEnvironment(TemporalTestServer server, ITemporalClient client, bool skips)
        : base(client)
    {
        _server = server;
        _skips = skips;
    }

    /// <inheritdoc/>
    public override bool SupportsTimeSkipping => _skips;

    /// <summary>Address of the server, "ip:port", for further clients and processes.</summary>
    public string TargetHost => _server.TargetHost;

    /// <summary>Starts a server in this process and connects to it.</summary>
    /// <param name="options">What the server is to be; null for the defaults, which skip time.</param>
    /// <param name="client">
    /// How the client is to connect (runtime, data converter, logger, interceptors); null for the defaults.
    /// Its target is replaced.
    /// </param>
    /// <returns>The environment; shutting it down stops the server.</returns>
    public static async Task<EmbeddedWorkflowEnvironment> StartAsync(
        TemporalTestServerOptions? options = null, TemporalClientConnectOptions? client = null)
    {
        options ??= new();
        var server = await TemporalTestServer.StartAsync(options);
        try
        {
            var interceptor = new SkippingInterceptor();
            var asked = client == null
                // Within a process, compressing costs more than it saves.
                ? new() { Namespace = options.Namespaces[0], GrpcCompression = new GrpcCompression.None() }
                : (TemporalClientConnectOptions)client.Clone();
            asked.TargetHost = server.TargetHost;
            asked.Interceptors = [.. asked.Interceptors ?? [], interceptor];
            return interceptor.Environment = new(
                server, await TemporalClient.ConnectAsync(asked), options.TimeSkipping);
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public override async Task DelayAsync(TimeSpan delay, CancellationToken? cancellationToken = null)
    {
        if (!_skips)
        {
            await Task.Delay(delay, cancellationToken ?? CancellationToken.None);
            return;
        }
        // Not by RPC: a call has a deadline, and a year of cycles takes longer than one.
        await _server.Engine.SleepAsync(clock => clock.Now + delay, 1, cancellationToken ?? CancellationToken.None);
    }

    /// <inheritdoc/>
    public override Task<DateTime> GetCurrentTimeAsync() => Task.FromResult(_server.CurrentTime.UtcDateTime);

    /// <summary>Waits for a task, usually a workflow's result, while time may jump.</summary>
    /// <typeparam name="T">Type of the result.</typeparam>
    /// <param name="wait">Begins the waiting.</param>
    /// <returns>The result.</returns>
    public async Task<T> ResultAsync<T>(Func<Task<T>> wait)
    {
        ArgumentNullException.ThrowIfNull(wait);
        if (!_skips)
            return await wait();
        // Not by RPC: two calls for each result would be a quarter of what a short workflow costs.
        Lock(-1);
        try
        {
            return await wait();
        }
        finally
        {
            Lock(1);
        }
    }

    /// <inheritdoc/>
    public override async Task ShutdownAsync() => await _server.DisposeAsync();

    private void Lock(int change)
    {
        using var _ = _server.Engine.Enter();
        _server.Engine.Clock.Locks += change;
    }
}
