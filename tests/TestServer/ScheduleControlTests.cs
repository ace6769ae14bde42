using Nstance.Temporal.Tests.Support;
using Temporalio.Api.Enums.V1;
using Temporalio.Client.Schedules;
using Temporalio.Exceptions;
using Temporalio.Worker;

namespace Nstance.Temporal.Tests.TestServer;

/// <summary>
/// Pauses, triggers, updates, backfills and deletes schedules.
/// Each test has a server of its own: a schedule left behind would act while another test lets time pass.
/// </summary>
public sealed class ScheduleControlTests : IAsyncLifetime
{
    private readonly string _id = "control-" + Guid.NewGuid();
    private readonly string _queue = "queue-" + Guid.NewGuid();
    private readonly SchedulingServer _server = new();

    public ValueTask InitializeAsync() => _server.InitializeAsync();

    public async ValueTask DisposeAsync()
    {
        await _server.ForgetAsync(_id);
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Pause_AnHourPasses_NothingStartsAndNothingIsCaughtUp()
    {
        using var worker = Worker();
        await worker.ExecuteAsync(async () =>
        {
            var handle = await _server.Client.CreateScheduleAsync(_id, Tick());
            await handle.PauseAsync("maintenance");
            await _server.PassAsync(TimeSpan.FromHours(1));
            var paused = await handle.DescribeAsync();
            Assert.True(paused.Schedule.State.Paused);
            Assert.Equal("maintenance", paused.Schedule.State.Note);
            Assert.Equal(0, paused.Info.NumActions);
            await handle.UnpauseAsync();
            Assert.Equal(0, (await handle.DescribeAsync()).Info.NumActions);
            await _server.PassAsync(SchedulingServer.TickInterval);
            var resumed = await handle.DescribeAsync();
            Assert.Equal(1, resumed.Info.NumActions);
            Assert.Equal(0, resumed.Info.NumActionsMissedCatchupWindow);
            await handle.DeleteAsync();
        });
    }

    [Fact]
    public async Task Trigger_WhilePaused_StartsAnyway()
    {
        var handle = await _server.Client.CreateScheduleAsync(_id, Tick() with { State = new() { Paused = true } });
        await handle.TriggerAsync();
        var described = await handle.DescribeAsync();
        Assert.Equal(1, described.Info.NumActions);
        Assert.True(described.Schedule.State.Paused);
    }

    [Fact]
    public async Task Delete_Described_NotFound()
    {
        var handle = await _server.Client.CreateScheduleAsync(_id, Tick());
        await handle.DeleteAsync();
        var fault = await Assert.ThrowsAsync<RpcException>(() => handle.DescribeAsync());
        Assert.Equal(RpcException.StatusCode.NotFound, fault.Code);
        fault = await Assert.ThrowsAsync<RpcException>(() => handle.DeleteAsync());
        Assert.Equal(RpcException.StatusCode.NotFound, fault.Code);
    }

    [Fact]
    public async Task RemainingActions_UsedUp_StopsActing()
    {
        using var worker = Worker();
        await worker.ExecuteAsync(async () =>
        {
            var state = new ScheduleState { LimitedActions = true, RemainingActions = 2 };
            var handle = await _server.Client.CreateScheduleAsync(_id, Tick() with { State = state });
            await _server.PassAsync(TimeSpan.FromHours(1));
            var described = await handle.DescribeAsync();
            Assert.Equal(2, described.Info.NumActions);
            Assert.Equal(0, described.Schedule.State.RemainingActions);
            Assert.Empty(described.Info.NextActionTimes);
        });
    }

    [Fact]
    public async Task PauseOnFailure_RunFails_PausedWithTheReason()
    {
        using var worker = Worker();
        await worker.ExecuteAsync(async () =>
        {
            var schedule = new Schedule(
                ScheduleActionStartWorkflow.Create((FailingTickWorkflow w) => w.RunAsync(), new(_id + "-run", _queue)),
                new() { Intervals = [new(SchedulingServer.TickInterval)] })
            {
                Policy = new() { PauseOnFailure = true },
            };
            var handle = await _server.Client.CreateScheduleAsync(_id, schedule, new() { TriggerImmediately = true });
            var paused = await TestEnvironments.EventuallyAsync(
                () => handle.DescribeAsync(), described => described.Schedule.State.Paused);
            Assert.Contains("out of luck", paused.Schedule.State.Note, StringComparison.Ordinal);
        });
    }

    [Fact]
    public async Task Update_NewInterval_NextTimesFollowIt()
    {
        var handle = await _server.Client.CreateScheduleAsync(_id, Tick());
        await handle.UpdateAsync(input => new ScheduleUpdate(
            input.Description.Schedule with { Spec = new() { Intervals = [new(TimeSpan.FromHours(3))] } }));
        var described = await handle.DescribeAsync();
        Assert.NotNull(described.Info.LastUpdatedAt);
        Assert.Equal(
            TimeSpan.FromHours(3),
            described.Info.NextActionTimes.ElementAt(1) - described.Info.NextActionTimes.First());
    }

    [Fact]
    public async Task Backfill_AllowAll_OneStartForEachTimeOfTheSpan()
    {
        var handle = await _server.Client.CreateScheduleAsync(_id, Tick() with { State = new() { Paused = true } });
        var start = new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        await handle.BackfillAsync([new(start, start.AddHours(1), ScheduleOverlapPolicy.AllowAll)]);
        // Both ends count.
        Assert.Equal(7, (await handle.DescribeAsync()).Info.NumActions);
    }

    private Schedule Tick() => SchedulingServer.Tick(_id, _queue);

    private TemporalWorker Worker() => _server.Worker(_queue);
}
