using Nstance.Temporal.TestServer.Hosting;
using Nstance.Temporal.Workflows;
using Nstance.Temporal.Workflows.Payloads;
using Temporalio.Client;
using Temporalio.Exceptions;
using Temporalio.Worker;

namespace Nstance.Temporal.Tests.Flows;

public sealed class GcWorkflowTests
{
    private static readonly ShardRef Shard = new("acme", "us-west-2a", "bucket");
    private readonly FakeGcActivities _host = new("host-1");

    [Fact]
    public async Task RunCycle_QuietShard_RunsThePhasesInOrder() => await RunAsync(async handle =>
    {
        var report = await handle.ExecuteUpdateAsync(w => w.RunCycleAsync(new(false)));
        Assert.Equal(CycleOutcome.Completed, report.Outcome);
        Assert.Equal(["acquire", "sync", "collect", "health", "purge"], _host.Calls.Take(5));
    });

    [Fact]
    public async Task RunCycle_SyncFailed_TerminatesNothingAndContinues()
    {
        _host.Fault = call => call == "sync" ? new ApplicationFailureException("no", ErrorTypes.Denied) : null;
        await RunAsync(async handle =>
        {
            var report = await handle.ExecuteUpdateAsync(w => w.RunCycleAsync(new(false)));
            Assert.Equal(CycleOutcome.Partial, report.Outcome);
            Assert.DoesNotContain("collect", _host.Calls);
            Assert.Contains("purge", _host.Calls);
        });
    }

    [Fact]
    public async Task RunCycle_Paused_IsRefusedUntilResumed() => await RunAsync(async handle =>
    {
        // Between cycles: nothing is under way that the pause would have to cancel.
        await handle.ExecuteUpdateAsync(w => w.RunCycleAsync(new(false)));
        await handle.ExecuteUpdateAsync(w => w.PauseAsync(new("look first")));
        await Assert.ThrowsAsync<WorkflowUpdateFailedException>(
            () => handle.ExecuteUpdateAsync(w => w.RunCycleAsync(new(false))));
        await handle.ExecuteUpdateAsync(w => w.ResumeAsync(new()));
        Assert.NotNull(await handle.ExecuteUpdateAsync(w => w.RunCycleAsync(new(false))));
    });

    [Fact]
    public async Task RunAsync_IntervalIsZero_FailsSayingSo() => await RunAsync(
        async handle =>
        {
            var failure = await Assert.ThrowsAsync<WorkflowFailedException>(() => handle.GetResultAsync());
            Assert.StartsWith("Interval is 00:00:00", failure.InnerException!.Message, StringComparison.Ordinal);
        },
        new() { Interval = TimeSpan.Zero });

    [Fact]
    public async Task RunCycle_EachCycleContinuesAsNew_KeepsCountingAndAnswers() => await RunAsync(
        async handle =>
        {
            var current = handle.Client.GetWorkflowHandle<GcWorkflow>(handle.Id);
            var cycles = new List<int>();
            for (var i = 0; i < 5; i++)
                cycles.Add((await current.ExecuteUpdateAsync(w => w.RunCycleAsync(new(false)))).Cycle);
            Assert.Equal(cycles.Order().Distinct(), cycles);
        },
        new() { CyclesPerRun = 1 });

    private async Task RunAsync(Func<WorkflowHandle<GcWorkflow>, Task> body, GcSettings? settings = null)
    {
        await using var server = await TemporalTestServer.StartAsync();
        var client = await TemporalClient.ConnectAsync(
            new(server.TargetHost) { DataConverter = PayloadJson.Converter });
        using var shared = new TemporalWorker(client, new TemporalWorkerOptions(Names.TaskQueue)
            .AddWorkflow<GcWorkflow>().AddAllActivities(_host));
        using var own = new TemporalWorker(
            client, new TemporalWorkerOptions(Names.HostTaskQueue("host-1")).AddAllActivities(_host));
        await shared.ExecuteAsync(() => own.ExecuteAsync(async () =>
        {
            var input = new GcInput(Shard) { Settings = settings ?? new() };
            var handle = await client.StartWorkflowAsync(
                (GcWorkflow w) => w.RunAsync(input),
                new(Names.GcWorkflowId(Shard.Cluster, Shard.Shard), Names.TaskQueue));
            await body(handle).WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
        }));
    }
}
