using CsCheck;
using Nstance.Temporal.Workflows.Reconciler;

namespace Nstance.Temporal.Tests.Flows;

public sealed class EventQueueTests
{
    private static readonly ShardRef Shard = new("acme", "us-west-2a", "bucket");
    private static readonly DateTimeOffset Start = new(2026, 11, 24, 0, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(60);

    [Fact]
    public void Enqueue_SameKeyTwice_TakesTheBatchOnce()
    {
        var queue = new EventQueue(null, Interval);
        queue.Enqueue(new("k", [Check("a")]), Start);
        queue.Enqueue(new("k", [Check("b")]), Start);
        Assert.Equal((1, 1L), (queue.Queued, queue.Totals.Received));
    }

    [Fact]
    public void Enqueue_EqualGroupChanges_AreMergedIntoOne()
    {
        var queue = new EventQueue(null, Interval);
        queue.Enqueue(new("k", [.. Enumerable.Repeat(Changed("web"), 500)]), Start);
        Assert.Equal((1, 499L), (queue.Queued, queue.Totals.Deduplicated));
    }

    [Fact]
    public void Enqueue_SameNamesOfAnotherTenant_AreNotMerged()
    {
        var queue = new EventQueue(null, Interval);
        queue.Enqueue(new("k", [Changed("web"), Changed("web") with { Tenant = "globex" }]), Start);
        Assert.Equal(2, queue.Queued);
    }

    [Fact]
    public void Enqueue_EqualCheckIsQueued_KeepsThePlaceAndTheLaterCount()
    {
        var queue = new EventQueue(null, Interval);
        queue.Enqueue(new("1", [Check("a"), Check("b")]), Start);
        queue.Enqueue(new("2", [Check("a") with { Attempt = 4 }]), Start);
        Assert.Equal([("a", 4), ("b", 1)], queue.Checks().Select(e => (e.InstanceId!, e.Attempt)));
    }

    [Theory]
    [InlineData(119, 0)]
    [InlineData(120, 1)]
    public void Enqueue_HandledBefore_IsDroppedWithinTwiceTheIntervalOnly(int seconds, int queued)
    {
        var queue = new EventQueue(null, Interval);
        queue.Enqueue(new("1", [Check("a")]), Start);
        Assert.True(queue.Checked(queue.Checks(), Verdicts(queue.Checks(), CheckVerdict.Fine), Start));
        // Handed to the next run in between: the window must survive it.
        queue = new EventQueue(queue.Export(Start), Interval);
        queue.Enqueue(new("2", [Check("a")]), Start.AddSeconds(seconds));
        Assert.Equal(queued, queue.Queued);
    }

    [Fact]
    public void Enqueue_HandledBeforeButDuplicatesAreWanted_IsQueued()
    {
        var queue = new EventQueue(null, Interval);
        queue.Enqueue(new("1", [Changed("web")]), Start);
        Assert.NotNull(queue.Next(Shard, Start));
        queue.Enqueue(new("2", [Changed("web")]), Start);
        Assert.Equal(1, queue.Queued);
    }

    [Fact]
    public void Enqueue_CheckWithoutAnInstance_CountsAsFailed()
    {
        var queue = new EventQueue(null, Interval);
        queue.Enqueue(new("1", [Check("a") with { InstanceId = null }]), Start);
        Assert.Equal((0, 1L), (queue.Queued, queue.Totals.Failed));
    }

    [Fact]
    public void Checked_VerdictMissing_KeepsThatCheckQueued()
    {
        var queue = new EventQueue(null, Interval);
        queue.Enqueue(new("1", [Check("a"), Check("b")]), Start);
        Assert.False(queue.Checked(queue.Checks(), new([new("a", CheckVerdict.Fine, "running")]), Start));
        Assert.Equal(["b"], queue.Checks().Select(e => e.InstanceId));
    }

    [Fact]
    public void Checked_Replace_IsNotified()
    {
        var queue = new EventQueue(null, Interval);
        queue.Enqueue(new("1", [Check("a")]), Start);
        queue.Checked(queue.Checks(), Verdicts(queue.Checks(), CheckVerdict.Replace), Start);
        var sent = queue.Next(Shard, Start)!;
        Assert.Equal(("ReplaceInstance", "a"), (sent.Kind, sent.Events[0].InstanceId));
        Assert.Equal(1, queue.Totals.MarkedForReplacement);
    }

    [Fact]
    public void Next_SentAgainByTheNextRun_KeepsKeyAndContent()
    {
        var queue = new EventQueue(null, Interval);
        queue.Enqueue(new("1", [Changed("web"), Changed("db")]), Start);
        var sent = queue.Next(Shard, Start)!;
        var again = new EventQueue(queue.Export(Start), Interval).Next(Shard, Start.AddHours(1))!;
        Assert.Equal(sent.Key, again.Key);
        Assert.Equal(sent.Events, again.Events);
    }

    [Fact]
    public void Next_TwoNotifications_HaveDifferentKeys()
    {
        var queue = new EventQueue(null, Interval);
        queue.Enqueue(new("1", [Changed("web")]), Start);
        var first = queue.Next(Shard, Start)!.Key;
        queue.Notified(failed: false);
        queue.Enqueue(new("2", [Changed("web")]), Start);
        Assert.NotEqual(first, queue.Next(Shard, Start)!.Key);
    }

    [Fact]
    public void DropExcess_MoreThanARunMayCarry_DropsNewestChecksAndNoGroup()
    {
        var queue = new EventQueue(null, Interval);
        queue.Enqueue(new("1", [.. Enumerable.Range(0, EventQueue.MaxCarried).Select(n => Check($"i{n}"))]), Start);
        queue.Enqueue(new("2", [Check("last"), Changed("web")]), Start);
        Assert.Equal(2, queue.DropExcess());
        Assert.Equal((EventQueue.MaxCarried, 2L), (queue.Queued, queue.Totals.Failed));
        Assert.Equal("web", queue.Next(Shard, Start)!.Events[0].Group);
    }

    /// <summary>The webhook was away. The agent may report by now.</summary>
    [Theory]
    [InlineData(119, false)]
    [InlineData(120, true)]
    public void Next_ReplacementWaited_IsCheckedAgainAfterTwiceTheInterval(int seconds, bool again)
    {
        var queue = new EventQueue(null, Interval);
        queue.Enqueue(new("1", [Check("a")]), Start);
        queue.Checked(queue.Checks(), Verdicts(queue.Checks(), CheckVerdict.Replace), Start);
        queue = new EventQueue(queue.Export(Start), Interval);

        var next = queue.Next(Shard, Start.AddSeconds(seconds));

        Assert.Equal(again ? null : "ReplaceInstance", next?.Kind);
        Assert.Equal(again ? ["a"] : [], queue.Checks().Select(e => e.InstanceId));
        Assert.Equal(again ? (0, 0) : (1, 1), (queue.Totals.Handled, queue.Totals.MarkedForReplacement));
    }

    [Theory]
    [InlineData(CheckVerdict.Fine)]
    [InlineData(CheckVerdict.Unknown)]
    public void Checked_LaterVerdictIsAnother_WithdrawsTheReplacement(CheckVerdict verdict)
    {
        var queue = new EventQueue(null, Interval);
        queue.Enqueue(new("1", [Check("a"), Check("b")]), Start);
        queue.Checked(queue.Checks(), Verdicts(queue.Checks(), CheckVerdict.Replace), Start);
        queue.Enqueue(new("2", [Check("a")]), Start.AddSeconds(120));
        queue.Checked(queue.Checks(), Verdicts(queue.Checks(), verdict), Start.AddSeconds(120));

        Assert.Equal((1, 1), (queue.ToNotify, queue.Totals.MarkedForReplacement));
        Assert.Null(queue.Next(Shard, Start.AddSeconds(121)));
        Assert.Equal(["b"], queue.Checks().Select(e => e.InstanceId));
    }

    [Fact]
    public void Expired_ReplacementsOnTheirWay_AreCheckedAgainOnce()
    {
        var queue = new EventQueue(null, Interval);
        queue.Enqueue(new("1", [Check("a"), Check("b")]), Start);
        queue.Checked(queue.Checks(), Verdicts(queue.Checks(), CheckVerdict.Replace), Start);
        Assert.Equal(2, queue.Next(Shard, Start)!.Events.Count);
        queue.Enqueue(new("2", [Check("a") with { Attempt = 5 }]), Start.AddSeconds(120));

        queue.Expired();

        Assert.Equal([("a", 5), ("b", 1)], queue.Checks().Select(e => (e.InstanceId!, e.Attempt)));
        Assert.Equal((0, false), (queue.ToNotify, queue.HasNews));
    }

    [Fact]
    public void AnyOrderOfSteps_NothingIsLost_AcrossRuns() =>
        Gen.Int[0, 5].Select(Gen.Int[0, 12], Gen.Int[0, 90], (step, name, seconds) => (step, name, seconds))
            .List[0, 120].Sample(steps =>
            {
                var queue = new EventQueue(null, Interval);
                var now = Start;
                var batch = 0;
                var notified = 0L;
                foreach (var (step, name, seconds) in steps)
                {
                    now = now.AddSeconds(seconds);
                    switch (step)
                    {
                        case 0:
                            queue.Enqueue(new($"b{batch++}", [Check($"i{name}"), Check($"i{name + 1}")]), now);
                            break;
                        case 1: queue.Enqueue(new($"b{batch++}", [Changed($"g{name}")]), now); break;
                        case 2: queue.Enqueue(new($"b{Math.Max(0, batch - 1)}", []), now); break;
                        case 3:
                            var some = queue.Checks().Take(name).ToList();
                            var verdict = name % 2 == 0 ? CheckVerdict.Replace : CheckVerdict.Unknown;
                            queue.Checked(some, Verdicts(some, verdict), now);
                            break;
                        case 4:
                            if (queue.Next(Shard, now) is not { } news) break;
                            if (name % 3 != 0)
                            {
                                notified += news.Events.Count;
                                queue.Notified(failed: false);
                            }
                            else if (news.Kind == EventQueue.Replacement && name % 2 == 0)
                            {
                                queue.Expired();
                            }

                            break;
                        default: queue = new EventQueue(queue.Export(now), queue.HealthCheckInterval); break;
                    }
                }

                var totals = queue.Totals;
                Assert.Equal(totals.Received, queue.Queued + totals.Handled + totals.Deduplicated + totals.Failed);
                // Every handled group and every mark for replacement was notified, or still waits.
                while (queue.HasChecks || queue.HasNews)
                {
                    var rest = queue.Checks();
                    queue.Checked(rest, Verdicts(rest, CheckVerdict.Fine), now);
                    if (queue.Next(Shard, now) is not { } news) continue;
                    notified += news.Events.Count;
                    queue.Notified(failed: false);
                }

                Assert.Equal((0, 0, false), (queue.Queued, queue.ToNotify, queue.HasNews));
                Assert.True(notified >= queue.Totals.MarkedForReplacement);
            });

    private static ReconcileEvent Check(string instance) =>
        new(ReconcileEventType.CheckInstance, "acme", "web", instance, Start, PreventDuplicate: true, "is silent", 1);

    private static ReconcileEvent Changed(string group) =>
        new(ReconcileEventType.GroupChanged, "acme", group, null, Start, PreventDuplicate: false, "lost an instance");

    private static CheckInstancesResult Verdicts(IReadOnlyList<ReconcileEvent> checks, CheckVerdict verdict) =>
        new([.. checks.Select(check => new CheckedInstance(check.InstanceId!, verdict, "seen"))]);
}
