using Nstance.Temporal.Activities.Rules;
using static Nstance.Temporal.Tests.Rules.RuleWorld;

namespace Nstance.Temporal.Tests.Rules;

public sealed class HealthRulesTests
{
    private const string NoReports =
        "no agent reports into own.db: health is not known on this host and was not evaluated";

    private static readonly HealthFacts Facts = new(10, 0, 10, AsOf) { IsShared = true, Path = "own.db" };

    private static readonly Dictionary<string, (HealthFacts Facts, string? NotEvaluated, string? Suspect)> Cases = new()
    {
        { "healthy", (Facts, null, null) },
        { "none registered", (Facts with { Registered = 0, Stale = 9, IsShared = false, Reported = 0 }, "", null) },
        { "known since an interval", (Facts with { Since = At(-1), Stale = 9 }, "", null) },
        { "known since before an interval", (Facts with { Since = At(-1) - Tick, Stale = 9 }, null, Stale(9)) },
        { "own file without reports", (Facts with { IsShared = false, Reported = 0, Stale = 9 }, NoReports, null) },
        { "own file with a report", (Facts with { IsShared = false, Reported = 1 }, null, null) },
        { "shared file without reports", (Facts with { Reported = 0 }, null, null) },
        { "shared file without reports, all stale", (Facts with { Reported = 0, Stale = 10 }, null, Stale(10)) },
        { "fewer than half stale", (Facts with { Stale = 4 }, null, null) },
        { "half stale", (Facts with { Stale = 5 }, null, Stale(5)) },
    };

    public static TheoryData<string> Titles => new(Cases.Keys);

    [Theory]
    [MemberData(nameof(Titles))]
    public void Judge_Facts_SaysWhyHealthIsNotEvaluatedOrSuspect(string title)
    {
        var (facts, notEvaluated, suspect) = Cases[title];
        Assert.Equal(new(notEvaluated, suspect), HealthRules.Judge(facts, Input));
    }

    [Theory]
    [InlineData(3, 3, false)]
    [InlineData(4, 4, true)]
    [InlineData(4, 8, true)]
    [InlineData(4, 9, false)]
    [InlineData(0, 0, false)]
    public void IsImplausible_Stale_MoreThanThreeAndHalf(int stale, int registered, bool expected) =>
        Assert.Equal(expected, HealthRules.IsImplausible(stale, registered));

    [Fact]
    public void StaleBefore_Input_IsOneInterval() => Assert.Equal(At(-1), HealthRules.StaleBefore(Input));

    [Theory]
    [InlineData(-10.5, null, null, 10)]
    [InlineData(-10, -5, null, 5)]
    [InlineData(-10, -20, null, 10)]
    [InlineData(-10, null, -4, 4)]
    [InlineData(-10, null, -20, 10)]
    [InlineData(-10, -4, -5, 4)]
    [InlineData(-10, -5, -4, 4)]
    [InlineData(-0.5, null, null, 0)]
    public void Missed_LastSign_CountsFromTheLatestStart(double reported, int? since, int? grace, int expected)
    {
        var row = Row with { HealthAt = At(reported) };
        var input = grace is { } minutes ? WithGrace(At(minutes)) : Input;
        Assert.Equal(expected, HealthRules.Missed(row, since is { } s ? At(s) : null, input));
    }

    [Theory]
    [InlineData(-40, -41)] // Temporal's clock is ahead, or the host's behind: the host's own reports would look late
    [InlineData(0, -1)]
    [InlineData(40, -1)]
    public void StaleBefore_ClocksDiffer_IsByTheOneThatIsBehind(int host, int expected) =>
        Assert.Equal(At(expected), HealthRules.StaleBefore(Input with { HostTime = At(host) }));

    [Fact]
    public void Missed_LongAgoAndAShortInterval_IsTheLargestNumber()
    {
        var input = Input with { Timings = Input.Timings with { HealthCheckInterval = TimeSpan.FromMilliseconds(1) } };
        Assert.Equal(int.MaxValue, HealthRules.Missed(Row with { HealthAt = DateTimeOffset.MinValue }, null, input));
    }

    private static string Stale(int stale) =>
        $"{stale} of 10 registered instances look stale: the source of health is suspect";
}
