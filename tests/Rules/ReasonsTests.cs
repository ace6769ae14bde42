using System.Text.RegularExpressions;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Rules;
using static Nstance.Temporal.Tests.Rules.RuleWorld;

namespace Nstance.Temporal.Tests.Rules;

public sealed partial class ReasonsTests
{
    public static TheoryData<CollectReason> Ids => new(Enum.GetValues<CollectReason>());

    [Fact]
    public void All_InOrder_AreTheReasonsOfTheWire() =>
        Assert.Equal(Enum.GetValues<CollectReason>(), Reasons.All.Select(reason => reason.Id));

    [Theory]
    [MemberData(nameof(Ids))]
    public void Of_EachReason_HasItsNameInKebabCaseAndItsLabelWithUnderscores(CollectReason id)
    {
        var reason = Reasons.Of(id);
        Assert.Equal(id, reason.Id);
        Assert.Equal(Boundary().Replace(id.ToString(), "-").ToLowerInvariant(), reason.Word);
        Assert.Equal(reason.Word.Replace("-", "_", StringComparison.Ordinal), reason.Label);
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public void Pause_OfEachReason_IsTheSweepOfItsName(CollectReason id) =>
        Assert.Equal(id.ToString(), Reasons.Of(id).Pause.ToString());

    /// <summary>A pause of the reason's sweep holds its candidates back; a pause of any other sweep does not.</summary>
    [Theory]
    [MemberData(nameof(Ids))]
    public void Assess_SweepIsPaused_HoldsBackExactlyItsReason(CollectReason id)
    {
        var now = id == CollectReason.Unhealthy ? Now with { Instance = In(InstanceStatus.Stopped) } : Now;
        foreach (var sweep in Enum.GetValues<Sweep>())
        {
            var input = Input with { PartialPauses = [new() { Sweep = sweep, Reason = "not now" }] };
            var verdict = Assessment.Of(new(Row, id), now, input, sawOwn: true).Verdict;
            Assert.Equal(sweep.ToString() == id.ToString(), verdict.Why == $"paused (every group, {sweep}): not now");
        }
    }

    /// <summary>Another reason may apply, with a pause of its own.</summary>
    [Fact]
    public void Assess_EvidenceRefutesAPausedReason_IsRefuted()
    {
        var input = Input with { PartialPauses = [new() { Sweep = Sweep.Unhealthy, Reason = "not now" }] };
        var verdict = Assessment.Of(new(Row, CollectReason.Unhealthy), Now, input, sawOwn: true).Verdict;
        Assert.Equal("Refuted: running at the cloud", Text(verdict));
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public void NeedsAgents_OfEachReason_IsAllButUnhealthy(CollectReason id) =>
        Assert.Equal(id != CollectReason.Unhealthy, Reasons.Of(id).NeedsAgents);

    /// <summary>Each rule gives its own reason for the same evidence.</summary>
    [Theory]
    [InlineData(CollectReason.Unhealthy, "Refuted: running at the cloud")]
    [InlineData(CollectReason.Dangling, "Terminate: not registered 1h after it was issued; its record says the same")]
    [InlineData(CollectReason.Orphan, "Terminate: not registered 1h after it was issued; its record says the same")]
    [InlineData(CollectReason.StalePreInsert, "Skip: a machine is known for the row by now")]
    [InlineData(CollectReason.MachineLost, "Skip: the row is another by now")]
    public void Judge_OfEachReason_IsItsRule(CollectReason id, string expected) =>
        Assert.Equal(expected, Text(Reasons.Of(id).Judge(Row, Now, Input)));

    [Fact]
    public void Judge_OfDeletedButRunning_IsItsRule() => Assert.Equal(
        "Terminate: its row was marked deleted 30m ago; running at the cloud, its agent silent",
        Text(Reasons.Of(CollectReason.DeletedButRunning).Judge(Row with { DeletedAt = At(-30) }, Now, Input)));

    [GeneratedRegex("(?<=[a-z])(?=[A-Z])")]
    private static partial Regex Boundary();
}
