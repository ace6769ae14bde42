using Nstance.Temporal.Activities.Rules;
using static Nstance.Temporal.Tests.Rules.RuleWorld;

namespace Nstance.Temporal.Tests.Rules;

public sealed class PurgeAndRowRulesTests
{
    /// <summary>The retention is 30 minutes, the settle time is 1 minute. Null: no row may be purged.</summary>
    [Theory]
    [InlineData(false, null, null)]
    [InlineData(false, 0, -30)]
    [InlineData(false, -29, -30)]
    [InlineData(false, -30, -31)]
    [InlineData(false, -60, -61)]
    [InlineData(true, null, -30)]
    [InlineData(true, -60, -30)]
    public void DeletedBefore_LastCompleteSync_MustHaveFollowedTheMark(bool dryRun, int? syncedAt, int? expected) =>
        Assert.Equal(
            expected is { } minutes ? At(minutes) : null,
            PurgeRules.DeletedBefore(Input with { DryRun = dryRun }, syncedAt is { } at ? At(at) : null));

    /// <summary>nstance reuses the ids of NAT instances.</summary>
    [Theory]
    [InlineData("i-1", "i-1", null)]
    [InlineData("i-1", null, null)]
    [InlineData(null, "i-2", null)]
    [InlineData("i-1", "i-2", "i-2")]
    public void OtherMachine_Record_IsTheOneThatTheRowDoesNotName(string? ofRow, string? ofRecord, string? expected) =>
        Assert.Equal(
            expected,
            PurgeRules.OtherMachine(Recorded with { ProviderId = ofRecord }, Row with { ProviderId = ofRow }));

    /// <summary>The row was made 60 minutes ago, and marked 40 minutes ago. The retention is 30 minutes.</summary>
    [Theory]
    [InlineData(-60, -30, false)]
    [InlineData(-40, -60, false)]
    [InlineData(-39, -39, true)]
    [InlineData(-39, -38, false)]
    [InlineData(-20, -30, true)]
    public void IsNewer_Record_WasMadeAfterTheMarkAndWithinTheRetention(int created, int before, bool expected) =>
        Assert.Equal(
            expected,
            PurgeRules.IsNewer(
                Recorded with { CreatedAt = At(created) }, Row with { DeletedAt = At(-40) }, At(before)));

    [Fact]
    public void InvalidTimes_FiveMinutesAhead_IsUsable() =>
        Assert.Null((Row with { RegisteredAt = At(5), HealthAt = At(5) }).InvalidTimes(AsOf));

    [Fact]
    public void InvalidTimes_FurtherAheadOrNoTime_NamesTheColumns() => Assert.Equal(
        $"row {Id}: invalid issued_at, health_at (2026-11-23 18:45:01Z, in the future); row skipped",
        (Row with { InvalidColumns = "issued_at", HealthAt = At(5).AddSeconds(1) }).InvalidTimes(AsOf));
}
