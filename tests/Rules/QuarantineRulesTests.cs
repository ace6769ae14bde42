using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Rules;
using static Nstance.Temporal.Tests.Rules.RuleWorld;

namespace Nstance.Temporal.Tests.Rules;

/// <summary>The wait is two hours. Where quarantine is off, an instance that is in it waits 24 hours.</summary>
public sealed class QuarantineRulesTests
{
    private const string Invalid = "is not a time; manual review required";
    private const string Undo = "nstance-gc release undoes it";

    private static readonly Verdict Terminate = new(VerdictKind.Terminate, "garbage");

    private static readonly Dictionary<string, (Evidence Now, bool IsOn, string Expected)> Cases = new()
    {
        { "off", (Now, false, "Terminate: garbage") },
        { "not yet in quarantine", (Now, true, "Quarantine: garbage") },
        { "no time", (Quarantined("yes"), true, $"Skip: tag nstance:gc-quarantined=yes {Invalid}") },
        { "no time, off", (Quarantined("yes"), false, $"Skip: tag nstance:gc-quarantined=yes {Invalid}") },
        {
            "a time without an offset",
            (Quarantined("2026-11-23T10:00:00"), true,
                $"Skip: tag nstance:gc-quarantined=2026-11-23T10:00:00 {Invalid}")
        },
        {
            "within the wait",
            (Quarantined("2026-11-23T16:40:01Z"), true, $"Skip: in quarantine until 2026-11-23 18:40:01Z: {Undo}")
        },
        {
            "the wait is over",
            (Quarantined("2026-11-23T16:40:00Z"), true, "Terminate: garbage; in quarantine since 2026-11-23 16:40:00Z")
        },
        {
            "in the future",
            (Quarantined("2026-11-23T19:00:00Z"), true, $"Skip: in quarantine until 2026-11-23 21:00:00Z: {Undo}")
        },
        {
            "the last time there is",
            (Quarantined("9999-12-31T23:59:59Z"), true, $"Skip: in quarantine until 9999-12-31 23:59:59Z: {Undo}")
        },
        {
            "a wait that ends at the last time there is",
            (Quarantined("9999-12-30T23:59:59.9999999Z"), false,
                $"Skip: in quarantine until 9999-12-31 23:59:59Z: {Undo}")
        },
        {
            "off, within the longer wait",
            (Quarantined("2026-11-22T18:40:01Z"), false, $"Skip: in quarantine until 2026-11-23 18:40:01Z: {Undo}")
        },
        {
            "off, the longer wait is over",
            (Quarantined("2026-11-22T18:40:00Z"), false, "Terminate: garbage; in quarantine since 2026-11-22 18:40:00Z")
        },
        { "reported since", (Alive(Row with { HealthAt = At(-120) + Tick }), true, "Quarantine: garbage") },
        { "registered since", (Alive(Row with { RegisteredAt = At(-120) + Tick }), true, "Quarantine: garbage") },
        {
            "reported and registered just before",
            (Alive(Row with { HealthAt = At(-120), RegisteredAt = At(-120) }), true,
                "Terminate: garbage; in quarantine since 2026-11-23 16:40:00Z")
        },
        {
            "reported since, off",
            (Alive(Row with { HealthAt = At(-1) }), false, $"Skip: in quarantine until 2026-11-24 16:40:00Z: {Undo}")
        },
        {
            "started since",
            (Alive(Row) with { Instance = Since("2026-11-23T16:40:00Z") with { LaunchTime = At(-120) + Tick } }, true,
                "Quarantine: garbage")
        },
        {
            "started since, off",
            (Alive(Row) with { Instance = Since("2026-11-22T16:40:00Z") with { LaunchTime = At(-60) } }, false,
                $"Skip: in quarantine until 2026-11-24 17:40:00Z: {Undo}")
        },
        { "never stopped", (Runs("2026-11-23T16:40:00Z"), true, "Quarantine: garbage") },
        { "never stopped, within the wait", (Runs("2026-11-23T18:30:00Z"), true, "Quarantine: garbage") },
        {
            "never stopped, off",
            (Runs("2026-11-22T18:40:00Z"), false, "Terminate: garbage; in quarantine since 2026-11-22 18:40:00Z")
        },
        {
            "cannot be stopped, within the wait",
            (Runs("2026-11-23T16:40:01Z runs on"), true, $"Skip: in quarantine until 2026-11-23 18:40:01Z: {Undo}")
        },
        {
            "cannot be stopped, the wait is over",
            (Runs("2026-11-23T16:40:00Z runs on"), true,
                "Terminate: garbage; in quarantine since 2026-11-23 16:40:00Z")
        },
        {
            "no time, runs on",
            (Runs("soon runs on"), true, $"Skip: tag nstance:gc-quarantined=soon runs on {Invalid}")
        },
        {
            "reported in the future",
            (Alive(Row with { HealthAt = At(6) }), true,
                "Terminate: garbage; in quarantine since 2026-11-23 16:40:00Z")
        },
        { "row gone", (Alive(null), true, "Terminate: garbage; in quarantine since 2026-11-23 16:40:00Z") },
    };

    public static TheoryData<string> Titles => new(Cases.Keys);

    [Theory]
    [MemberData(nameof(Titles))]
    public void Of_VerdictToTerminate_TerminatesOnlyAfterTheWait(string title)
    {
        var (now, isOn, expected) = Cases[title];
        var input = Input with { Quarantine = isOn ? TimeSpan.FromHours(2) : null };
        Assert.Equal(expected, Text(QuarantineRules.Of(Terminate, now, input)));
    }

    /// <summary>Stopped, and last started before any of these tags.</summary>
    private static CloudInstance Since(string value) => Tagged(CloudTags.GcQuarantined, value) with
    {
        State = "stopped",
        Status = InstanceStatus.Stopped,
        LaunchTime = At(-3000),
    };

    private static Evidence Runs(string value) => Now with
    {
        Instance = Since(value) with { State = "running", Status = InstanceStatus.Running },
    };

    private static Evidence Quarantined(string value) => Now with { Instance = Since(value) };

    /// <summary>In quarantine for two hours, with what the row says of its agent.</summary>
    private static Evidence Alive(InstanceRow? row) => Quarantined("2026-11-23T16:40:00Z") with { Row = row };
}
