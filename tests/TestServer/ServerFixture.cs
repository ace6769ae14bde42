using Nstance.Temporal.Tests.Support;
using Nstance.Temporal.TestServer.Hosting;
using Temporalio.Client;
using Temporalio.Exceptions;
using Temporalio.Testing;
using Temporalio.Worker;

namespace Nstance.Temporal.Tests.TestServer;

/// <summary>A server in this process for all tests of a class; or the server of TEMPORAL_ADDRESS.</summary>
public sealed class ServerFixture : IAsyncLifetime
{
    private WorkflowEnvironment? _environment;

    public ITemporalClient Client => Environment.Client;

    public bool Skips => Environment.SupportsTimeSkipping;

    public EmbeddedWorkflowEnvironment Own => Environment as EmbeddedWorkflowEnvironment
        ?? throw Xunit.Sdk.SkipException.ForSkip("this is about our own server");

    private WorkflowEnvironment Environment => _environment ?? throw new InvalidOperationException("not started");

    public static async Task<RpcException> FaultAsync(RpcException.StatusCode code, Func<Task> call)
    {
        var fault = await Assert.ThrowsAsync<RpcException>(call);
        Assert.True(code == fault.Code, $"{fault.Code}: {fault.Message}");
        return fault;
    }

    public async ValueTask InitializeAsync() => _environment = TestEnvironments.Address is { } address
        ? new WorkflowEnvironment(await TemporalClient.ConnectAsync(new(address) { Runtime = TestRuntime.Shared }))
        : await EmbeddedWorkflowEnvironment.StartAsync(null, new() { Runtime = TestRuntime.Shared });

    public async ValueTask DisposeAsync()
    {
        if (_environment is { } environment)
            await environment.DisposeAsync();
    }

    /// <summary>Waits while time may jump, where it can.</summary>
    public Task<T> ResultAsync<T>(Func<Task<T>> wait) =>
        Environment is EmbeddedWorkflowEnvironment own ? own.ResultAsync(wait) : wait();

    /// <summary>Returns a worker with all workflows and activities of these tests.</summary>
    public TemporalWorker Worker(string queue, Action<TemporalWorkerOptions>? more = null)
    {
        var options = new TemporalWorkerOptions(queue) { MaxHeartbeatThrottleInterval = TimeSpan.FromMilliseconds(200) }
            .AddAllActivities(typeof(BasicActivities), null)
            .AddAllActivities(typeof(StuckActivities), null)
            .AddWorkflow<GreetingWorkflow>()
            .AddWorkflow<MailboxWorkflow>()
            .AddWorkflow<SleepingWorkflow>();
        more?.Invoke(options);
        return new(Client, options);
    }
}
