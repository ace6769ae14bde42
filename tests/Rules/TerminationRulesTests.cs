using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Rules;
using static Nstance.Temporal.Tests.Rules.RuleWorld;

namespace Nstance.Temporal.Tests.Rules;

/// <summary>The rules of rows that name a machine, and of stale pre-inserts.</summary>
public sealed class TerminationRulesTests
{
    private const string Deleting = "its record says that nstance was deleting it; running at the cloud";

    private const string Target = "it runs, and load balancers have it as a target (www draining): "
        + "waits until nstance has deregistered it";

    private static readonly Evidence RecordWasDeleting = Now with
    {
        Row = Row with { RecordStatus = InstanceStatus.Deleting },
    };

    private static readonly Dictionary<string, RuleCase> Unhealthy = new()
    {
        { "running", new(Now, "Refuted: running at the cloud") },
        { "pending", new(Now with { Instance = In(InstanceStatus.Pending) }, "Refuted: pending at the cloud") },
        {
            "without a state",
            new(
                Now with { Instance = Machine with { Status = InstanceStatus.Unknown, State = "" } },
                "Refuted: without a state at the cloud")
        },
        {
            "no provider id",
            new(Now with { Row = Row with { ProviderId = null } }, "Refuted: the row has no provider id")
        },
        { "no answer", new(Now with { CloudUnknown = "throttled" }, "Skip: the cloud could not say: throttled") },
        {
            "protected and stopped",
            new(
                Now with { Instance = Tagged(CloudTags.GcProtect, "yes") with { Status = InstanceStatus.Stopped } },
                "Skip: protected by tag nstance:gc-protect=yes")
        },
        { "the record was deleting, now running", new(RecordWasDeleting, "Refuted: running at the cloud") },
        {
            "the record was deleting, now missing",
            new(RecordWasDeleting with { Record = Missing() }, "Refuted: running at the cloud")
        },
        {
            "the record is deleting, unknown before",
            new(
                Now with { Record = Found(Recorded with { Status = InstanceStatus.Deleting }) },
                "Refuted: running at the cloud")
        },
        {
            "the record is stopped",
            new(
                RecordWasDeleting with { Record = Found(Recorded with { Status = InstanceStatus.Stopped }) },
                "Refuted: running at the cloud")
        },
        {
            "the record is deleting",
            new(
                RecordWasDeleting with { Record = Found(Recorded with { Status = InstanceStatus.Deleting }) },
                "Terminate: " + Deleting)
        },
        {
            "the record is deleted",
            new(
                RecordWasDeleting with { Record = Found(Recorded with { Status = InstanceStatus.Deleted }) },
                "Terminate: " + Deleting)
        },
        { "stopped", new(Now with { Instance = In(InstanceStatus.Stopped) }, "Terminate: stopped at the cloud") },
        {
            "stopped by a quarantine, never registered",
            new(Now with { Instance = Quarantined(InstanceStatus.Stopped) }, "Refuted: stopped at the cloud")
        },
        {
            "stopped by a quarantine, never registered, an invalid time",
            new(
                Now with
                {
                    Row = Row with { HealthAt = At(6) }, Instance = Quarantined(InstanceStatus.Stopped),
                },
                "Terminate: stopped at the cloud")
        },
        {
            "stopping for a quarantine, never registered",
            new(Now with { Instance = Quarantined(InstanceStatus.Stopping) }, "Refuted: stopping at the cloud")
        },
        {
            "stopped, then in quarantine, registered",
            new(
                Now with
                {
                    Row = Row with { RegisteredAt = At(-50) },
                    Instance = Quarantined(InstanceStatus.Stopped),
                },
                "Terminate: stopped at the cloud")
        },
        {
            "shuts down",
            new(Now with { Instance = In(InstanceStatus.Deleting) }, "Skip: already terminating: left to the cloud")
        },
        {
            "terminated",
            new(Now with { Instance = In(InstanceStatus.Deleted) }, "CleanUp: terminated at the cloud already")
        },
    };

    private static readonly Dictionary<string, RuleCase> NeverRegistered = new()
    {
        { "registered", new(Now with { Row = Row with { RegisteredAt = At(-1) } }, "Skip: registered meanwhile") },
        { "no provider id", new(Unnamed, "Skip: the row has no provider id") },
        { "no answer", new(Now with { CloudUnknown = "throttled" }, "Skip: the cloud could not say: throttled") },
        {
            "unknown state",
            new(
                Now with { Instance = Machine with { Status = InstanceStatus.Unknown, State = "rebooting" } },
                "Skip: rebooting at the cloud: unknown state")
        },
        {
            "no launch time",
            new(
                Now with { Instance = Machine with { LaunchTime = null } },
                "Skip: the cloud did not say when it was launched")
        },
        {
            "launched after the deadline by the cloud's clock",
            new(
                Now with { CloudTime = At(-55) - Tick },
                "Skip: launched too recently by the cloud's clock")
        },
        {
            "launched at the deadline by the cloud's clock",
            new(
                Now with { CloudTime = At(-55) },
                "Terminate: not registered 1h after it was issued; its record says the same")
        },
        {
            "the cloud gives no time",
            new(Now with { CloudTime = null }, "Skip: the cloud did not say what time it is")
        },
        {
            "launched after the deadline",
            new(
                Now with { Instance = Machine with { LaunchTime = At(-5) + Tick } },
                "Skip: launched too recently to have registered")
        },
        {
            "launched at the deadline",
            new(
                Now with { Instance = Machine with { LaunchTime = At(-5) } },
                "Terminate: not registered 1h after it was issued; its record says the same")
        },
        {
            "without a record",
            new(Now with { Record = Missing() }, "Terminate: not registered 1h after it was issued; it has no record")
        },
        {
            "terminated",
            new(Now with { Instance = In(InstanceStatus.Deleted) }, "CleanUp: terminated at the cloud already")
        },
    };

