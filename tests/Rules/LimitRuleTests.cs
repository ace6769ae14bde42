using Nstance.Temporal.Activities.Rules;

namespace Nstance.Temporal.Tests.Rules;

public sealed class LimitRuleTests
{
    private static readonly Dictionary<(string, string), int> Live = new()
    {
        [("acme", "web")] = 10,
        [("acme", "db")] = 10,
    };

    [Theory]
    [InlineData(2, false)]
    [InlineData(3, true)]
    public void Exceeded_NoRule_TheUsualBoundHolds(int web, bool exceeded) => Assert.Equal(exceeded, Over(web));

    [Theory]
    [InlineData(3, false)]
    [InlineData(8, false)]
    [InlineData(9, true)]
    public void Exceeded_RuleOfTheGroup_Holds(int web, bool exceeded) =>
        Assert.Equal(exceeded, Over(web, new LimitRule(0, 80) { Group = "acme/web" }));

    [Fact]
    public void Exceeded_RuleOfAnotherGroupOrReason_DoesNot()
    {
        Assert.True(Over(
            3, new LimitRule(0, 80) { Group = "acme/db" }, new LimitRule(0, 80) { Reason = CollectReason.Orphan }));
        Assert.True(Over(3, new LimitRule(0, 80) { Group = "globex/web" }));
    }

    [Fact]
    public void Exceeded_SeveralRules_TheOneThatNamesMostHolds() => Assert.True(Over(
        1,
        new LimitRule(0, 0) { Group = "acme/web", Reason = CollectReason.Dangling },
        new LimitRule(0, 100) { Group = "acme/web" },
        new LimitRule(0, 100) { Reason = CollectReason.Dangling },
        new LimitRule(0, 100)));

    [Fact]
    public void Exceeded_RuleOfTheShard_BoundsTheShardAlone()
    {
        Assert.True(Over(2, new LimitRule(1, 0) { OfShard = true }));
        Assert.True(Over(3, new LimitRule(0, 100) { OfShard = true })); // the group's own bound still holds
    }

    [Fact]
    public void Exceeded_TenantUnknown_TheStrictestRuleForAGroupOfThatNameHolds()
    {
        static bool Over(params LimitRule[] rules) => Limits.Exceeded(
            new() { ShardPercent = 100, Rules = rules }, CollectReason.Orphan, [("", "web")], Live) is not null;
        Assert.False(Over());
        Assert.True(Over(new LimitRule(0, 0) { Group = "acme/web" }));
        Assert.True(Over(new LimitRule(5, 50) { Group = "globex/web" }, new LimitRule(0, 0) { Group = "acme/web" }));
        Assert.False(Over(new LimitRule(0, 0) { Group = "acme/db" }, new LimitRule(5, 50) { Group = "acme/web" }));
    }

    private static bool Over(int web, params LimitRule[] rules) => Limits.Exceeded(
        new() { ShardPercent = 100, Rules = rules }, CollectReason.Dangling,
        [.. Enumerable.Repeat(("acme", "web"), web)], Live) is not null;
}
