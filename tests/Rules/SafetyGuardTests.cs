using Nstance.Temporal.Activities.Rules;
using static Nstance.Temporal.Tests.Rules.RuleWorld;

namespace Nstance.Temporal.Tests.Rules;

public sealed class SafetyGuardTests
{
    private static readonly HealthFacts Healthy = new(10, 0, 10, AsOf) { IsShared = true, Path = "local.db" };
    private static readonly Evidence NoAnswer = Now with { CloudUnknown = "throttled" };

    [Fact]
    public void OfHealth_ReportTwoIntervalsAhead_IsNoDoubt() =>
        Assert.Null(SafetyGuard.OfHealth(Healthy with { Latest = At(4) }, Input));

    [Fact]
    public void OfHealth_ReportFurtherAhead_DoubtsTheClock() => Assert.Equal(
        "the database's clock is ahead: a report of 2026-11-23 18:44:01Z in the cycle of 2026-11-23 18:40:00Z: "
        + "nothing was terminated",
        SafetyGuard.OfHealth(Healthy with { Latest = At(4).AddSeconds(1) }, Input));

    [Fact]
    public void OfHealth_NoReport_IsNoDoubt() =>
        Assert.Null(SafetyGuard.OfHealth(Healthy with { Latest = null }, Input));

    [Fact]
    public void OfHealth_HalfOfTheAgentsSilent_DoubtsTheSource() => Assert.Equal(
        "5 of 10 registered instances look stale: the source of health is suspect: nothing was terminated",
        SafetyGuard.OfHealth(Healthy with { Stale = 5 }, Input));

    [Fact]
    public void OfHealth_FewerThanHalfSilent_IsNoDoubt() =>
        Assert.Null(SafetyGuard.OfHealth(Healthy with { Stale = 4 }, Input));

    [Fact]
    public void OfCloud_NoAnswerAboutAny_SaysSo() => Assert.Equal(
        "the cloud could not say anything about any of 2 candidates: throttled",
        SafetyGuard.OfCloud([Assessed(NoAnswer), Assessed(NoAnswer)]));

    [Fact]
    public void OfCloud_AnAnswerAboutOne_IsNoDoubt() =>
        Assert.Null(SafetyGuard.OfCloud([Assessed(NoAnswer), Assessed(Now)]));

    [Fact]
    public void OfCloud_CandidatesThatNameNoMachine_AreNotCounted()
    {
        Assert.Null(SafetyGuard.OfCloud([Assessed(Unnamed), Assessed(NoAnswer with { Row = null })]));
        Assert.Equal(
            "the cloud could not say anything about any of 1 candidates: throttled",
            SafetyGuard.OfCloud([Assessed(Unnamed), Assessed(NoAnswer)]));
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
