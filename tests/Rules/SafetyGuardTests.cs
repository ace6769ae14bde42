using Nstance.Temporal.Activities.Rules;
using static Nstance.Temporal.Tests.Rules.RuleWorld;

namespace Nstance.Temporal.Tests.Rules;

public sealed class SafetyGuardTests
{
    private static readonly HealthFacts Healthy = new(10, 0, 10, AsOf) { IsShared = true, Path = "local.db" };
    private static readonly Evidence NoAnswer = Now with { CloudUnknown = "throttled" };

    private const string Silent =
        "no agent has registered or reported since 2026-11-23 18:34:59Z: is nstance's server up?";

    private static readonly (HealthFacts Facts, string? Expected)[] Agents =
    [
        (Healthy, null),
        (Healthy with { Latest = At(-5) }, null),
        (Healthy with { Latest = At(-5).AddSeconds(-1) }, Silent),
        (Healthy with { Latest = At(-5).AddSeconds(-1), Registered = 1 }, Silent),
        (Healthy with { Latest = At(-5).AddSeconds(-1), Registered = 0 }, null),
        (Healthy with { Latest = At(-5).AddSeconds(-1), Since = At(-5) }, null),
        (Healthy with { Latest = At(-5).AddSeconds(-1), Since = At(-6) }, Silent),
        (Healthy with { Latest = At(-5).AddSeconds(-1), IsShared = false, Reported = 0 }, null),
        (Healthy with { Latest = At(-5).AddSeconds(-1), IsShared = false, Reported = 1 }, Silent),
        (Healthy with { Latest = null },
            Silent.Replace("2026-11-23 18:34:59Z", "an unknown time", StringComparison.Ordinal)),
    ];

    public static TheoryData<int> AgentCases => [.. Enumerable.Range(0, Agents.Length)];

    [Theory]
    [MemberData(nameof(AgentCases))]
    public void OfAgents_Facts_DoubtsNstanceAfterARegistrationTimeout(int number)
    {
        var (facts, expected) = Agents[number];
        var guard = SafetyGuard.OfAgents(facts, Input);
        Assert.Equal(expected, guard?.Why);
        if (guard is not null) Assert.Equal(Guards.Agents, guard.Guard);
    }

    [Theory]
    [InlineData(0, 0, 0, 5, false)]
    [InlineData(75, 0, 0, 5, false)]
    [InlineData(76, 0, 0, 5, true)]
    [InlineData(0, 76, 0, 5, true)]
    [InlineData(0, 0, 76, 5, true)]
    [InlineData(0, 0, -76, 5, true)]
    [InlineData(-40, 0, 40, 5, true)]
    [InlineData(120, 0, 0, 60, false)]
    [InlineData(121, 0, 0, 60, true)]
    public void OfClocks_Differ_BlocksBeyondTwoMinutesOrAQuarterOfTheTimeout(
        int temporal, int host, int cloud, int timeout, bool isBlocked)
    {
        var input = Input with
        {
            AsOf = AsOf.AddSeconds(temporal),
            Timings = Input.Timings with { RegistrationTimeout = TimeSpan.FromMinutes(timeout) },
        };
        var hostTime = AsOf.AddSeconds(host);
        var ahead = AsOf.AddSeconds(cloud) - hostTime;
        var guard = SafetyGuard.OfClocks(AsOf.AddSeconds(temporal), hostTime, ahead, input);
        Assert.Equal(isBlocked, guard is not null);
        if (guard is null) return;
        Assert.Equal(Guards.Clocks, guard.Guard);
        Assert.Contains($"Temporal {AsOf.AddSeconds(temporal):yyyy-MM-dd HH:mm:ss}Z", guard.Why);
        Assert.Contains($"this host {hostTime:yyyy-MM-dd HH:mm:ss}Z", guard.Why);
        Assert.EndsWith($"the cloud {AsOf.AddSeconds(cloud):yyyy-MM-dd HH:mm:ss}Z; correct the wrong one", guard.Why);
    }

    [Fact]
    public void OfClocks_TemporalWasCorrectedDuringTheCycle_BlocksByTheTimeOfTheCycle()
    {
        var now = AsOf.AddHours(-3);

        var guard = SafetyGuard.OfClocks(now, now, TimeSpan.Zero, Input);

        Assert.Equal(Guards.Clocks, guard?.Guard);
        Assert.Contains($"Temporal {AsOf:yyyy-MM-dd HH:mm:ss}Z", guard!.Why);
        Assert.Null(SafetyGuard.OfClocks(AsOf.AddHours(3), AsOf.AddHours(3), TimeSpan.Zero, Input));
    }

    [Fact]
    public void OfClocks_CloudGaveNoTime_ComparesTheOtherTwo()
    {
        Assert.Null(SafetyGuard.OfClocks(AsOf, AsOf, null, Input));
        Assert.NotNull(SafetyGuard.OfClocks(AsOf, AsOf.AddMinutes(2), null, Input));
    }

    [Fact]
    public void OfCloud_NoAnswerAboutAny_SaysSo() => Assert.Equal(
        "the cloud could not say anything about any of 2 candidates: throttled",
        SafetyGuard.OfCloud([Assessed(NoAnswer), Assessed(NoAnswer)])?.Why);

    [Fact]
    public void OfCloud_AnAnswerAboutOne_IsNoDoubt() =>
        Assert.Null(SafetyGuard.OfCloud([Assessed(NoAnswer), Assessed(Now)]));

    [Fact]
    public void OfCloud_CandidatesThatNameNoMachine_AreNotCounted()
    {
        Assert.Null(SafetyGuard.OfCloud([Assessed(Unnamed), Assessed(NoAnswer with { Row = null })]));
        Assert.Equal(
            "the cloud could not say anything about any of 1 candidates: throttled",
            SafetyGuard.OfCloud([Assessed(Unnamed), Assessed(NoAnswer)])?.Why);
    }

    [Fact]
    public void OfCloud_NoCandidates_IsNoDoubt() => Assert.Null(SafetyGuard.OfCloud([]));

    [Theory]
    [InlineData(0, 1, false, "the cloud lists nothing and finds none of 1 instances: wrong account or region?")]
    [InlineData(0, 0, false, null)]
    [InlineData(1, 1, false, null)]
    [InlineData(0, 1, true, null)]
    public void OfPlace_Listing_DoubtsThePlaceWithoutAnOwnInstance(
        int listed, int notFound, bool sawOwn, string? expected) =>
        Assert.Equal(expected, SafetyGuard.OfPlace(listed, notFound, sawOwn));

    [Theory]
    [InlineData(10, 11, "the listing shrank implausibly: 11 of 21 machines are not in it")]
    [InlineData(0, 11, "the listing shrank implausibly: 11 of 11 machines are not in it")]
    [InlineData(11, 11, null)]
    [InlineData(0, 10, null)]
    [InlineData(100, 50, null)]
    public void OfListing_Missing_DoubtsMoreThanTenAndHalf(int listed, int missing, string? expected) =>
        Assert.Equal(expected, SafetyGuard.OfListing(listed, missing));

    private static Assessment Assessed(Evidence now) =>
        new(new(Row, CollectReason.Dangling), now, Verdict.Skip("throttled"));
}
