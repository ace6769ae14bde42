using Nstance.Temporal.Activities.Rules;
using Nstance.Temporal.Worker.Errors;
using Nstance.Temporal.Worker.Output;

namespace Nstance.Temporal.Tests.Worker;

public sealed class PlanTextTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 25, 12, 0, 0, TimeSpan.Zero);

    private static readonly CollectPlan Pending = new(new string('a', 64), Noon, 3)
    {
        Exceeded = ["Dangling: 3 of the shard's 20 live instances would be terminated; at most 2 may"],
        Parts = [new(CollectReason.Dangling, "acme/web", 2), new(CollectReason.Orphan, "(unknown)/db", 1)],
        Waiting = 3,
    };

    private static readonly GcStatus Status = new(new("prod", "us-west-2a", "b"), CollectorActivity.Waiting)
    {
        Pending = Pending,
        Rejections = [new(new string('b', 64), "bob", "keep them", Noon.AddHours(-1))],
    };

    [Fact]
    public void Write_Plan_ShowsEachInstanceByReasonAndGroupWithAgeEvidenceAndCost()
    {
        var plan = Plan.Of(
            new(new("prod", "us-west-2a", "b"), Noon, new()),
            [
                Item("knc2", "i-2", CollectReason.Dangling, "acme", "web", 3, "running"),
                Item("knc1", "i-1", CollectReason.Dangling, "acme", "web", 5, "stopped"),
                Item("dangling-i-3", "i-3", CollectReason.Orphan, "", "db", 30, "running"),
            ],
            [], Pending.Exceeded);

        Assert.Equal(
            """
            plan bbbbbbbbbbbb rejected by bob at 2026-11-25 11:00:00Z: keep them
            plan aaaaaaaaaaaa waits for approval: 3 instances would be terminated
            since 2026-11-25 12:00:00Z, until 2026-11-26 12:00:00Z
            and 3 more wait for the next plan
            ! Dangling: 3 of the shard's 20 live instances would be terminated; at most 2 may
            cost of waiting: 2 machine-hours an hour, 4.0 since the plan was made

            dangling acme/web: 2, the oldest 7h
              knc1  i-1    7h  stopped
                row i-1
              knc2  i-2    5h  running
                row i-2

            orphan (unknown)/db: 1, the oldest 32h
              dangling-i-3  i-3   32h  running
                row i-3

            sha256 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa

            """,
            Text(new(Status, plan, null, ExitCode.Done)));
    }

    [Fact]
    public void Write_BucketIsAway_SaysSoAndShowsTheCounts()
    {
        var text = Text(new(Status, null, "the instances of plan a could not be read: 503", ExitCode.Unreachable));
        Assert.Contains("! the instances of plan a could not be read: 503\n  dangling acme/web: 2\n", text);
    }

    [Fact]
    public void Write_NoPlan_SaysSo() => Assert.EndsWith(
        "no plan waits for approval\n", Text(new(Status with { Pending = null }, null, null, ExitCode.Done)));

    private static PlanItem Item(
        string id, string provider, CollectReason reason, string tenant, string group, int hours, string machine) =>
        new(id, provider, tenant, group, reason, $"row {provider}")
        {
            Since = Noon.AddHours(-hours),
            Machine = machine,
        };

    private static string Text(ShownPlan shown)
    {
        var output = new StringWriter { NewLine = "\n" };
        PlanText.Write(new(output, TextWriter.Null, width: 200), shown, Noon.AddHours(2));
        return output.ToString();
    }
}
