using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Activities.Rules;
using static Nstance.Temporal.Tests.Rules.RuleWorld;

namespace Nstance.Temporal.Tests.Rules;

/// <summary>A row marked as deleted half an hour ago, without a report since. Its machine runs.</summary>
public sealed class DeletedButRunningRuleTests
{
    private const string Waits = "ago, and its machine runs: waits for the registration timeout";

    private const string Reports = "Skip: its agent reports, though its row is marked deleted";
    private const string RegisteredAfter = "Skip: it registered after its row was marked deleted";

    private static readonly InstanceRow Marked = Row with
    {
        DeletedAt = At(-30),
        RegisteredAt = At(-50),
        HealthAt = At(-30),
    };

    private static readonly Evidence Runs = Now with { Row = Marked, Record = Missing() };
    private static readonly Evidence Stopped = Runs with { Instance = In(InstanceStatus.Stopped) };
    private static readonly InstanceRecord WasRegistered = Recorded with { RegisteredAt = At(-50) };
    private static readonly RecordRead Registered = Found(WasRegistered);

    private static readonly Dictionary<string, RuleCase> Cases = new()
    {
        { "no answer", new(Runs with { CloudUnknown = "throttled" }, "Skip: the cloud could not say: throttled") },
        {
            "protected",
            new(
                Runs with { Instance = Tagged(CloudTags.GcProtect, "yes") },
                "Skip: protected by tag nstance:gc-protect=yes")
        },
        {
            "terminated",
            new(Runs with { Instance = In(InstanceStatus.Deleted) }, "Refuted: its machine is gone by now")
        },
        {
            "shuts down",
            new(Runs with { Instance = In(InstanceStatus.Deleting) }, "Skip: already terminating: left to the cloud")
        },
        {
            "unknown state",
            new(
                Runs with { Instance = Machine with { Status = InstanceStatus.Unknown, State = "rebooting" } },
                "Skip: rebooting at the cloud: unknown state")
        },
        { "invalid record", new(Runs with { Record = Invalid() }, "Skip: its record is invalid: is not UTF-8") },
        {
            "no launch time",
            new(
                Runs with { Instance = Machine with { LaunchTime = null } },
                "Skip: the cloud did not say when it was launched")
        },
        {
            "marked after the deadline",
            new(
                Runs with { Row = Marked with { DeletedAt = At(-5) + Tick } },
                $"Skip: its row was marked deleted 5m {Waits}")
        },
        {
            "launched after the deadline",
            new(
                Runs with { Instance = Machine with { LaunchTime = At(-5) + Tick } },
                $"Skip: its row was marked deleted 30m {Waits}")
        },
        {
            "marked after the settle time",
            new(Runs, $"Skip: its row was marked deleted 30m {Waits}") { Input = WithSettleTime(Tick) }
        },
        {
            "grace period since the deadline",
            new(Runs, "Skip: grace period until 2026-11-23 18:40:00Z: host two took over") { Input = WithGrace(At(-5)) }
        },
        { "reported after the mark", new(Runs with { Row = Marked with { HealthAt = At(-30) + Tick } }, Reports) },
        { "stopped, reported at the deadline", new(Stopped with { Row = Marked with { HealthAt = At(-5) } }, Reports) },
        {
            "stopping, reported at the deadline",
            new(
                Runs with { Instance = In(InstanceStatus.Stopping), Row = Marked with { HealthAt = At(-5) } },
                Reports)
        },
        {
            "registered after the mark",
            new(Runs with { Row = Marked with { RegisteredAt = At(-30) + Tick } }, RegisteredAfter)
        },
        {
            "registered after the mark, by its record",
            new(Runs with { Record = Found(Recorded with { RegisteredAt = At(-30) + Tick }) }, RegisteredAfter)
        },
        {
            "registered at the mark, by its record",
            new(
                Runs with { Record = Found(Recorded with { RegisteredAt = At(-30) }) },
                "Skip: its row is marked deleted, and its record says running; manual review required")
        },
        {
            "a record says that it runs",
            new(
                Runs with { Record = Registered },
                "Skip: its row is marked deleted, and its record says running; manual review required")
        },
        {
            "suspended, and a record says that it runs",
            new(
                Runs with { Instance = In(InstanceStatus.Suspended), Record = Registered },
                "Skip: its row is marked deleted, and its record says running; manual review required")
        },
        {
            "marked at the deadline",
            new(Runs with { Row = Marked with { DeletedAt = At(-5), HealthAt = At(-5) } }, Ended("5m"))
        },
        {
            "launched at the deadline",
            new(Runs with { Instance = Machine with { LaunchTime = At(-5) } }, Ended("30m"))
        },
        { "reported before the launch", new(LaunchedAfterReport(), Ended("30m")) },
        { "marked a settle time ago", new(Runs, Ended("30m")) { Input = WithSettleTime(TimeSpan.Zero) } },
        { "grace period is over", new(Runs, Ended("30m")) { Input = WithGrace(At(-5) - Tick) } },
        { "silent since the mark", new(Runs, Ended("30m")) },
        {
            "never registered by its record",
            new(Runs with { Record = Found(Recorded) }, Ended("30m"))
        },
        {
            "its record says that it is being deleted",
            new(
                Runs with { Record = Found(WasRegistered with { Status = InstanceStatus.Deleting }) },
                Ended("30m"))
        },
        {
            "stopped, reported before the deadline",
            new(Stopped with { Row = Marked with { HealthAt = At(-5) - Tick } }, Ended("30m", "stopped"))
        },
        {
            "stopping, reported before the deadline",
            new(
                Runs with { Instance = In(InstanceStatus.Stopping), Row = Marked with { HealthAt = At(-5) - Tick } },
                Ended("30m", "stopping"))
        },
        {
            "stopped, and a record says that it runs",
            new(Stopped with { Record = Registered }, Ended("30m", "stopped"))
        },
    };

    public static TheoryData<string> Titles => new(Cases.Keys);

    [Theory]
    [MemberData(nameof(Titles))]
    public void DeletedButRunning_Evidence_VerdictAndReason(string title)
    {
        var (now, expected) = Cases[title];
        Assert.Equal(expected, Text(TerminationRules.DeletedButRunning(now.Row!, now, Cases[title].Input)));
    }

    private static string Ended(string ago, string state = "running") =>
        $"Terminate: its row was marked deleted {ago} ago; {state} at the cloud, its agent silent";

    private static Evidence LaunchedAfterReport() => Runs with
    {
        Row = Marked with { HealthAt = At(-20), RegisteredAt = At(-20) },
        Instance = Machine with { LaunchTime = At(-20) },
    };

    /// <summary>A settle time of half an hour and a little more.</summary>
    private static PhaseInput WithSettleTime(TimeSpan more) => Input with
    {
        Timings = Input.Timings with { SettleTime = TimeSpan.FromMinutes(30) + more },
    };
}
