using Google.Protobuf.WellKnownTypes;
using Nstance.Temporal.Tests.Support;
using Nstance.Temporal.TestServer.Hosting;
using Temporalio.Api.TestService.V1;
using Temporalio.Client;
using Temporalio.Client.Schedules;
using Temporalio.Worker;

namespace Nstance.Temporal.Tests.TestServer;

/// <summary>
/// A server in this process whose time a test moves, or the server of TEMPORAL_ADDRESS, which keeps real time.
/// </summary>
public sealed class SchedulingServer : IAsyncLifetime
{
    /// <summary>How often the schedule of <see cref="Tick"/> acts.</summary>
    public static readonly TimeSpan TickInterval = TimeSpan.FromMinutes(10);

    private TemporalTestServer? _server;
    private TemporalClient? _client;

    public TemporalClient Client => _client ?? throw new InvalidOperationException("not started");

    public async ValueTask InitializeAsync()
    {
        _server = TestEnvironments.Address == null ? await TemporalTestServer.StartAsync() : null;
        _client = await TemporalClient.ConnectAsync(new(TestEnvironments.Address ?? _server!.TargetHost));
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is { } server)
            await server.DisposeAsync();
    }

    /// <summary>A schedule that starts a <see cref="TickWorkflow"/> at every interval.</summary>
    public static Schedule Tick(string id, string queue) => new(
        ScheduleActionStartWorkflow.Create((TickWorkflow w) => w.RunAsync(), new(id + "-run", queue)),
        new() { Intervals = [new(TickInterval)] });

    /// <summary>A worker for the workflows that the schedules start.</summary>
    public TemporalWorker Worker(string queue) => new(
        Client, new TemporalWorkerOptions(queue).AddWorkflow<TickWorkflow>().AddWorkflow<FailingTickWorkflow>());

    /// <summary>Lets this much time pass at once; skips the calling test where the server keeps real time.</summary>
    public async Task PassAsync(TimeSpan time)
    {
        Assert.SkipWhen(_server == null, "the server of TEMPORAL_ADDRESS does not skip time");
        await Client.Connection.TestService.UnlockTimeSkippingWithSleepAsync(
            new SleepRequest { Duration = Duration.FromTimeSpan(time) });
    }

    /// <summary>
    /// Deletes a test's schedules. On a server that outlives the test they would act for ever.
    /// </summary>
    public async Task ForgetAsync(string idPrefix)
    {
        if (_server != null)
            return;
        await foreach (var schedule in Client.ListSchedulesAsync())
        {
            if (schedule.Id.StartsWith(idPrefix, StringComparison.Ordinal))
                await Client.GetScheduleHandle(schedule.Id).DeleteAsync();
        }
    }
}
