using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Time.Testing;
using Nstance.Temporal.TestServer.Binding;
using Nstance.Temporal.TestServer.Engine;
using Temporalio.Api.Enums.V1;
using Temporalio.Api.Schedule.V1;
using Temporalio.Api.WorkflowService.V1;

namespace Nstance.Temporal.Tests.TestServer;

/// <summary>
/// A server that was asleep (a suspended machine): the only way to be late, so on a clock that a test owns.
/// </summary>
public sealed class ScheduleCatchupTests : IDisposable
{
    private readonly FakeTimeProvider _time = new(new(2026, 3, 1, 12, 0, 30, TimeSpan.Zero));
    private readonly ServerEngine _engine;

    public ScheduleCatchupTests() => _engine = new(new() { TimeProvider = _time, TimeSkipping = false });

    public void Dispose() => _engine.Dispose();

    [Fact]
    public async Task Process_HoursLate_ActsOnlyInsideTheWindowAndCountsTheRest()
    {
        await CreateAsync(TimeSpan.FromMinutes(25), ScheduleOverlapPolicy.AllowAll);
        _time.Advance(TimeSpan.FromHours(2));
        var info = (await DescribeAsync()).Info;
        // Due at 12:10 … 14:00, now 14:00:30: the last three are at most 25 minutes late.
        Assert.Equal(3, info.ActionCount);
        Assert.Equal(9, info.MissedCatchupWindow);
    }

    [Fact]
    public async Task Process_LateWhilePaused_NeitherActsNorCountsAsMissed()
    {
        await CreateAsync(TimeSpan.FromMinutes(25), ScheduleOverlapPolicy.AllowAll);
        await PatchAsync(new() { Pause = "off" });
        _time.Advance(TimeSpan.FromHours(2));
        await PatchAsync(new() { Unpause = "on" });
        var info = (await DescribeAsync()).Info;
        Assert.Equal(0, info.ActionCount);
        Assert.Equal(0, info.MissedCatchupWindow);
    }

    [Fact]
    public async Task Process_ManyDueAtOnceWithBufferOne_OneRunsOneWaits()
    {
        await CreateAsync(TimeSpan.FromDays(1), ScheduleOverlapPolicy.BufferOne);
        _time.Advance(TimeSpan.FromHours(2));
        var info = (await DescribeAsync()).Info;
        Assert.Equal(1, info.ActionCount);
        Assert.Equal(1, info.BufferSize);
        Assert.Equal(10, info.OverlapSkipped);
    }

    [Fact]
    public async Task MatchingTimes_OfASpan_AreThoseOfTheSpec()
    {
        await CreateAsync(TimeSpan.FromDays(1), ScheduleOverlapPolicy.Skip);
        var from = new DateTimeOffset(2026, 5, 1, 0, 0, 0, TimeSpan.Zero);
        var answer = await CallAsync<ListScheduleMatchingTimesResponse>(
            "ListScheduleMatchingTimes",
            new ListScheduleMatchingTimesRequest
            {
                Namespace = "default",
                ScheduleId = "late",
                StartTime = Timestamp.FromDateTimeOffset(from),
                EndTime = Timestamp.FromDateTimeOffset(from.AddMinutes(30)),
            });
        Assert.Equal(
            [from.AddMinutes(10), from.AddMinutes(20), from.AddMinutes(30)],
            answer.StartTime.Select(time => time.ToDateTimeOffset()));
    }

    private Task<CreateScheduleResponse> CreateAsync(TimeSpan window, ScheduleOverlapPolicy policy) =>
        CallAsync<CreateScheduleResponse>("CreateSchedule", new CreateScheduleRequest
        {
            Namespace = "default",
            ScheduleId = "late",
            Schedule = new()
            {
                Spec = new()
                {
                    Interval = { new IntervalSpec { Interval = Duration.FromTimeSpan(TimeSpan.FromMinutes(10)) } },
                },
                Policies = new() { CatchupWindow = Duration.FromTimeSpan(window), OverlapPolicy = policy },
                Action = new()
                {
                    StartWorkflow = new()
                    {
                        WorkflowId = "run",
                        WorkflowType = new() { Name = "Tick" },
                        TaskQueue = new() { Name = "queue" },
                    },
                },
            },
        });

    private Task<PatchScheduleResponse> PatchAsync(SchedulePatch patch) => CallAsync<PatchScheduleResponse>(
        "PatchSchedule", new PatchScheduleRequest { Namespace = "default", ScheduleId = "late", Patch = patch });

    /// <summary>The first call after the sleep finds the alarm due; the second sees what it did.</summary>
    private async Task<DescribeScheduleResponse> DescribeAsync()
    {
        var request = new DescribeScheduleRequest { Namespace = "default", ScheduleId = "late" };
        await CallAsync<DescribeScheduleResponse>("DescribeSchedule", request);
        return await CallAsync<DescribeScheduleResponse>("DescribeSchedule", request);
    }

    private async Task<T> CallAsync<T>(string method, IMessage request) =>
        (T)await _engine.Rpc.Invoke("WorkflowService/" + method, request, RpcCall.Internal);
}
