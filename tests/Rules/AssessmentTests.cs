using Nstance.Temporal.Activities.Rules;
using static Nstance.Temporal.Tests.Rules.RuleWorld;

namespace Nstance.Temporal.Tests.Rules;

public sealed class AssessmentTests
{
    private const string NeverRegistered = "not registered 1h after it was issued; its record says the same";
    private const string WrongPlace =
        "Skip: not found, but the cloud shows no instance of this shard at all: wrong account or region?";

    private static readonly Candidate Dangling = new(Row, CollectReason.Dangling);
    private static readonly Evidence Gone = Now with { Instance = null, NotFound = true, Tagged = [] };

    private static readonly Dictionary<string, (Evidence, PauseState?, bool SawOwn, string Expected)> Cases = new()
    {
        {
            "paused",
            (Now, new() { Group = "acme/web", Reason = "no" }, true, "Skip: paused (acme/web, every sweep): no")
        },
        {
            "paused sweep",
            (Now, new() { Sweep = Sweep.Dangling, Reason = "no" }, true, "Skip: paused (every group, Dangling): no")
        },
        {
            "a pause goes before a rule that skips",
            (Now with { CloudUnknown = "throttled" }, new() { Reason = "no" }, true,
                "Skip: paused (every group, every sweep): no")
        },
        {
            "tenant unknown, group paused",
            (Now with { Tenant = null }, new() { Group = "acme/web", Reason = "no" }, true,
                "Skip: paused (acme/web, every sweep): no")
        },
        {
            "another sweep is paused",
            (Now, new() { Sweep = Sweep.Unhealthy, Reason = "no" }, true, "Terminate: " + NeverRegistered)
        },
        { "another group is paused", (Now, new() { Group = "acme/db" }, true, "Terminate: " + NeverRegistered) },
        { "another tenant is paused", (Now, new() { Group = "globex/web" }, true, "Terminate: " + NeverRegistered) },
        { "not found in a place without own instances", (Gone, null, false, WrongPlace) },
        { "not found beside own instances", (Gone, null, true, "CleanUp: not found at the cloud") },
        { "found in a place without own instances", (Now, null, false, "Terminate: " + NeverRegistered) },
        {
            "skipped in a place without own instances",
            (Now with { CloudUnknown = "throttled" }, null, false, "Skip: the cloud could not say: throttled")
        },
    };

    public static TheoryData<string> Titles => new(Cases.Keys);

    [Theory]
    [MemberData(nameof(Titles))]
    public void Of_Dangling_RuleThenPausesThenDoubtAboutThePlace(string title)
    {
        var (now, pause, sawOwn, expected) = Cases[title];
        var input = Input with { PartialPauses = pause is null ? null : [pause] };
        Assert.Equal(expected, Text(Assessment.Of(Dangling, now, input, sawOwn).Verdict));
    }

    [Theory]
    [InlineData("Skip", "")]
    [InlineData("Refuted", "")]
    [InlineData("KeepRecord", "")]
    [InlineData("Terminate", "acts terminates")]
    [InlineData("Quarantine", "acts terminates")]
    [InlineData("CleanUp", "acts without-machine")]
    [InlineData("Mark", "acts without-machine")]
    public void Kind_Each_SaysWhatIsDone(string kind, string expected)
    {
        var assessment = Assessed(Now, Enum.Parse<VerdictKind>(kind));
        var flags = new[]
        {
            assessment.IsActing ? "acts" : null,
            assessment.IsTerminating ? "terminates" : null,
            assessment.IsWithoutMachine ? "without-machine" : null,
        };
        Assert.Equal(expected, string.Join(' ', flags.OfType<string>()));
    }

    [Fact]
    public void Members_OfCandidateAndEvidence_AreTheAssessments()
    {
        var assessment = Assessed(Now, VerdictKind.Skip);
        Assert.Equal(Id, assessment.Candidate.Id);
        Assert.Equal(CollectReason.Dangling, assessment.Reason);
        Assert.Equal("acme", assessment.Tenant);
        Assert.Equal("", Assessed(Now with { Tenant = null }, VerdictKind.Skip).Tenant);
    }

    [Theory]
    [InlineData("db", true, "db")]
    [InlineData(null, true, "web")]
    [InlineData(null, false, "")]
    public void Group_OfRowOrMachine_TheRowsFirst(string? row, bool hasMachine, string expected)
    {
        var candidate = new Candidate(Row with { Group = row }, CollectReason.Dangling);
        var now = Now with { Instance = hasMachine ? Machine : null };
        Assert.Equal(expected, new Assessment(candidate, now, Verdict.Skip("")).Group);
    }

    [Fact]
    public void Skip_Assessment_KeepsEvidenceAndSaysWhy()
    {
        var assessment = Assessed(Now, VerdictKind.Terminate);
        Assert.Equal(assessment with { Verdict = new(VerdictKind.Skip, "later") }, assessment.Skip("later"));
    }

    [Fact]
    public void Machine_OfEvidence_IsTheInstanceOrAFault()
    {
        Assert.Same(Machine, Now.Machine);
        var fault = Assert.Throws<InvalidOperationException>(() => Gone.Machine);
        Assert.Equal("no instance among the evidence", fault.Message);
    }

    private static Assessment Assessed(Evidence now, VerdictKind kind) => new(Dangling, now, new(kind, "why"));
}
