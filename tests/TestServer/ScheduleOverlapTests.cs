using Nstance.Temporal.Tests.Support;
using Temporalio.Api.Enums.V1;
using Temporalio.Client.Schedules;
using Temporalio.Worker;

namespace Nstance.Temporal.Tests.TestServer;

/// <summary>Each test has a server of its own: a schedule left behind would act while another lets time pass.</summary>
public sealed class ScheduleOverlapTests : IAsyncLifetime
{
    private static readonly TimeSpan Every = TimeSpan.FromMinutes(10);

    private readonly string _id = "overlap-" + Guid.NewGuid();
    private readonly string _queue = "queue-" + Guid.NewGuid();
    private readonly SchedulingServer _server = new();

    public ValueTask InitializeAsync() => _server.InitializeAsync();

    public async ValueTask DisposeAsync()
    {
        await _server.ForgetAsync(_id);
        await _server.DisposeAsync();
    }

    [Fact]
    public Task Skip_FourTicksWhileOneRuns_ThreeAreSkipped() =>
        WithSchedule(ScheduleOverlapPolicy.Skip, 4, async (handle, described) =>
        {
            Assert.Equal(1, described.Info.NumActions);
            Assert.Equal(3, described.Info.NumActionsSkippedOverlap);
            Assert.Single(described.Info.RunningActions);
            await EndAsync(Last(described));
            await TestEnvironments.EventuallyAsync(
                () => handle.DescribeAsync(), now => now.Info.RunningActions.Count == 0);
        });

    [Fact]
    public Task BufferOne_FourTicksWhileOneRuns_OneFollowsTwoAreSkipped() =>
        WithSchedule(ScheduleOverlapPolicy.BufferOne, 4, async (handle, described) =>
        {
            Assert.Equal(1, described.Info.NumActions);
            Assert.Equal(2, described.Info.NumActionsSkippedOverlap);
            await EndAsync(Last(described));
            await TestEnvironments.EventuallyAsync(() => handle.DescribeAsync(), now => now.Info.NumActions == 2);
        });

    [Fact]
    public Task BufferAll_ThreeTicksWhileOneRuns_AllFollowOneByOne() =>
        WithSchedule(ScheduleOverlapPolicy.BufferAll, 3, async (handle, described) =>
        {
            for (var started = 1; started <= 3; started++)
            {
                Assert.Equal(started, described.Info.NumActions);
                Assert.Single(described.Info.RunningActions);
                await EndAsync(Last(described));
                var next = Math.Min(started + 1, 3);
                described = await TestEnvironments.EventuallyAsync(
                    () => handle.DescribeAsync(), now => now.Info.NumActions == next);
            }

            Assert.Equal(0, described.Info.NumActionsSkippedOverlap);
        });

    [Fact]
    public Task AllowAll_ThreeTicks_ThreeRunSideBySide() =>
        WithSchedule(ScheduleOverlapPolicy.AllowAll, 3, async (handle, described) =>
        {
            Assert.Equal(3, described.Info.NumActions);
            foreach (var action in described.Info.RecentActions)
                Assert.Equal(WorkflowExecutionStatus.Running, (await Run(action).DescribeAsync()).Status);
            Assert.Empty((await handle.DescribeAsync()).Info.RunningActions);
        });

    [Theory]
    [InlineData(ScheduleOverlapPolicy.CancelOther, WorkflowExecutionStatus.Canceled)]
    [InlineData(ScheduleOverlapPolicy.TerminateOther, WorkflowExecutionStatus.Terminated)]
    public Task EndOther_SecondTick_EndsTheFirstAndStartsTheSecond(
        ScheduleOverlapPolicy policy, WorkflowExecutionStatus ended) =>
        WithSchedule(policy, 2, async (handle, _) =>
        {
            var described = await TestEnvironments.EventuallyAsync(
                () => handle.DescribeAsync(), now => now.Info.NumActions == 2);
            var first = await Run(described.Info.RecentActions.First()).DescribeAsync();
            var second = await Run(described.Info.RecentActions.Last()).DescribeAsync();
            Assert.Equal(ended, first.Status);
            Assert.Equal(WorkflowExecutionStatus.Running, second.Status);
            Assert.Equal(0, described.Info.NumActionsSkippedOverlap);
        });

    private static ScheduleActionResult Last(ScheduleDescription described) => described.Info.RecentActions.Last();

    private async Task WithSchedule(
        ScheduleOverlapPolicy policy, int ticks, Func<ScheduleHandle, ScheduleDescription, Task> check)
    {
        using var worker = new TemporalWorker(
            _server.Client, new TemporalWorkerOptions(_queue).AddWorkflow<LongWorkflow>());
        await worker.ExecuteAsync(async () =>
        {
            var schedule = new Schedule(
                ScheduleActionStartWorkflow.Create((LongWorkflow w) => w.RunAsync(), new(_id + "-run", _queue)),
                new() { Intervals = [new(Every)] })
            {
                Policy = new() { Overlap = policy },
            };
            var handle = await _server.Client.CreateScheduleAsync(_id, schedule);
            await _server.PassAsync(Every * ticks);
            await check(handle, await handle.DescribeAsync());
            await handle.DeleteAsync();
        });
    }

    private Temporalio.Client.WorkflowHandle<LongWorkflow> Run(ScheduleActionResult result)
    {
        var action = (ScheduleActionExecutionStartWorkflow)result.Action;
        return _server.Client.GetWorkflowHandle<LongWorkflow>(action.WorkflowId, action.FirstExecutionRunId);
    }

    private Task EndAsync(ScheduleActionResult result) => Run(result).SignalAsync(w => w.EndAsync());
}
