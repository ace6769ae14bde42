using System.Diagnostics;
using Nstance.Temporal.Tests.Support;
using Temporalio.Api.Enums.V1;
using Temporalio.Api.History.V1;

namespace Nstance.Temporal.Tests.Flows;

/// <summary>What a collector costs when there is nothing to collect, and how long it runs.</summary>
public sealed class LongRunTests(TemporalServerFixture server) : IClassFixture<TemporalServerFixture>
{
    private const int Quiet = 12;

    /// <summary>Two hundred and ten cycles: the workflow continues as new twice.</summary>
    [Fact]
    public Task RunAsync_SevenHoursEveryTwoMinutes_RunsEveryCycleOnce() => RunEveryTwoMinutesAsync(hours: 7);

    /// <summary>Takes minutes: <c>--explicit only --filter-class "*LongRunTests"</c> runs it.</summary>
    [Fact(Explicit = true)]
    public Task RunAsync_ThirtyDaysEveryTwoMinutes_RunsEveryCycleOnce() => RunEveryTwoMinutesAsync(hours: 30 * 24);

    [Fact]
    public async Task RunAsync_QuietCycle_CostsFourActivitiesAndOneTimerAndUnder8KiB()
    {
        server.RequireTimeSkipping();
        await using var stage = await Stage.SetAsync(server.Environment);
        var collector = await stage.StartAsync();
        await stage.PassAsync(TimeSpan.FromMinutes((2 * Quiet) + 2));

        var events = (await collector.FetchHistoryAsync()).Events;
        // One cycle lies between the starts of two timers. The first cycle also acquires a host, so it does not count.
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

    private async Task RunEveryTwoMinutesAsync(int hours)
    {
        server.RequireTimeSkipping();
        await using var stage = await Stage.SetAsync(server.Environment);
        var watch = Stopwatch.StartNew();
        var collector = await stage.StartAsync();
        // The first cycle begins within two minutes, so the last one ends in time. Each call passes one hour: a call
        // for all of it could exceed its deadline.
        for (var hour = 0; hour < hours; hour++) await stage.PassAsync(TimeSpan.FromHours(1));

        var status = await collector.QueryAsync(w => w.Status());
        Assert.Equal((hours * 30, hours * 30L), (status.Cycle, status.Totals.Cycles));
        Assert.Equal(CycleOutcome.Completed, status.LastReport!.Outcome);
        Assert.Equal(hours * 30, stage.Gc.Calls.Count(call => call == "purge"));
        Assert.Single(stage.Gc.Acquired);
        TestContext.Current.TestOutputHelper?.WriteLine($"{hours} hours in {watch.Elapsed.TotalSeconds:F1} s");
    }

    private static IEnumerable<string> Activities(IEnumerable<HistoryEvent> events) => events
        .Where(e => e.EventType == EventType.ActivityTaskScheduled)
        .Select(e => e.ActivityTaskScheduledEventAttributes.ActivityType.Name);
}
