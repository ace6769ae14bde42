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

    /// <summary>The row was marked 40 minutes ago. nstance reuses the ids of NAT instances.</summary>
    [Theory]
    [InlineData("i-1", "i-1", -60, false)]
    [InlineData("i-1", null, -60, false)]
    [InlineData(null, "i-2", -60, false)]
    [InlineData("i-1", "i-2", -60, true)]
    [InlineData("i-1", null, -40, false)]
    [InlineData("i-1", null, -39, true)]
    public void IsOfAnother_Record_NamesAnotherMachineOrIsNewer(
        string? ofRow, string? ofRecord, int created, bool expected) => Assert.Equal(
            expected,
            PurgeRules.IsOfAnother(
                Recorded with { ProviderId = ofRecord, CreatedAt = At(created) },
                Row with { ProviderId = ofRow, DeletedAt = At(-40) }));

    [Fact]
    public void InvalidTimes_FiveMinutesAhead_IsUsable() =>
        Assert.Null((Row with { RegisteredAt = At(5), HealthAt = At(5) }).InvalidTimes(AsOf));

    [Fact]
    public void InvalidTimes_FurtherAheadOrNoTime_NamesTheColumns() => Assert.Equal(
        $"row {Id}: invalid issued_at, health_at (2026-11-23 18:45:01Z, in the future); row skipped",
        (Row with { InvalidColumns = "issued_at", HealthAt = At(5).AddSeconds(1) }).InvalidTimes(AsOf));
}
