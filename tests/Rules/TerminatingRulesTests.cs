using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Rules;

namespace Nstance.Temporal.Tests.Rules;

public sealed class TerminatingRulesTests
{
    private static readonly DateTimeOffset AsOf = new(2026, 11, 23, 18, 0, 0, TimeSpan.Zero);

    public static TheoryData<string, double?, bool> Machines => new()
    {
        { "a minute", 1, false },
        { "an hour", 60, false },
        { "more than an hour", 60.1, true },
        { "days", 3000, true },
        { "not known", null, false },
        { "in the future", -5, false },
    };

    [Theory]
    [MemberData(nameof(Machines))]
    public void Stuck_MachineThatShutsDownSince_IsStuckAfterAnHour(string since, double? minutes, bool isStuck)
    {
        var machine = Machine("i-1", minutes);

        Assert.True(isStuck == (TerminatingRules.Stuck([machine], AsOf).Count == 1), since);
    }

    [Fact]
    public void Stuck_SeveralMachines_TheOldestIsFirst() => Assert.Equal(
        ["i-3", "i-1", "i-2"],
        TerminatingRules.Stuck([Machine("i-1", 200), Machine("i-2", 100), Machine("i-3", 300)], AsOf)
            .Select(machine => machine.ProviderId));

    [Fact]
    public void Problem_NoMachine_IsNone() => Assert.Null(TerminatingRules.Problem([]));

    [Theory]
    [InlineData(1, "i-1 since 2026-11-23 16:00:00Z")]
    [InlineData(
        3, "i-1 since 2026-11-23 16:00:00Z, i-2 since 2026-11-23 16:00:00Z, i-3 since 2026-11-23 16:00:00Z")]
    [InlineData(
        5, "i-1 since 2026-11-23 16:00:00Z, i-2 since 2026-11-23 16:00:00Z, i-3 since 2026-11-23 16:00:00Z and 2 more")]
    public void Problem_OfSomeMachines_NamesAtMostThree(int count, string named) => Assert.Equal(
        $"{count} machines have been terminating for more than an hour ({named}); left to the cloud. "
            + "Ask the cloud's support if it lasts",
        TerminatingRules.Problem([.. Enumerable.Range(1, count).Select(n => Machine($"i-{n}", 120))]));

    private static TerminatingMachine Machine(string id, double? minutes) =>
        new(id, "knc", "web", minutes is { } since ? AsOf.AddMinutes(-since) : null);
}
