using System.Diagnostics;
using Nstance.Temporal.Tests.Support;
using Temporalio.Api.Enums.V1;
using Temporalio.Api.History.V1;

namespace Nstance.Temporal.Tests.Flows;

/// <summary>What a collector costs when there is nothing to collect, and for how long it goes on.</summary>
public sealed class LongRunTests(TemporalServerFixture server) : IClassFixture<TemporalServerFixture>
{
    private const int Quiet = 12;

    [Fact]
    public Task RunAsync_OneDayEveryTwoMinutes_RunsEveryCycleOnce() => RunEveryTwoMinutesAsync(days: 1);

    /// <summary>Takes minutes: <c>--explicit only --filter-class "*LongRunTests"</c> runs it.</summary>
    [Fact(Explicit = true)]
    public Task RunAsync_ThirtyDaysEveryTwoMinutes_RunsEveryCycleOnce() => RunEveryTwoMinutesAsync(days: 30);

    [Fact]
    public async Task RunAsync_QuietCycle_CostsFourActivitiesAndOneTimerAndUnder8KiB()
    {
        server.RequireTimeSkipping();
        await using var stage = await Stage.SetAsync(server.Environment);
        var collector = await stage.StartAsync();
        await stage.PassAsync(TimeSpan.FromMinutes((2 * Quiet) + 2));

        var events = (await collector.FetchHistoryAsync()).Events;
        // One cycle lies between the starts of two timers. The first one also acquires a host: it is left out with the
        // timer before it.
        var timers = Enumerable.Range(0, events.Count)
            .Where(at => events.ElementAt(at).EventType == EventType.TimerStarted).Skip(1).ToList();
        Assert.Equal(Quiet + 1, timers.Count);
        foreach (var (from, to) in timers.Zip(timers.Skip(1)))
        {
            var cycle = events.Skip(from).Take(to - from).ToList();
            Assert.Equal(["SyncProvider", "Collect", "ScanHealth", "PurgeRecords"], Activities(cycle));
            Assert.InRange(cycle.Sum(e => e.CalculateSize()), 1, (8 * 1024) - 1);
            Assert.DoesNotContain(
                cycle, e => e.EventType is EventType.WorkflowTaskFailed or EventType.WorkflowTaskTimedOut);
        }

        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{events.Skip(timers[0]).Take(timers[^1] - timers[0]).Sum(e => e.CalculateSize()) / Quiet} bytes a cycle");
    }

    private async Task RunEveryTwoMinutesAsync(int days)
    {
        server.RequireTimeSkipping();
        await using var stage = await Stage.SetAsync(server.Environment);
        var watch = Stopwatch.StartNew();
        var collector = await stage.StartAsync();
        // The first one begins within two minutes, so at the end the last one is over. Hour by hour: one call for the
        // whole time may outlast a call's deadline.
        await stage.PassAsync(TimeSpan.FromMinutes(60));
        for (var hour = 1; hour < 24 * days; hour++) await stage.PassAsync(TimeSpan.FromHours(1));

        var status = await collector.QueryAsync(w => w.Status());
        Assert.Equal((days * 720, days * 720L), (status.Cycle, status.Totals.Cycles));
        Assert.Equal(CycleOutcome.Completed, status.LastReport!.Outcome);
        Assert.Equal(days * 720, stage.Gc.Calls.Count(call => call == "purge"));
        Assert.Single(stage.Gc.Acquired);
        TestContext.Current.TestOutputHelper?.WriteLine($"{days} days in {watch.Elapsed.TotalSeconds:F1} s");
    }

    private static IEnumerable<string> Activities(IEnumerable<HistoryEvent> events) => events
        .Where(e => e.EventType == EventType.ActivityTaskScheduled)
        .Select(e => e.ActivityTaskScheduledEventAttributes.ActivityType.Name);
}
