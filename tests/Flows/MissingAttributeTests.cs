using Nstance.Temporal.Activities.KeepAlive;
using Nstance.Temporal.Tests.Support;
using Nstance.Temporal.Worker.Hosting;
using Nstance.Temporal.Workflows;
using Temporalio.Api.Enums.V1;
using Temporalio.Client;
using Temporalio.Common;
using Temporalio.Testing;

namespace Nstance.Temporal.Tests.Flows;

/// <summary>A namespace that loses search attributes while the collector runs: each test has one of its own.</summary>
public sealed class MissingAttributeTests(TemporalServerFixture server)
    : IClassFixture<TemporalServerFixture>, IAsyncLifetime
{
    private Stage _stage = null!;

    public async ValueTask InitializeAsync()
    {
        var address = server.Environment.Client.Connection.Options.TargetHost!;
        _stage = await Stage.SetAsync(new WorkflowEnvironment(await TestEnvironments.ConnectAsync(address)));
    }

    public ValueTask DisposeAsync() => _stage.DisposeAsync();

    [Fact]
    public async Task Steer_NamespaceLostTheStateAttribute_NoTaskFailsAndTheOtherIsSet()
    {
        var collector = await _stage.StartAsync();
        await RunCycleAsync(collector);
        await RemoveAsync(Names.StateAttribute);

        await collector.ExecuteUpdateAsync(w => w.PauseAsync(new("look first")));
        await collector.ExecuteUpdateAsync(w => w.ResumeAsync(new()));
        await RunCycleAsync(collector);

        await AssertNoTaskFailedAsync(collector);
    }

    [Fact]
    public async Task Steer_AttributeIsThereAgain_ShowsTheNextChange()
    {
        var collector = await _stage.StartAsync();
        await RunCycleAsync(collector);
        await RemoveAsync(Names.StateAttribute);
        await collector.ExecuteUpdateAsync(w => w.PauseAsync(new("look first")));
        await collector.ExecuteUpdateAsync(w => w.ResumeAsync(new()));
        await RunCycleAsync(collector);
        await SearchAttributes.EnsureAsync((TemporalClient)_stage.Client, new());

        await collector.ExecuteUpdateAsync(w => w.PauseAsync(new("look again")));

        await TestEnvironments.EventuallyAsync(
            async () => (await collector.DescribeAsync()).TypedSearchAttributes,
            attributes => attributes.TryGetValue(Names.StateAttribute, out var state) && state == Names.StatePaused);
        await AssertNoTaskFailedAsync(collector);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public async Task ContinueAsNew_NamespaceLostAttributes_CollectorGoesOn(int lost)
    {
        var collector = await _stage.StartAsync(new() { DryRun = false, CyclesPerRun = 1 });
        var first = (await collector.DescribeAsync()).RunId;
        await RunCycleAsync(collector);
        await TestEnvironments.EventuallyAsync(
            async () => (await collector.DescribeAsync()).RunId, run => run != first);
        await RemoveAsync([.. Names.SearchAttributes.Reverse().Take(lost)]);

        CycleReport? last = null;
        for (var n = 0; n < 3; n++) last = await RunCycleAsync(collector);

        Assert.True(last!.Cycle >= 4);
        await AssertNoTaskFailedAsync(collector);
    }

    [Fact]
    public async Task Start_NamespaceLacksAnAttribute_StartsWithTheOthers()
    {
        await RemoveAsync(Names.PendingAttribute);

        await CollectorStart.EnsureRunsAsync(_stage.Client, _stage.Input());

        await RunCycleAsync(_stage.Collector);
        var shown = (await _stage.Collector.DescribeAsync()).TypedSearchAttributes;
        Assert.Equal(_stage.Shard.Cluster, shown.Get(Names.ClusterAttribute));
        Assert.False(shown.ContainsKey(Names.PendingAttribute));
        await AssertNoTaskFailedAsync(_stage.Collector);
    }

    private static Task<CycleReport> RunCycleAsync(WorkflowHandle<GcWorkflow> collector) =>
        collector.ExecuteUpdateAsync(w => w.RunCycleAsync(new(false)));

    private async Task RemoveAsync(params SearchAttributeKey[] keys) =>
        await _stage.Client.Connection.OperatorService.RemoveSearchAttributesAsync(new()
        {
            Namespace = _stage.Client.Options.Namespace,
            SearchAttributes = { keys.Select(key => key.Name) },
        });

    private async Task AssertNoTaskFailedAsync(WorkflowHandle<GcWorkflow> collector)
    {
        var runs = _stage.Client.ListWorkflowsAsync($"WorkflowId = '{collector.Id}'");
        await foreach (var run in runs)
        {
            var history = await _stage.Client.GetWorkflowHandle(run.Id, run.RunId).FetchHistoryAsync();
            var causes = history.Events.Where(e => e.EventType == EventType.WorkflowTaskFailed)
                .Select(e => e.WorkflowTaskFailedEventAttributes.Cause);
            // An update that arrives while the run is closed is delivered again: no fault.
            Assert.All(causes, cause => Assert.Equal(WorkflowTaskFailedCause.UnhandledCommand, cause));
        }
    }
}
