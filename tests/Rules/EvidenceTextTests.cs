using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Activities.Rules;
using static Nstance.Temporal.Tests.Rules.RuleWorld;

namespace Nstance.Temporal.Tests.Rules;

public sealed class EvidenceTextTests
{
    private static readonly Evidence Gone = Now with { Instance = null, NotFound = true, Tagged = null };
    private static readonly CloudInstance Second = In(InstanceStatus.Stopped, "i-2");

    private static readonly Dictionary<string, (InstanceRow Row, string Expected)> Rows = new()
    {
        { "no row", (Row with { HasRow = false }, "no row") },
        { "row", (Row, "i-1, issued 2026-11-23 17:40:00Z, registered never") },
        {
            "row without machine",
            (Row with { ProviderId = null, IssuedAt = null, RegisteredAt = At(-50) },
                "no provider id, issued 2026-11-23 17:40:00Z, registered 2026-11-23 17:50:00Z")
        },
        {
            "target of load balancers",
            (Row with { Targets = "api draining, www registered" },
                "i-1, issued 2026-11-23 17:40:00Z, registered never, load balancers api draining, www registered")
        },
        {
            "deleted row",
            (Row with { DeletedAt = At(-30) },
                "i-1, issued 2026-11-23 17:40:00Z, registered never, deleted 2026-11-23 18:10:00Z")
        },
    };

    private static readonly Dictionary<string, (Evidence Now, string Expected)> Answers = new()
    {
        { "machine", (Now, "i-1 running, launched 2026-11-23 17:40:00Z") },
        {
            "no launch time",
            (Now with { Instance = Machine with { LaunchTime = null } }, "i-1 running, launched never")
        },
        { "no answer", (Gone with { CloudUnknown = "throttled" }, "could not say: throttled") },
        { "not found, nor by tag", (Gone with { Tagged = [] }, "not found by id, nor by tag") },
        {
            "not found, a carrier",
            (Gone with { Tagged = [Second] }, "not found by id; its id is carried by i-2 stopped")
        },
        { "not found, tag not asked", (Gone, "not found by id") },
        { "not found by tag", (Unnamed, "not found by tag") },
        {
            "four carriers",
            (Unnamed with { Tagged = [Machine, Second, Second, Machine] },
                "its id is carried by i-1 running i-2 stopped i-2 stopped")
        },
        { "not asked", (Unnamed with { Tagged = null }, "not asked") },
    };

    private static readonly Dictionary<string, (RecordRead? Record, string? Unknown, string Expected)> Records = new()
    {
        { "record", (Found(Recorded), null, "running, i-1, registered never") },
        {
            "registered, without machine",
            (Found(Recorded with { ProviderId = null, RegisteredAt = At(-50) }), null,
                "running, no provider id, registered 2026-11-23 17:50:00Z")
        },
        { "no record", (Missing(), null, "no record") },
        { "invalid", (Invalid(), null, "invalid: is not UTF-8") },
        { "not read", (null, "timeout", "not read: timeout") },
        { "not asked", (null, null, "not read: not asked") },
    };

    public static TheoryData<string> RowCases => new(Rows.Keys);

    public static TheoryData<string> CloudCases => new(Answers.Keys);

    public static TheoryData<string> RecordCases => new(Records.Keys);

    public static TheoryData<DateTimeOffset?, string> Times => new()
    {
        { null, "never" },
        { DateTimeOffset.MinValue, "at an invalid time" },
        { DateTimeOffset.MaxValue, "at an invalid time" },
        { new(2026, 11, 23, 20, 40, 0, TimeSpan.FromHours(2)), "2026-11-23 18:40:00Z" },
    };

    [Theory]
    [MemberData(nameof(RowCases))]
    public void Row_Each_HasItsWords(string title) =>
        Assert.Equal(Rows[title].Expected, EvidenceText.Row(Rows[title].Row));

    [Theory]
    [MemberData(nameof(CloudCases))]
    public void Cloud_Each_HasItsWords(string title) =>
        Assert.Equal(Answers[title].Expected, EvidenceText.Cloud(Answers[title].Now));

    [Theory]
    [MemberData(nameof(RecordCases))]
    public void Record_Each_HasItsWords(string title)
    {
        var (record, unknown, expected) = Records[title];
        Assert.Equal(expected, EvidenceText.Record(record, unknown));
    }

    [Theory]
    [MemberData(nameof(Times))]
    public void Time_Each_HasItsWords(DateTimeOffset? time, string expected) =>
        Assert.Equal(expected, EvidenceText.Time(time));
}