    private static readonly Dictionary<string, RuleCase> PreInsert = new()
    {
        { "a machine is known", new(Now, "Skip: a machine is known for the row by now") },
        {
            "issued at the deadline",
            new(
                Unnamed with { Row = Unnamed.Row! with { IssuedAt = At(-5) } },
                "Skip: issued too recently to have registered")
        },
        {
            "a carrier",
            new(Unnamed with { Tagged = [Machine] }, "Skip: found at the cloud as i-1: judged next time")
        },
        { "no machine", new(Unnamed, "CleanUp: issued 1h ago and not found at the cloud") },
    };

    private static readonly Dictionary<string, RuleCase> Judge = new()
    {
        { "the row changed", new(Now with { Row = null }, "Skip: the row is gone") },
        {
            "registered since, and quarantine is on",
            new(Now with { Row = Row with { RegisteredAt = At(-1) } }, "Skip: registered meanwhile")
            {
                Input = Quarantine(),
            }
        },
        {
            "terminated, and quarantine is on",
            new(Now with { Instance = In(InstanceStatus.Deleted) }, "CleanUp: terminated at the cloud already")
            {
                Input = Quarantine(),
            }
        },
        {
            "never registered, and quarantine is on",
            new(Now, "Quarantine: not registered 1h after it was issued; its record says the same")
            {
                Input = Quarantine(),
            }
        },
        {
            "a target that runs",
            new(Now with { Row = Row with { Targets = "www draining" } }, "Skip: " + Target)
        },
        {
            "a target that runs, and quarantine is on",
            new(Now with { Row = Row with { Targets = "www draining" } }, "Skip: " + Target) { Input = Quarantine() }
        },
        {
            "a target that boots",
            new(
                Now with
                {
                    Row = Row with { Targets = "www draining" }, Instance = In(InstanceStatus.Pending),
                },
                "Skip: " + Target)
        },
        {
            "a target that is stopped",
            new(
                Now with
                {
                    Row = Row with { Targets = "www draining" }, Instance = In(InstanceStatus.Stopped),
                },
                "Terminate: not registered 1h after it was issued; its record says the same")
        },
        {
            "a target that is terminated",
            new(
                Now with
                {
                    Row = Row with { Targets = "www draining" }, Instance = In(InstanceStatus.Deleted),
                },
                "CleanUp: terminated at the cloud already")
        },
        { "never registered", new(Now, "Terminate: not registered 1h after it was issued; its record says the same") },
    };

    public static TheoryData<string> UnhealthyCases => new(Unhealthy.Keys);

    public static TheoryData<string> NeverRegisteredCases => new(NeverRegistered.Keys);

    public static TheoryData<string> PreInsertCases => new(PreInsert.Keys);

    public static TheoryData<string> JudgeCases => new(Judge.Keys);

    [Theory]
    [MemberData(nameof(UnhealthyCases))]
    public void Unhealthy_Evidence_VerdictAndReason(string title) =>
        Check(TerminationRules.Unhealthy, Unhealthy[title]);

    [Theory]
    [MemberData(nameof(NeverRegisteredCases))]
    public void NeverRegistered_Evidence_VerdictAndReason(string title) =>
        Check(TerminationRules.NeverRegistered, NeverRegistered[title]);

    [Theory]
    [MemberData(nameof(PreInsertCases))]
    public void PreInsert_Evidence_VerdictAndReason(string title) =>
        Check(TerminationRules.PreInsert, PreInsert[title]);

    [Theory]
    [MemberData(nameof(JudgeCases))]
    public void Judge_Dangling_ChangesFirstAndQuarantineLast(string title)
    {
        var (now, expected) = Judge[title];
        var candidate = new Candidate(Row, CollectReason.Dangling);
        Assert.Equal(expected, Text(TerminationRules.Judge(candidate, now, Judge[title].Input)));
    }

    private static void Check(Func<InstanceRow, Evidence, PhaseInput, Verdict> rule, RuleCase row) =>
        Assert.Equal(row.Expected, Text(rule(row.Now.Row!, row.Now, row.Input)));

    private static PhaseInput Quarantine() => Input with { Quarantine = TimeSpan.FromHours(2) };

    private static CloudInstance Quarantined(InstanceStatus status) =>
        Tagged(CloudTags.GcQuarantined, "2026-11-22T16:40:00Z") with
        {
            State = status.Name(),
            Status = status,
            LaunchTime = At(-3000),
        };
}
