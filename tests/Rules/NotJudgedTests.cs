using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Activities.Rules;
using static Nstance.Temporal.Tests.Rules.RuleWorld;

namespace Nstance.Temporal.Tests.Rules;

/// <summary>The check that every rule about a machine shares.</summary>
public sealed class NotJudgedTests
{
    private const string TooYoung = "Skip: too young: the cloud may not show it yet";
    private const string OfAnother = "Skip: its record names i-2, the row i-1; manual review required";

    private static readonly Evidence Gone = Now with { Instance = null, NotFound = true, Tagged = [] };
    private static readonly RecordRead RecordOfAnother = Found(Recorded with { ProviderId = "i-2" });

    private static readonly Dictionary<string, RuleCase> Cases = new()
    {
        { "all agree", new(Now, GoOn) },
        { "pending", new(Now with { Instance = In(InstanceStatus.Pending) }, GoOn) },
        { "stopped", new(Now with { Instance = In(InstanceStatus.Stopped) }, GoOn) },
        {
            "shuts down",
            new(Now with { Instance = In(InstanceStatus.Deleting) }, "Skip: already terminating: left to the cloud")
        },
        {
            "another instance's, shuts down",
            new(
                Now with { Instance = Tagged(CloudTags.InstanceId, "knc1") with { Status = InstanceStatus.Deleting } },
                "Skip: belongs to knc1 at the cloud")
        },
        { "unknown state", new(Now with { Instance = In(InstanceStatus.Unknown) }, GoOn) },
        { "no record", new(Now with { Record = Missing() }, GoOn) },
        { "invalid record", new(Now with { Record = Invalid() }, "Skip: its record is invalid: is not UTF-8") },
        {
            "invalid record, not found",
            new(Gone with { Record = Invalid() }, "Skip: its record is invalid: is not UTF-8")
        },
        { "record without machine", new(Now with { Record = Found(Recorded with { ProviderId = null }) }, GoOn) },
        {
            "no answer of the cloud",
            new(Now with { CloudUnknown = "throttled" }, "Skip: the cloud could not say: throttled")
        },
        {
            "no answer, not found",
            new(Gone with { CloudUnknown = "throttled" }, "Skip: the cloud could not say: throttled")
        },
        {
            "unreadable record",
            new(Now with { Record = null, RecordUnknown = "timeout" }, "Skip: its record could not be read: timeout")
        },
        { "record not asked", new(Now with { Record = null }, "Skip: its record could not be read: not asked") },
        {
            "unreadable record, not found",
            new(Gone with { Record = null }, "Skip: its record could not be read: not asked")
        },
        { "no instance", new(Now with { Instance = null }, "Skip: the cloud did not answer about it") },
        {
            "answer about another",
            new(Now with { Instance = In(InstanceStatus.Running, "i-2") }, "Skip: the cloud did not answer about it")
        },
        { "not managed", new(With(CloudTags.Managed, null), "Skip: does not carry the shard's tags") },
        { "another cluster", new(With(CloudTags.ClusterId, "other"), "Skip: does not carry the shard's tags") },
        { "another shard", new(With(CloudTags.Shard, "us-west-2b"), "Skip: does not carry the shard's tags") },
        { "another id", new(With(CloudTags.InstanceId, "knc1"), "Skip: belongs to knc1 at the cloud") },
        { "no id", new(With(CloudTags.InstanceId, null), "Skip: belongs to dangling-i-1 at the cloud") },
        { "protected", new(With(CloudTags.GcProtect, "yes"), "Skip: protected by tag nstance:gc-protect=yes") },
        {
            "protected for a second",
            new(With(CloudTags.GcProtect, "2026-11-23T18:40:01Z"), "Skip: protected by tag until 2026-11-23 18:40:01Z")
        },
        { "protected until now", new(With(CloudTags.GcProtect, "2026-11-23T18:40:00Z"), GoOn) },
        { "record of another", new(Now with { Record = RecordOfAnother }, OfAnother) },
        {
            "terminated, record of another",
            new(Now with { Instance = In(InstanceStatus.Deleted), Record = RecordOfAnother }, OfAnother)
        },
        {
            "terminated",
            new(Now with { Instance = In(InstanceStatus.Deleted) }, "CleanUp: terminated at the cloud already")
        },
        { "not found", new(Gone, "CleanUp: not found at the cloud") },
        { "not found, no record", new(Gone with { Record = Missing() }, "CleanUp: not found at the cloud") },
        { "not found, record of another", new(Gone with { Record = RecordOfAnother }, OfAnother) },
        {
            "not found, tag not asked",
            new(Gone with { Tagged = null }, "Skip: the cloud could not be asked for its id")
        },
        {
            "not found, a terminated carrier",
            new(Gone with { Tagged = [In(InstanceStatus.Deleted, "i-2")] }, "CleanUp: not found at the cloud")
        },
        {
            "not found, two carriers",
            new(
                Gone with { Tagged = [In(InstanceStatus.Deleted, "i-2"), In(InstanceStatus.Stopped, "i-3")] },
                "Skip: i-3 carries its id at the cloud")
        },
        { "not found, young", new(Gone with { Row = Row with { IssuedAt = At(-1) + Tick } }, TooYoung) },
        {
            "not found, written a settle time ago",
            new(Gone with { Row = Row with { UpdatedAt = At(-1) } }, "Skip: the row was written just now")
        },
        {
            "not found, written before the settle time",
            new(Gone with { Row = Row with { UpdatedAt = At(-1) - Tick } }, "CleanUp: not found at the cloud")
        },
        {
            "not found, settled just now",
            new(
                Gone with { Row = Row with { IssuedAt = At(-1), CreatedAt = At(-1) } },
                "CleanUp: not found at the cloud")
        },
    };

    public static TheoryData<string> Titles => new(Cases.Keys);

    [Theory]
    [MemberData(nameof(Titles))]
    public void NotJudged_Evidence_SkipsUnlessAllAgree(string title)
    {
        var (now, expected) = Cases[title];
        Assert.Equal(expected, Text(EvidenceChecks.NotJudged(now.Row!, now, Cases[title].Input)));
    }

    private static Evidence With(string tag, string? value) => Now with { Instance = Tagged(tag, value) };
}
