using Nstance.Temporal.TestServer.Hosting;
using Temporalio.Client;
using Temporalio.Worker;

namespace Nstance.Temporal.Tests.TestServer;

public sealed class EmbeddedEnvironmentTests
{
    private static readonly TimeSpan Month = TimeSpan.FromDays(30);

    [Fact]
    public async Task GetResult_WorkflowSleepsAMonth_TimeJumps()
    {
        await using var env = await EmbeddedWorkflowEnvironment.StartAsync();
        using var worker = new TemporalWorker(
            env.Client, new TemporalWorkerOptions("queue").AddWorkflow<SleepingWorkflow>());
        var before = await env.GetCurrentTimeAsync();
        var slept = await worker.ExecuteAsync(
            () => env.Client.ExecuteWorkflowAsync((SleepingWorkflow w) => w.RunAsync(Month), new("sleep", "queue")));
        Assert.InRange(slept, Month, Month + TimeSpan.FromHours(1));
        Assert.InRange(await env.GetCurrentTimeAsync() - before, Month, Month + TimeSpan.FromHours(1));
    }

    [Fact]
    public async Task Result_HandleMadeFromId_TimeJumps()
    {
        await using var env = await EmbeddedWorkflowEnvironment.StartAsync();
        using var worker = new TemporalWorker(
            env.Client, new TemporalWorkerOptions("queue").AddWorkflow<SleepingWorkflow>());
        var slept = await worker.ExecuteAsync(async () =>
        {
            await env.Client.StartWorkflowAsync((SleepingWorkflow w) => w.RunAsync(Month), new("sleep", "queue"));
            return await env.ResultAsync(() => env.Client.GetWorkflowHandle("sleep").GetResultAsync<TimeSpan>());
        });
        Assert.InRange(slept, Month, Month + TimeSpan.FromHours(1));
    }

    [Fact]
    public async Task Delay_NothingElseRuns_MovesTheServersClock()
    {
        await using var env = await EmbeddedWorkflowEnvironment.StartAsync();
        var before = await env.GetCurrentTimeAsync();
        await env.DelayAsync(Month);
        Assert.InRange(await env.GetCurrentTimeAsync() - before, Month, Month + TimeSpan.FromHours(1));
    }

    [Fact]
    public async Task Start_RealTime_SaysThatItDoesNotSkip()
    {
        await using var env = await EmbeddedWorkflowEnvironment.StartAsync(new() { TimeSkipping = false });
        Assert.False(env.SupportsTimeSkipping);
        Assert.InRange(
            await env.GetCurrentTimeAsync() - DateTime.UtcNow, TimeSpan.FromMinutes(-1), TimeSpan.FromMinutes(1));
    }
}
