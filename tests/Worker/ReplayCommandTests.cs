using Nstance.Temporal.Tests.Flows;
using Nstance.Temporal.Tests.Support;
using Nstance.Temporal.TestServer.Runs;
using Temporalio.Worker;
using Temporalio.Workflows;

namespace Nstance.Temporal.Tests.Worker;

public sealed class ReplayCommandTests(TemporalServerFixture server) : IClassFixture<TemporalServerFixture>
{
    private string Address => server.Client.Connection.Options.TargetHost!;

    [Fact]
    public async Task Replay_RunningCollector_GoesOn()
    {
        await using var stage = await Stage.SetAsync(server.Environment);
        var handle = await stage.StartAsync();
        await handle.ExecuteUpdateAsync(w => w.RunCycleAsync(new(false)));

        var replay = await Cli.RunAsync(
            "replay",
            "--address",
            Address,
            "--namespace",
            server.Client.Options.Namespace,
            "--cluster",
            stage.Shard.Cluster,
            "--shard",
            stage.Shard.Shard);

        Assert.Equal((0, "1 histories replayed, 0 would break"), (replay.Code, replay.Output.Trim()));
    }

    [Fact]
    public async Task Replay_HistoryOfOtherCode_SaysWhichWouldBreak()
    {
        var queue = $"other-{Guid.NewGuid():N}";
        var id = $"nstance-gc/acme/zone-{Guid.NewGuid().ToString("N")[..8]}";
        using var worker = new TemporalWorker(
            server.Client, new TemporalWorkerOptions(queue).AddWorkflow<OtherCollector>());
        await worker.ExecuteAsync(async () =>
        {
            var handle = await server.Client.StartWorkflowAsync((OtherCollector w) => w.RunAsync(), new(id, queue));
            await handle.ExecuteUpdateAsync(w => w.DoneAsync());
            var replay = await Cli.RunAsync(
                "replay",
                "--address",
                Address,
                "--namespace",
                server.Client.Options.Namespace,
                "--cluster",
                "acme",
                "--shard",
                id.Split('/')[2],
                "--output",
                "json");
            Assert.Equal(1, replay.Code);
            Assert.Equal(id, replay.Json.GetProperty("broken")[0].GetProperty("workflowId").GetString());
            await handle.TerminateAsync();
        }, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Replay_ShardAlone_IsRefused()
    {
        var replay = await Cli.RunAsync(
            "replay", "--address", Address, "--namespace", server.Client.Options.Namespace, "--shard", "us-west-2a");
        Assert.Equal(2, replay.Code);
        Assert.Contains("both --cluster and --shard", Assert.Single(replay.Errors), StringComparison.Ordinal);
    }

    /// <summary>A collector of another release.</summary>
    [Workflow("GcWorkflow")]
    public sealed class OtherCollector
    {
        private bool _slept;

        [WorkflowRun]
        public async Task RunAsync()
        {
            await Workflow.DelayAsync(TimeSpan.FromMilliseconds(10));
            _slept = true;
            await Workflow.WaitConditionAsync(() => false);
        }

        [WorkflowUpdate]
        public Task DoneAsync() => Workflow.WaitConditionAsync(() => _slept);
    }
}
