using System.Security.Cryptography;
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
    public void Of_Items_AreInTheOrderOfTheirIdsAndHashedAsJson()
    {
        var plan = Plan.Of(
            from id in new[] { "b", "B", "a" } select Item with { InstanceId = id }, [Guards.Agents]);
        Assert.Equal(["B", "a", "b"], plan.Items.Select(item => item.InstanceId));
        var json = string.Join(',', plan.Items.Select(item =>
            $$"""{"InstanceId":"{{item.InstanceId}}","ProviderId":"i-1","Tenant":"acme","Group":"web","""
            + """ "Reason":"Dangling","Evidence":"why"}""".TrimStart()));
        var bytes = Encoding.UTF8.GetBytes($$"""{"items":[{{json}}],"guards":["agents"]}""");
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(bytes)), plan.Hash);
    }

    [Fact]
    public void IsIntact_ItemsOfAnotherHash_IsFalse()
    {
        var plan = Plan.Of([Item], [Guards.Listing]);
        Assert.True(plan.IsIntact);
        Assert.False((plan with { Items = [Item with { ProviderId = "i-2" }] }).IsIntact);
        Assert.False((plan with { Guards = [] }).IsIntact);
        Assert.False((plan with { Hash = plan.Hash.ToUpperInvariant() }).IsIntact);
    }
}
