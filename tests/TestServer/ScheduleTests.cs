using Nstance.Temporal.Tests.Support;
using Temporalio.Api.Enums.V1;
using Temporalio.Client.Schedules;
using Temporalio.Common;
using Temporalio.Exceptions;
using Temporalio.Worker;

namespace Nstance.Temporal.Tests.TestServer;

/// <summary>
/// Creates, describes and lists schedules.
/// Each test has a server of its own: a schedule left behind would act while another test lets time pass.
/// </summary>
public sealed class ScheduleTests : IAsyncLifetime
{
    private readonly string _id = "schedule-" + Guid.NewGuid();
    private readonly string _queue = "queue-" + Guid.NewGuid();
    private readonly SchedulingServer _server = new();

    public ValueTask InitializeAsync() => _server.InitializeAsync();

    public async ValueTask DisposeAsync()
    {
        await _server.ForgetAsync(_id);
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Create_TriggerImmediately_StartsOnceUnderAStampedId()
    {
        using var worker = Worker();
        await worker.ExecuteAsync(async () =>
        {
            var handle = await _server.Client.CreateScheduleAsync(_id, Tick(), new() { TriggerImmediately = true });
            var described = await handle.DescribeAsync();
            var action = Assert.IsType<ScheduleActionExecutionStartWorkflow>(
                Assert.Single(described.Info.RecentActions).Action);
            Assert.Matches("^" + _id + "-run-[0-9-]{10}T[0-9:]{8}Z$", action.WorkflowId);
            Assert.Equal(1, described.Info.NumActions);
            var run = _server.Client.GetWorkflowHandle(action.WorkflowId, action.FirstExecutionRunId);
            Assert.Equal(action.WorkflowId, await run.GetResultAsync<string>());
            var attributes = (await run.DescribeAsync()).TypedSearchAttributes;
            Assert.Equal(_id, attributes.Get(SearchAttributeKey.CreateKeyword("TemporalScheduledById")));
            Assert.True(attributes.ContainsKey(SearchAttributeKey.CreateDateTimeOffset("TemporalScheduledStartTime")));
        });
    }

    [Fact]
    public async Task Create_IdTaken_ThrowsScheduleAlreadyRunning()
    {
        await _server.Client.CreateScheduleAsync(_id, Tick());
        await Assert.ThrowsAsync<ScheduleAlreadyRunningException>(
            () => _server.Client.CreateScheduleAsync(_id, Tick()));
    }

    [Fact]
    public async Task Create_SpecInvalid_InvalidArgumentNamesTheFault()
    {
        var schedule = Tick() with { Spec = new() { CronExpressions = ["61 * * * *"] } };
        var fault = await Assert.ThrowsAsync<RpcException>(() => _server.Client.CreateScheduleAsync(_id, schedule));
        Assert.Equal(RpcException.StatusCode.InvalidArgument, fault.Code);
        Assert.Contains(
            "Invalid schedule spec: Minute is not in range [0-59]", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Describe_CronAndCalendar_RangesAreFilledIn()
    {
        var schedule = Tick() with
        {
            Spec = new()
            {
                CronExpressions = ["30 9 * * 7"],
                Calendars = [new() { Hour = [new(3)] }],
            },
        };
        await _server.Client.CreateScheduleAsync(_id, schedule);
        var described = (await _server.Client.Connection.WorkflowService.DescribeScheduleAsync(
            new() { Namespace = "default", ScheduleId = _id })).Schedule.Spec;
        Assert.Empty(described.CronString);
        Check(described.StructuredCalendar.Single(each => each.Minute.Single().Start == 30));
        var listed = await TestEnvironments.EventuallyAsync(
            () => _server.Client.Connection.WorkflowService.ListSchedulesAsync(
                new() { Namespace = "default", MaximumPageSize = 1_000 }),
            answer => answer.Schedules.Any(each => each.ScheduleId == _id));
        Check(listed.Schedules.Single(each => each.ScheduleId == _id)
            .Info.Spec.StructuredCalendar.Single(each => each.Minute.Single().Start == 30));

        static void Check(Temporalio.Api.Schedule.V1.StructuredCalendarSpec cron)
        {
            Assert.Equal(new() { Start = 30, End = 30, Step = 1 }, Assert.Single(cron.Minute));
            Assert.Equal(new() { Start = 9, End = 9, Step = 1 }, Assert.Single(cron.Hour));
            Assert.Equal(new() { Start = 0, End = 0, Step = 1 }, Assert.Single(cron.DayOfWeek));
            Assert.Equal(new() { Start = 1, End = 31, Step = 1 }, Assert.Single(cron.DayOfMonth));
            Assert.Empty(cron.Year);
        }
    }

    [Theory]
    [InlineData("WorkflowType = 'x'", "WorkflowType")]
    [InlineData("TemporalSchedulePaused = false AND ExecutionStatus = 'Running'", "ExecutionStatus")]
    public async Task List_ByWhatIsNoSchedules_Refused(string query, string attribute)
    {
        var fault = await ServerFixture.FaultAsync(
            RpcException.StatusCode.InvalidArgument,
            () => _server.Client.Connection.WorkflowService.ListSchedulesAsync(
                new() { Namespace = "default", Query = query }));
        Assert.Contains(
            $"invalid query filter for schedules: cannot filter on \"{attribute}\"",
            fault.Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Describe_Fresh_ShowsMemoCreationDefaultsAndNextTimes()
    {
        var handle = await _server.Client.CreateScheduleAsync(
            _id, Tick(), new() { Memo = new Dictionary<string, object> { ["owner"] = "test" } });
        var described = await handle.DescribeAsync();
        Assert.Equal("test", await described.Memo["owner"].ToValueAsync<string>());
        Assert.InRange(described.Info.CreatedAt, DateTime.UtcNow.AddMinutes(-5), DateTime.UtcNow.AddYears(1));
        Assert.Null(described.Info.LastUpdatedAt);
        Assert.Equal(ScheduleOverlapPolicy.Skip, described.Schedule.Policy.Overlap);
        Assert.False(described.Schedule.State.Paused);
        Assert.Equal(10, described.Info.NextActionTimes.Count);
        Assert.All(
            described.Info.NextActionTimes.Zip(described.Info.NextActionTimes.Skip(1)),
            pair => Assert.Equal(SchedulingServer.TickInterval, pair.Second - pair.First));
    }

    [Fact]
    public async Task Interval_AnHourPasses_ActsSixTimes()
    {
        using var worker = Worker();
        await worker.ExecuteAsync(async () =>
        {
            var handle = await _server.Client.CreateScheduleAsync(_id, Tick());
            await _server.PassAsync(TimeSpan.FromHours(1));
            var described = await handle.DescribeAsync();
            Assert.Equal(6, described.Info.NumActions);
            Assert.Equal(6, described.Info.RecentActions.Select(action => action.ScheduledAt).Distinct().Count());
            Assert.Equal(0, described.Info.NumActionsSkippedOverlap);
            await handle.DeleteAsync();
        });
    }

    [Fact]
    public async Task List_SmallPages_EachScheduleOnceWithItsState()
    {
        var ids = Enumerable.Range(0, 5).Select(i => $"{_id}-{i}").ToList();
        foreach (var id in ids)
            await _server.Client.CreateScheduleAsync(id, Tick());
        await _server.Client.GetScheduleHandle(ids[2]).PauseAsync("off");
        var listed = await TestEnvironments.EventuallyAsync(
            async () =>
            {
                var found = new List<ScheduleListDescription>();
                await foreach (var schedule in _server.Client.ListSchedulesAsync())
                    found.Add(schedule);
                return found.Where(each => each.Id.StartsWith(_id, StringComparison.Ordinal)).ToList();
            },
            found => found.Count >= 5 && found.Any(each => each.Schedule!.State.Paused));
        Assert.Equal(ids, listed.Select(each => each.Id).Order(StringComparer.Ordinal));
        Assert.Equal(ids[2], Assert.Single(listed, each => each.Schedule!.State.Paused).Id);
    }

    private Schedule Tick() => SchedulingServer.Tick(_id, _queue);

    private TemporalWorker Worker() => _server.Worker(_queue);
}
