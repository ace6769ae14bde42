using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Activities.Rules;
using static Nstance.Temporal.Tests.Rules.RuleWorld;

namespace Nstance.Temporal.Tests.Rules;

public sealed class EvidenceChecksTests
{
    private const string TooYoung = "Skip: too young: the cloud may not show it yet";

    private static readonly RecordRead RecordOfAnother = Found(Recorded with { ProviderId = "i-2" });
    private static readonly InstanceRow Deleted = Row with { DeletedAt = At(-10) };

    private static readonly Dictionary<string, (CollectReason, InstanceRow?, string? Expected)> Changes = new()
    {
        { "the same", (CollectReason.Dangling, Row, null) },
        { "gone", (CollectReason.Dangling, null, "the row is gone") },
        {
            "without a row",
            (CollectReason.Dangling, Row with { HasRow = false }, "a row of its id appeared meanwhile")
        },
        { "live", (CollectReason.DeletedButRunning, Row, "the row is live again") },
        { "deleted, as wanted", (CollectReason.DeletedButRunning, Deleted, null) },
        { "deleted", (CollectReason.Unhealthy, Deleted, "the row was marked deleted meanwhile") },
        {
            "another machine",
            (CollectReason.Dangling, Row with { ProviderId = "i-2" }, "the row names another instance by now")
        },
        {
            "no machine",
            (CollectReason.Dangling, Row with { ProviderId = null }, "the row names another instance by now")
        },
        {
            "another tenant",
            (CollectReason.Dangling, Row with { Tenant = "globex" }, "the row names another tenant by now")
        },
        { "another group", (CollectReason.Dangling, Row with { Group = "db" }, null) },
        { "reported since", (CollectReason.Dangling, Row with { HealthAt = AsOf, RegisteredAt = AsOf }, null) },
    };

    private static readonly Dictionary<string, RuleCase> MayHaveRegistered = new()
    {
        { "silent for an hour", new(Now, GoOn) },
        { "no record", new(Now with { Record = Missing() }, GoOn) },
        { "registered", new(Now with { Row = Row with { RegisteredAt = At(-1) } }, "Skip: registered meanwhile") },
        {
            "issued at the deadline",
            new(Now with { Row = Row with { IssuedAt = At(-5) } }, "Skip: issued too recently to have registered")
        },
        { "issued before the deadline", new(Now with { Row = Row with { IssuedAt = At(-5) - Tick } }, GoOn) },
        {
            "created at the deadline, no time of issue",
            new(
                Now with { Row = Row with { IssuedAt = null, CreatedAt = At(-5) } },
                "Skip: issued too recently to have registered")
        },
        {
            "grace period since the deadline",
            new(Now, "Skip: grace period until 2026-11-23 18:40:00Z: host two took over") { Input = WithGrace(At(-5)) }
        },
        { "grace period is over", new(Now, GoOn) { Input = WithGrace(At(-5) - Tick) } },
        {
            "a report within three intervals",
            new(
                Now with { Row = Row with { HealthAt = At(-3) + Tick } },
                "Skip: its agent reports, though the row knows of no registration")
        },
        { "a report three intervals ago", new(Now with { Row = Row with { HealthAt = At(-3) } }, GoOn) },
        { "unreadable record", new(Now with { Record = null }, "Skip: its record could not be read: not asked") },
        { "invalid record", new(Now with { Record = Invalid() }, "Skip: its record is invalid: is not UTF-8") },
        {
            "registered in its record",
            new(
                Now with { Record = Found(Recorded with { RegisteredAt = At(-50) }) },
                "KeepRecord: its record says registered at 2026-11-23 17:50:00Z")
        },
    };

