using Nstance.Temporal.Activities.Rules;
using Nstance.Temporal.Activities.Telemetry;

namespace Nstance.Temporal.Tests.Rules;

/// <summary>
/// A shard with 20 live instances of acme/web, 10 of acme/db, 5 of globex/web and 65 of acme/batch: 100 in all.
/// </summary>
public sealed class LimitsTests
{
    private const CollectReason Dangling = CollectReason.Dangling;

    private static readonly Dictionary<(string Tenant, string Group), int> Live = new()
    {
        [("acme", "web")] = 20,
        [("acme", "db")] = 10,
        [("globex", "web")] = 5,
        [("acme", "batch")] = 65,
    };

    private static readonly TerminationLimits Default = new();
    private static readonly TerminationLimits None = new()
    {
        ShardPercent = 0,
        ShardFloor = 0,
        GroupPercent = 0,
        GroupFloor = 0,
    };


    /// <summary>The limits, the candidates, and the message; null within the limits.</summary>
    private static readonly Dictionary<string, (TerminationLimits, string Terminating, string? Expected)> Cases = new()
    {
        { "nothing", (None, "", null) },
        { "off", (None with { Enabled = false }, "100 acme/web", null) },
        {
            "one where none may be",
            (None, "1 acme/web", "1 of the shard's 100 live instances would be terminated; at most 0 may")
        },
        { "the shard's share", (WithGroups(100), "10 acme/web", null) },
        {
            "over the shard's share",
            (WithGroups(100), "11 acme/web", "11 of the shard's 100 live instances would be terminated; at most 10 may")
        },
        { "the shard's floor", (WithGroups(100) with { ShardPercent = 4 }, "5 acme/web", null) },
        {
            "over the shard's floor",
            (WithGroups(100) with { ShardPercent = 4 }, "6 acme/web",
                "6 of the shard's 100 live instances would be terminated; at most 5 may")
        },
        { "the group's share", (Default, "4 acme/web", null) },
        { "over the group's share", (Default, "5 acme/web", OfGroup(5, 20, "acme/web", 4)) },
        { "the share of each group", (Default, "4 acme/web, 2 acme/db, 2 globex/web", null) },
        {
            "the larger of two groups over their share",
            (Default, "3 acme/db, 5 acme/web", OfGroup(5, 20, "acme/web", 4))
        },
        { "the group's floor", (Default with { GroupPercent = 0 }, "2 acme/web", null) },
        {
            "over the group's floor",
            (Default with { GroupPercent = 0 }, "3 acme/web", OfGroup(3, 20, "acme/web", 2))
        },
        {
            "a share is rounded down",
            (Default with { GroupPercent = 19 }, "4 acme/web", OfGroup(4, 20, "acme/web", 3))
        },
        { "a group without live instances", (Default, "3 acme/new", OfGroup(3, 0, "acme/new", 2)) },
        { "a group without a name", (Default, "3 acme/", OfGroup(3, 0, "acme/(none)", 2)) },
        { "tenant unknown: every group of that name", (Default, "5 /web", null) },
        { "tenant unknown: over their share", (Default, "6 /web", OfGroup(6, 25, "(unknown)/web", 5)) },
        {
            "a percentage over 100",
            (WithGroups(200) with { ShardPercent = 100 }, "21 acme/web", OfGroup(21, 20, "acme/web", 20))
        },
        {
            "a percentage below 0",
            (Default with { GroupPercent = -20, GroupFloor = -9 }, "1 acme/web", OfGroup(1, 20, "acme/web", 0))
        },
        { "a rule of the group", (With(new LimitRule(0, 50) { Group = "acme/web" }), "10 acme/web", null) },
        {
            "over a rule of the group",
            (With(new LimitRule(0, 50) { Group = "acme/db" }), "6 acme/db", OfGroup(6, 10, "acme/db", 5))
        },
        {
            "rules of other groups, of other reasons and of the shard",
            (With(
                new LimitRule(0, 80) { Group = "acme/db" }, new LimitRule(0, 80) { Group = "globex/web" },
                new LimitRule(0, 80) { Reason = CollectReason.Orphan }, new LimitRule(0, 80) { OfShard = true }),
                "5 acme/web", OfGroup(5, 20, "acme/web", 4))
        },
        { "a rule of the reason", (With(new LimitRule(0, 50) { Reason = Dangling }), "10 acme/web", null) },
        { "a rule of all", (With(new LimitRule(0, 50)), "10 acme/web", null) },
        {
            "group and reason before group",
            (With(
                new LimitRule(0, 0) { Group = "acme/web", Reason = Dangling },
                new LimitRule(0, 100) { Group = "acme/web" },
                new LimitRule(0, 100) { Reason = Dangling }, new LimitRule(0, 100)),
                "1 acme/web", OfGroup(1, 20, "acme/web", 0))
        },
        {
            "group before reason",
            (With(new LimitRule(0, 0) { Group = "acme/web" }, new LimitRule(0, 100) { Reason = Dangling }),
                "1 acme/web", OfGroup(1, 20, "acme/web", 0))
        },
        {
            "reason before all",
            (With(new LimitRule(0, 0) { Reason = Dangling }, new LimitRule(0, 100)),
                "1 acme/web", OfGroup(1, 20, "acme/web", 0))
        },
        {
            "the later of two alike",
            (With(new LimitRule(0, 100) { Group = "acme/web" }, new LimitRule(0, 0) { Group = "acme/web" }),
                "1 acme/web", OfGroup(1, 20, "acme/web", 0))
        },
        {
            "a rule of the shard",
            (With(new LimitRule(1, 0) { OfShard = true }), "2 acme/web",
                "2 of the shard's 100 live instances would be terminated; at most 1 may")
        },
        {
            "a rule of the shard leaves the group's bound",
            (With(new LimitRule(0, 100) { OfShard = true }), "5 acme/web", OfGroup(5, 20, "acme/web", 4))
        },
        {
            "a rule of the shard for another reason",
            (With(new LimitRule(1, 0) { OfShard = true, Reason = CollectReason.Orphan }), "4 acme/web", null)
        },
        {
            "tenant unknown: the strictest rule for a group of that name",
            (With(new LimitRule(5, 50) { Group = "globex/web" }, new LimitRule(0, 0) { Group = "acme/web" }),
                "1 /web", OfGroup(1, 25, "(unknown)/web", 0))
        },
        {
            "tenant unknown: a generous rule does not raise the usual bound",
            (With(new LimitRule(5, 100) { Group = "acme/web" }), "6 /web", OfGroup(6, 25, "(unknown)/web", 5))
        },
        {
            "tenant unknown: rules of other groups, of other reasons and of the shard",
            (With(
                new LimitRule(0, 0) { Group = "acme/db" }, new LimitRule(0, 0) { Group = "acme/my-web" },
                new LimitRule(0, 0) { Group = "acme/web", Reason = CollectReason.Orphan },
                new LimitRule(0, 0) { Group = "acme/web", OfShard = true }),
                "5 /web", null)
        },
        {
            "tenant known: a rule for a group of that name does not count",
            (With(new LimitRule(0, 0) { Group = "globex/web" }), "4 acme/web", null)
        },
    };

