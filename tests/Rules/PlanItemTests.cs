using Nstance.Temporal.Activities.Rules;
using static Nstance.Temporal.Tests.Rules.RuleWorld;

namespace Nstance.Temporal.Tests.Rules;

public sealed class PlanItemTests
{
    private static readonly PlanItem Item = new(Id, ProviderId, "acme", "web", CollectReason.Dangling, "evidence");

    public static TheoryData<string, string, string?, CollectReason?, bool> Others => new()
    {
        { "the same", Id, ProviderId, CollectReason.Dangling, true },
        { "another instance", "knc06bgm7733st2576nx5jht4ecjx", ProviderId, CollectReason.Dangling, false },
        { "another machine", Id, "i-2", CollectReason.Dangling, false },
        { "no machine", Id, null, CollectReason.Dangling, false },
        { "another reason", Id, ProviderId, CollectReason.Unhealthy, false },
        { "a check", Id, ProviderId, null, false },
    };

    /// <summary>An approval covers exactly what a person saw.</summary>
    [Theory]
    [MemberData(nameof(Others))]
    public void Covers_AnotherItem_OnlyTheSameInstanceMachineAndReason(
        string other, string instance, string? machine, CollectReason? reason, bool isCovered)
    {
        var item = Item with { InstanceId = instance, ProviderId = machine, Reason = reason, Evidence = "newer" };
        Assert.True(isCovered == Item.Covers(item), other);
        if (reason is not { } known) return;
        var candidate = new Candidate(Row with { Id = instance, ProviderId = machine }, known);
        Assert.True(isCovered == Item.Covers(candidate), other);
    }

    [Theory]
    [InlineData("web", "web")]
    [InlineData(null, "")]
    public void OfCheck_Row_HasNoReasonAndItsLastSign(string? group, string expected)
    {
        var item = PlanItem.OfCheck(Row with { Group = group });

        Assert.Equal((expected, (CollectReason?)null), (item.Group, item.Reason));
        Assert.Equal((At(-60), (string?)null), (item.Since, item.Machine));
        Assert.Matches("^row i-1, .*, last sign ", item.Evidence);
    }

    [Fact]
    public void Of_MachineWithoutLaunchTime_CountsFromItsRow()
    {
        var candidate = new Candidate(Row with { IssuedAt = At(-50) }, CollectReason.Dangling);
        var now = Now with { Row = candidate.Row };

        Assert.Equal(At(-60), PlanItem.Of(Assessment.Of(candidate, now, Input, sawOwn: true)).Since);
        var unknown = now with { Instance = Machine with { LaunchTime = null } };
        Assert.Equal(At(-50), PlanItem.Of(Assessment.Of(candidate, unknown, Input, sawOwn: true)).Since);
    }
}