    private static readonly Dictionary<string, RuleCase> HasMachine = new()
    {
        { "no machine", new(Unnamed, GoOn) },
        { "no machine, no record", new(Unnamed with { Record = Missing() }, GoOn) },
        { "no answer", new(Unnamed with { CloudUnknown = "throttled" }, "Skip: throttled") },
        { "not asked", new(Unnamed with { Tagged = null }, "Skip: the cloud could not be asked") },
        {
            "machine of its record",
            new(
                Unnamed with { Instance = In(InstanceStatus.Stopped) },
                "Skip: its record names i-1, stopped at the cloud")
        },
        {
            "machine of its record without a state",
            new(
                Unnamed with { Instance = In(InstanceStatus.Unknown) with { State = "" } },
                "Skip: its record names i-1, without a state at the cloud")
        },
        {
            "terminated machine, tag not asked",
            new(Unnamed with { Instance = In(InstanceStatus.Deleted), Tagged = null }, GoOn)
        },
        { "terminated carrier", new(Unnamed with { Tagged = [In(InstanceStatus.Deleted)] }, GoOn) },
        {
            "one carrier",
            new(
                Unnamed with { Tagged = [In(InstanceStatus.Deleted), In(InstanceStatus.Pending, "i-2")] },
                "Skip: found at the cloud as i-2: judged next time")
        },
        {
            "two carriers",
            new(
                Unnamed with { Tagged = [Machine, In(InstanceStatus.Stopped, "i-2")] },
                "Skip: 2 machines carry its id; manual review required")
        },
        {
            "record names a machine",
            new(Unnamed with { Record = RecordOfAnother }, "KeepRecord: its record names i-2: judged next time")
        },
        {
            "record names the row's machine",
            new(Unnamed with { Row = Unnamed.Row! with { ProviderId = "i-2" }, Record = RecordOfAnother }, GoOn)
        },
        { "young", new(Unnamed with { Row = Unnamed.Row! with { CreatedAt = At(-1) + Tick } }, TooYoung) },
        { "settled just now", new(Unnamed with { Row = Unnamed.Row! with { CreatedAt = At(-1) } }, GoOn) },
    };

    public static TheoryData<string> ChangedCases => new(Changes.Keys);

    public static TheoryData<string> MayHaveRegisteredCases => new(MayHaveRegistered.Keys);

    public static TheoryData<string> HasMachineCases => new(HasMachine.Keys);

    [Theory]
    [MemberData(nameof(ChangedCases))]
    public void Changed_RowReadAgain_SaysHow(string title)
    {
        var (reason, row, expected) = Changes[title];
        Assert.Equal(expected, EvidenceChecks.Changed(new(Row, reason), row));
    }

    [Fact]
    public void Changed_RowAppeared_SaysSo() => Assert.Equal(
        "a row of its id appeared meanwhile",
        EvidenceChecks.Changed(new(Row with { HasRow = false }, CollectReason.Orphan), Row));

    [Theory]
    [MemberData(nameof(MayHaveRegisteredCases))]
    public void MayHaveRegistered_Evidence_SkipsUnlessSilentSinceTheDeadline(string title)
    {
        var (now, expected) = MayHaveRegistered[title];
        Assert.Equal(expected, Text(EvidenceChecks.MayHaveRegistered(now.Row!, now, MayHaveRegistered[title].Input)));
    }

    [Theory]
    [MemberData(nameof(HasMachineCases))]
    public void HasMachine_Evidence_SkipsUnlessNoneIsKnown(string title)
    {
        var (now, expected) = HasMachine[title];
        Assert.Equal(expected, Text(EvidenceChecks.HasMachine(now.Row!, now, HasMachine[title].Input)));
    }

    [Theory]
    [InlineData(-2, "2m")]
    [InlineData(-1.5, "1.5m")]
    [InlineData(-59.99, "60m")]
    [InlineData(-60, "1h")]
    [InlineData(-150, "2.5h")]
    public void Ago_Minutes_ReadsInHoursFromOneHourOn(double minutes, string expected) =>
        Assert.Equal(expected, EvidenceChecks.Ago(At(minutes), Input));
}
