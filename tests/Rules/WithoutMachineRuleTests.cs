using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Rules;
using static Nstance.Temporal.Tests.Rules.RuleWorld;

namespace Nstance.Temporal.Tests.Rules;

public sealed class WithoutMachineRuleTests
{
    /// <summary>Registered an hour ago, no report since, and no machine at the cloud.</summary>
    private static readonly Evidence Lost = Unnamed with
    {
        Row = Unnamed.Row! with { RegisteredAt = At(-60) },
        HealthKnownSince = At(-600),
    };

    private static readonly Dictionary<string, RuleCase> Cases = new()
    {
        {
            "names a machine",
            new(Lost with { Row = Lost.Row! with { NamesMachine = true } }, "Skip: the row is another by now")
        },
        { "never registered", new(Unnamed with { HealthKnownSince = At(-600) }, "Skip: the row is another by now") },
        {
            "grace period since the deadline",
            new(Lost, "Skip: grace period until 2026-11-23 18:40:00Z: host two took over") { Input = WithGrace(At(-5)) }
        },
        {
            "reported at the deadline",
            new(Lost with { Row = Lost.Row! with { HealthAt = At(-5) } }, "Skip: its agent reports")
        },
        {
            "record first read at the deadline",
            new(Lost with { Row = Lost.Row! with { FirstReadAt = At(-5) } }, "Skip: its agent reports")
        },
        {
            "no agent reports to this host",
            new(
                Lost with { HealthKnownSince = null },
                "Skip: agents do not report to this host, so silence is not evidence")
        },
        {
            "agents report here since the deadline",
            new(
                Lost with { HealthKnownSince = At(-5) },
                "Skip: agents do not report to this host, so silence is not evidence")
        },
        {
            "a carrier, and no agent reports to this host",
            new(
                Lost with { HealthKnownSince = null, Tagged = [Machine] },
                "Skip: agents do not report to this host, so silence is not evidence")
        },
        {
            "written a settle time ago",
            new(Lost with { Row = Lost.Row! with { UpdatedAt = At(-1) } }, "Skip: the row was written just now")
        },
        { "unreadable record", new(Lost with { Record = null }, "Skip: its record could not be read: not asked") },
        { "invalid record", new(Lost with { Record = Invalid() }, "Skip: its record is invalid: is not UTF-8") },
        { "a carrier", new(Lost with { Tagged = [Machine] }, "Skip: found at the cloud as i-1: judged next time") },
        {
            "last report before the deadline",
            new(
                Lost with
                {
                    Row = Lost.Row! with { HealthAt = At(-5) - Tick, UpdatedAt = At(-1) - Tick },
                    HealthKnownSince = At(-5) - Tick,
                },
                "Mark: registered, silent for 5m, and not found at the cloud")
        },
        {
            "terminated by its id, and no agent reports to this host",
            new(
                Lost with { HealthKnownSince = null, Instance = In(InstanceStatus.Deleted) },
                "Mark: registered, silent for 1h, and not found at the cloud")
        },
        {
            "terminated, and no agent reports to this host",
            new(
                Lost with { HealthKnownSince = null, Tagged = [In(InstanceStatus.Deleted)] },
                "Mark: registered, silent for 1h, and not found at the cloud")
        },
    };

    public static TheoryData<string> Titles => new(Cases.Keys);

    [Theory]
    [MemberData(nameof(Titles))]
    public void WithoutMachine_Evidence_VerdictAndReason(string title)
    {
        var (now, expected) = Cases[title];
        Assert.Equal(expected, Text(TerminationRules.WithoutMachine(now.Row!, now, Cases[title].Input)));
    }
}
