using Temporalio.Worker;

namespace Nstance.Temporal.Tests.TestServer;

/// <summary>What a workflow writes into its history itself: local activities and patches.</summary>
public sealed class MarkerTests(ServerFixture server) : IClassFixture<ServerFixture>
{
    private readonly string _id = "marker-" + Guid.NewGuid();

    [Fact]
    public async Task LocalActivityAndPatch_OneRun_BothAreMarkersAndReplay()
    {
        using var worker = server.Worker(_id, options => options.AddWorkflow<MarkingWorkflow>());
        await worker.ExecuteAsync(async () =>
        {
            var handle = await server.Client.StartWorkflowAsync((MarkingWorkflow w) => w.RunAsync(), new(_id, _id));
            Assert.Equal("Hello, marker", await server.ResultAsync(() => handle.GetResultAsync()));
        });
        var history = await server.Client.GetWorkflowHandle(_id).FetchHistoryAsync();
        var markers = history.Events
            .Select(e => e.MarkerRecordedEventAttributes?.MarkerName).Where(name => name != null).ToList();
        Assert.Equal(["core_patch", "core_local_activity"], markers);
        Assert.DoesNotContain(history.Events, e => e.ActivityTaskScheduledEventAttributes != null);
        var replayer = new WorkflowReplayer(new WorkflowReplayerOptions().AddWorkflow<MarkingWorkflow>());
        var replayed = await replayer.ReplayWorkflowAsync(history);
        Assert.Null(replayed.ReplayFailure);
    }
}
