using Nstance.Temporal.Activities.Reconcile;
using Nstance.Temporal.Tests.Support;
using Temporalio.Exceptions;

namespace Nstance.Temporal.Tests.Flows;

/// <summary>The reconciler on a server: each event that arrives by signal-with-start is sent once.</summary>
public sealed class ReconcilerTests(TemporalServerFixture server) : IClassFixture<TemporalServerFixture>
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);
    private static readonly DateTimeOffset At = DateTimeOffset.UnixEpoch;

    [Fact]
    public async Task Enqueue_NothingRunsYet_StartsItChecksAndNotifies()
    {
        await using var stage = await Stage.SetAsync(server.Environment);
        await SendAsync(stage, "a", Events.Check("i-1", At), Events.Changed("web", At));
        var status = await StatusAsync(stage, s => s.Totals.Handled == 2 && s.ToNotify == 0);
        Assert.Equal((0, 2L, 1L), (status.Queued, status.Totals.Received, status.Totals.MarkedForReplacement));
        Assert.Equal(["GroupChanged", "ReplaceInstance"], stage.Outside.Notified.Select(n => n.Kind).Order());
        Assert.Equal(2, stage.Outside.Notified.Select(n => n.Key).Distinct().Count());
        Assert.Equal("i-1", Assert.Single(stage.Outside.Checked).InstanceId);
    }

    [Fact]
    public async Task Enqueue_SameKeyOrWithinTheWindow_IsTakenOnceAndAgainAfterTheWindow()
    {
        server.RequireTimeSkipping();
        await using var stage = await Stage.SetAsync(server.Environment);
        await SendAsync(stage, "a", Events.Check("i-1", At));
        await SendAsync(stage, "a", Events.Check("i-1", At));
        await StatusAsync(stage, s => s.Totals.Handled == 1);
        await SendAsync(stage, "b", Events.Check("i-1", At));
        var within = await StatusAsync(stage, s => s.Totals.Deduplicated == 1);
        Assert.Equal((2L, 1L), (within.Totals.Received, within.Totals.Handled));

        await stage.PassAsync(3 * Minute);
        await SendAsync(stage, "c", Events.Check("i-1", At));
        await StatusAsync(stage, s => s.Totals.Handled == 2);
        Assert.Equal(2, stage.Outside.Checked.Count);
    }

    [Fact]
    public async Task Checks_HostIsLost_StayQueuedUntilABatchNamesAnother()
    {
        server.RequireTimeSkipping();
        await using var stage = await Stage.SetAsync(server.Environment);
        await stage.LeaveAsync(stage.First);
        await SendAsync(stage, "a", Events.Check("i-1", At), Events.Check("i-2", At));
        await stage.PassAsync(2 * Minute);
        var waiting = await StatusAsync(stage, s => s.HostTaskQueue is null);
        Assert.Equal((2, 0L), (waiting.Queued, waiting.Totals.Handled));

        stage.Arrive(stage.Second);
        await new ReconcilerEventSink(stage.Client, stage.Second, Minute).SendAsync(
            stage.Shard, new("b", [Events.Check("i-3", At)]), CancellationToken.None);
        await stage.PassAsync(Minute);
        var done = await StatusAsync(stage, s => s.Totals.Handled == 3);
        Assert.Equal(0, done.Queued);
        Assert.Equal(["i-1", "i-2", "i-3"], stage.Outside.Checked.Select(e => e.InstanceId));
    }

    [Fact]
    public async Task Enqueue_MoreSignalsThanARunTakes_ContinuesAsNewAndLosesNothing()
    {
        const int Batches = 450;
        await using var stage = await Stage.SetAsync(server.Environment);
        await SendAsync(stage, "first", Events.Check("i-0", At));
        var first = (await stage.Reconciler.DescribeAsync()).RunId;
        await Parallel.ForAsync(
            1, Batches, new ParallelOptions { MaxDegreeOfParallelism = 8 },
            async (n, _) => await SendAsync(stage, $"b{n}", Events.Check($"i-{n}", At)));

        var status = await StatusAsync(stage, s => s.Totals.Handled == Batches && s.ToNotify == 0);
        var totals = status.Totals;
        Assert.Equal(0, status.Queued);
        Assert.Equal((Batches, 0L, 0L), (totals.Received, totals.Failed, totals.Deduplicated));
        Assert.NotEqual(first, (await stage.Reconciler.DescribeAsync()).RunId);
        var notified = stage.Outside.Notified.DistinctBy(n => n.Key).SelectMany(n => n.Events);
        Assert.Equal(
            Enumerable.Range(0, Batches).Select(n => $"i-{n}").Order(), notified.Select(e => e.InstanceId).Order());
    }

    [Fact]
    public async Task Cancel_EmptyQueue_EndsAndDropsNothing()
    {
        await using var stage = await Stage.SetAsync(server.Environment);
        await SendAsync(stage, "a", Events.Check("i-1", At), Events.Changed("web", At));
        await StatusAsync(stage, s => s.Totals.Handled == 2 && s.ToNotify == 0);

        await stage.Reconciler.CancelAsync();

        Assert.Equal(new(0, 0), await stage.Reconciler.GetResultAsync<ReconcilerResult>());
    }

    [Fact]
    public async Task Cancel_QueueOfAHostThatWorks_IsWorkedOffBeforeTheEnd()
    {
        await using var stage = await Stage.SetAsync(server.Environment);
        await SendAsync(stage, "a", [.. Enumerable.Range(0, 400).Select(n => Events.Check($"i-{n}", At))]);
        await stage.Reconciler.CancelAsync();

        Assert.Equal(new(0, 0), await stage.Reconciler.GetResultAsync<ReconcilerResult>());
        Assert.Equal(400, stage.Outside.Checked.Count);
        Assert.Equal(400, stage.Outside.Notified.DistinctBy(n => n.Key).Sum(n => n.Events.Count));
    }

    [Fact]
    public async Task Cancel_ReceiverThatNeverAnswersAndNoHost_EndsAndCountsTheDropped()
    {
        server.RequireTimeSkipping();
        await using var stage = await Stage.SetAsync(server.Environment);
        stage.Outside.IsMute = true;
        await stage.LeaveAsync(stage.First);
        await SendAsync(stage, "a", Events.Check("i-1", At), Events.Check("i-2", At), Events.Changed("web", At));
        await StatusAsync(stage, s => s.ToNotify == 1);
        await stage.Reconciler.CancelAsync();

        Assert.Equal(new(2, 1), await stage.Reconciler.GetResultAsync<ReconcilerResult>());
        Assert.Empty(stage.Outside.Checked);
    }

    /// <summary>nstance was elected. The host holds the shard again after its next sync.</summary>
    [Fact]
    public async Task Check_HostMustAcquireAgain_IsAskedAgain()
    {
        server.RequireTimeSkipping();
        await using var stage = await Stage.SetAsync(server.Environment);
        stage.Outside.Fault = new ApplicationFailureException("elected", ErrorTypes.ShardNotHeld, nonRetryable: true);
        await SendAsync(stage, "a", Events.Check("i-1", At));
        await stage.PassAsync(2 * Minute);

        await StatusAsync(stage, s => s is { Queued: 0, Totals.Handled: 1 });
        Assert.Equal(2, stage.Outside.Checked.Count);
    }

    /// <summary>The webhook was away, and the agent reports by then.</summary>
    [Fact]
    public async Task Notify_ReplacementDoesNotArriveInTime_IsCheckedAgain()
    {
        server.RequireTimeSkipping();
        await using var stage = await Stage.SetAsync(server.Environment);
        stage.Outside.IsMute = true;
        await SendAsync(stage, "a", Events.Check("i-1", At));
        await StatusAsync(stage, s => s.ToNotify == 1);
        stage.Outside.Verdict = CheckVerdict.Fine;

        await stage.PassAsync(2 * Minute);
        stage.Outside.IsMute = false;

        await StatusAsync(stage, s => s is { ToNotify: 0, Totals.Handled: 1 });
        Assert.Equal(2, stage.Outside.Checked.Count);
        Assert.Empty(stage.Outside.Notified);
    }

    private static Task SendAsync(Stage stage, string key, params ReconcileEvent[] events) =>
        new ReconcilerEventSink(stage.Client, stage.First, Minute).SendAsync(
            stage.Shard, new(key, events), TestContext.Current.CancellationToken);

    private static async Task<ReconcilerStatus> StatusAsync(Stage stage, Predicate<ReconcilerStatus> wanted)
    {
        using var deadline = new CancellationTokenSource(Minute);
        while (true)
        {
            var status = await stage.Reconciler.QueryAsync(w => w.Status());
            if (wanted(status)) return status;
            if (deadline.IsCancellationRequested) Assert.Fail($"still {status}");
        }
    }
}
