using System.Text;
using Nstance.Temporal.Activities.Rules;
using static Nstance.Temporal.Tests.Rules.RuleWorld;

namespace Nstance.Temporal.Tests.Rules;

public sealed class PlansTests
{
    private static readonly PlanItem Item = new(Id, ProviderId, "acme", "web", CollectReason.Dangling, "why");

    private static readonly Dictionary<string, (Candidate Candidate, bool IsCovered)> Candidates = new()
    {
        { "the same", (new(Row, CollectReason.Dangling), true) },
        { "another instance", (new(Row with { Id = "knc1" }, CollectReason.Dangling), false) },
        { "another machine", (new(Row with { ProviderId = "i-2" }, CollectReason.Dangling), false) },
        { "no machine", (new(Row with { ProviderId = null }, CollectReason.Dangling), false) },
        { "another reason", (new(Row, CollectReason.Orphan), false) },
    };

    public static TheoryData<string> Titles => new(Candidates.Keys);

    [Theory]
    [MemberData(nameof(Titles))]
    public void Covers_Candidate_OnlyTheSameInstanceMachineAndReason(string title) =>
        Assert.Equal(Candidates[title].IsCovered, Item.Covers(Candidates[title].Candidate));

    [Fact]
    public void Of_Assessment_HoldsTheEvidenceInWords()
    {
        var assessment = new Assessment(new(Row, CollectReason.Dangling), Now, Verdict.Skip(""));
        var expected = Item with
        {
            Evidence = "row i-1, issued 2026-11-23 17:40:00Z, registered never; "
                + "cloud i-1 running, launched 2026-11-23 17:40:00Z; record running, i-1, registered never",
            Since = Now.Instance!.LaunchTime,
            Machine = "running",
        };
        Assert.Equal(expected, PlanItem.Of(assessment));
    }

    [Fact]
    public void Of_AssessmentWhoseRowChanged_HoldsTheRowAsItIsNow()
    {
        var now = Now with { Row = Row with { ProviderId = "i-2" }, Record = null, RecordUnknown = "timeout" };
        var item = PlanItem.Of(new(new(Row, CollectReason.Dangling), now, Verdict.Skip("")));
        Assert.Equal("i-2", item.ProviderId);
        Assert.EndsWith("record not read: timeout", item.Evidence, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_AssessmentWhoseRowIsGone_HoldsTheCandidatesRow()
    {
        var now = Now with { Row = null };
        Assert.Equal(ProviderId, PlanItem.Of(new(new(Row, CollectReason.Dangling), now, Verdict.Skip(""))).ProviderId);
    }

    [Fact]
    public void ToBytes_Plan_IsSnakeCaseJsonInTheOrderOfIds()
    {
        var item = Item with { Reason = CollectReason.StalePreInsert };
        var plan = Make(from id in new[] { "b", "B", "a" } select item with { InstanceId = id });
        Assert.Equal(["B", "a", "b"], plan.Items.Select(i => i.InstanceId));
        var json = string.Join(',', plan.Items.Select(i =>
            $$"""{"instance_id":"{{i.InstanceId}}","provider_id":"i-1","tenant":"acme","group":"web","""
            + """ "reason":"stale-pre-insert","evidence":"why"}""".TrimStart()));
        Assert.Equal(
            """{"cluster":"c","shard":"s","created_at":"2026-11-23T18:00:00+00:00","cycle":7,"guards":["agents"],"""
            + $$""" "why":["too many"],"items":[{{json}}]}""".TrimStart(),
            Encoding.UTF8.GetString(plan.ToBytes()));
    }

    [Fact]
    public void Read_OfItsHash_IsThePlan()
    {
        var bytes = Make([Item]).ToBytes();
        var read = Plan.Read(bytes, Plan.HashOf(bytes))!;
        Assert.Equal(Item, Assert.Single(read.Items));
        Assert.Equal([Guards.Agents], read.Guards);
    }

    [Theory]
    [InlineData("\"i-1\"", "\"i-2\"")]
    [InlineData("[\"agents\"]", "[]")]
    [InlineData("\"web\"", "\"db\"")]
    public void Read_ChangedByOneByte_IsNoPlan(string from, string to)
    {
        var bytes = Make([Item]).ToBytes();
        var changed = Encoding.UTF8.GetString(bytes).Replace(from, to, StringComparison.Ordinal);
        Assert.Null(Plan.Read(Encoding.UTF8.GetBytes(changed), Plan.HashOf(bytes)));
        Assert.Null(Plan.Read(bytes, Plan.HashOf(bytes).ToUpperInvariant()));
        Assert.Null(Plan.Read("{}"u8, Plan.HashOf("{}"u8)));
    }

    [Fact]
    public void Parts_OfItems_CountByReasonAndGroupLargestFirst()
    {
        var orphan = Item with { Reason = CollectReason.Orphan, Tenant = "" };
        Assert.Equal(
            [new PlanPart(CollectReason.Orphan, "(unknown)/web", 2), new(CollectReason.Dangling, "acme/web", 1)],
            Make([Item, orphan with { InstanceId = "a" }, orphan with { InstanceId = "b" }]).Parts());
    }

    private static Plan Make(IEnumerable<PlanItem> items) => Plan.Of(
        new(new("c", "s", "b"), new(2026, 11, 23, 18, 0, 0, TimeSpan.Zero), new()) { Cycle = 7 },
        items, [Guards.Agents], ["too many"]);
}
