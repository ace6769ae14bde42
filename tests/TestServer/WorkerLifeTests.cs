using System.Diagnostics;
using Nstance.Temporal.Tests.Support;

namespace Nstance.Temporal.Tests.TestServer;

/// <summary>Workers that come and go, and what they and their clients ask of the server itself.</summary>
public sealed class WorkerLifeTests(ServerFixture server) : IClassFixture<ServerFixture>
{
    private readonly string _id = "worker-" + Guid.NewGuid();

    [Fact]
    public async Task Health_EachService_IsServing()
    {
        Assert.True(await server.Client.Connection.CheckHealthAsync());
        Assert.True(await server.Client.Connection.CheckHealthAsync(server.Client.Connection.WorkflowService));
    }

    /// <summary>A sticky queue that outlives its worker would hold the next task for ten seconds.</summary>
    [Fact]
    public async Task Shutdown_RunWasStickyThere_NextWorkerGetsTheTaskAtOnce()
    {
        var handle = await server.Client.StartWorkflowAsync((MailboxWorkflow w) => w.RunAsync(), new(_id, _id));
        using (var first = server.Worker(_id))
            Assert.Equal(1, await first.ExecuteAsync(() => handle.ExecuteUpdateAsync(w => w.PutAsync("a"))));
        using var second = server.Worker(_id);
        var watch = Stopwatch.StartNew();
        Assert.Equal(2, await second.ExecuteAsync(() => handle.ExecuteUpdateAsync(w => w.PutAsync("b"))));
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(9));
        Assert.DoesNotContain(
            (await handle.FetchHistoryAsync()).Events, e => e.WorkflowTaskTimedOutEventAttributes != null);
        await handle.TerminateAsync();
    }

    [Fact]
    public async Task DescribeTaskQueue_WorkerPolls_IsNamed()
    {
        using var worker = server.Worker(_id, options => options.Identity = _id + "-me");
        await worker.ExecuteAsync(async () =>
        {
            var seen = await TestEnvironments.EventuallyAsync(
                () => server.Client.Connection.WorkflowService.DescribeTaskQueueAsync(
                    new() { Namespace = "default", TaskQueue = new() { Name = _id } }),
                answer => answer.Pollers.Count > 0);
            Assert.Contains(seen.Pollers, each => each.Identity == _id + "-me");
        });
    }

    [Fact]
    public async Task BuildId_AnotherWorkerReplays_OldTasksKeepTheirs()
    {
        var handle = await server.Client.StartWorkflowAsync((BuildIdWorkflow w) => w.RunAsync(), new(_id, _id));
        using (var first = Worker("one"))
        {
            await first.ExecuteAsync(() => TestEnvironments.EventuallyAsync(
                () => handle.QueryAsync(w => w.First()), build => build == "one"));
        }
        await handle.SignalAsync(w => w.FinishAsync());
        using var second = Worker("two");
        Assert.Equal("one two", await second.ExecuteAsync(() => handle.GetResultAsync()));
        var builds = (await handle.DescribeAsync()).TypedSearchAttributes.Get(
            Temporalio.Common.SearchAttributeKey.CreateKeywordList("BuildIds"));
        Assert.Equal(["unversioned", "unversioned:one", "unversioned:two"], builds);
    }

    [Fact]
    public async Task ResetSticky_RunIsCached_NextTaskComesWithItsWholeHistory()
    {
        using var worker = server.Worker(_id);
        await worker.ExecuteAsync(async () =>
        {
            var handle = await server.Client.StartWorkflowAsync((MailboxWorkflow w) => w.RunAsync(), new(_id, _id));
            Assert.Equal(1, await handle.ExecuteUpdateAsync(w => w.PutAsync("a")));
            await server.Client.Connection.WorkflowService.ResetStickyTaskQueueAsync(
                new() { Namespace = "default", Execution = new() { WorkflowId = _id } });
            Assert.Equal(2, await handle.ExecuteUpdateAsync(w => w.PutAsync("b")));
            await handle.TerminateAsync();
        });
    }

    private Temporalio.Worker.TemporalWorker Worker(string build) => server.Worker(_id, options =>
    {
        options.DeploymentOptions = new(new("test", build), useWorkerVersioning: false);
        options.AddWorkflow<BuildIdWorkflow>();
    });
}