    public static TheoryData<string> Titles => new(Cases.Keys);

    [Theory]
    [MemberData(nameof(Titles))]
    public void Exceeded_Dangling_SaysWhichLimit(string title)
    {
        var (limits, terminating, expected) = Cases[title];
        Assert.Equal(expected, Limits.Exceeded(limits, Dangling, [.. Groups(terminating)], Live));
    }

    /// <summary>Ten live instances: with two that are gone they were twelve. Two in quarantine still count.</summary>
    [Theory]
    [InlineData(1, 2, null)]
    [InlineData(2, 2, "4 of the 12 live instances of group acme/web would be terminated; at most 3 may")]
    [InlineData(1, 0, "3 of the 10 live instances of group acme/web would be terminated; at most 2 may")]
    public void Exceeded_AnEarlierAttempt_CountsItAndThoseOfItThatAreGone(int terminating, int left, string? expected)
    {
        var limits = TerminationLimits.Off with
        {
            Enabled = true,
            GroupFloor = 0,
            GroupPercent = 25,
            ShardFloor = 0,
            ShardPercent = 100,
        };
        var live = new Dictionary<(string, string), int> { [("acme", "web")] = 10 };
        var earlier = new Dictionary<(string, string), LimitedCount> { [("acme", "web")] = new(2, left) };

        Assert.Equal(
            expected, Limits.Exceeded(limits, Dangling, [.. Groups($"{terminating} acme/web")], live, earlier));
    }

    [Fact]
    public void Exceeded_HugeFleet_DoesNotOverflow() => Assert.Null(Limits.Exceeded(
        WithGroups(100) with { ShardPercent = 100 }, Dangling, [.. Groups("6 acme/web")],
        new Dictionary<(string, string), int> { [("acme", "web")] = int.MaxValue }));

    [Theory]
    [InlineData(CollectReason.Dangling, "web", "group 1 or 30%, shard 9 or 40%")]
    [InlineData(CollectReason.Dangling, "db", "group 2 or 20%, shard 9 or 40%")]
    [InlineData(CollectReason.Orphan, "web", "group 1 or 30%, shard 5 or 10%")]
    public void Describe_Rules_NamesBoth(CollectReason reason, string group, string expected)
    {
        var limits = Default with
        {
            Rules = [new(1, 30) { Group = "acme/web" }, new(9, 40) { OfShard = true, Reason = Dangling }],
        };
        Assert.Equal(expected, Limits.Describe(limits, reason, "acme", group));
        Assert.Equal("off", Limits.Describe(limits with { Enabled = false }, reason, "acme", group));
    }

    private static TerminationLimits WithGroups(int percent) => Default with { GroupPercent = percent };

    /// <summary>A shard without limits, with rules.</summary>
    private static TerminationLimits With(params LimitRule[] rules) =>
        Default with { ShardPercent = 100, Rules = rules };

    private static string OfGroup(int count, int live, string group, int max) =>
        $"{count} of the {live} live instances of group {group} would be terminated; at most {max} may";

    /// <summary>Reads "2 acme/web, 1 acme/db".</summary>
    private static IEnumerable<(string Tenant, string Group)> Groups(string text) =>
        from part in text.Split(", ", StringSplitOptions.RemoveEmptyEntries)
        let words = part.Split(' ', '/')
        from _ in Enumerable.Range(0, int.Parse(words[0]))
        select (words[1], words[2]);
}
