using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Rules;
using static Nstance.Temporal.Tests.Rules.RuleWorld;

namespace Nstance.Temporal.Tests.Rules;

public sealed class MissingRulesTests
{
    private const string HasCarrier =
        "Skip: its machine i-1 is gone, and i-2 carries its id; manual review required";

    private static readonly MachineRow Alive = MachineRow.Of(Machine);
    private static readonly InstanceRow Owner = Row with { Id = "owner" };

    private static readonly Dictionary<string, (CloudInstance? Found, bool NotFound, string Expected)> Answers = new()
    {
        { "no answer", (null, false, "Unknown") },
        { "not found", (null, true, "NotFound") },
        { "terminated", (In(InstanceStatus.Deleted), false, "Terminated") },
        {
            "terminated without tags",
            (Tagged(CloudTags.Managed, null) with { Status = InstanceStatus.Deleted }, false, "Terminated")
        },
        { "running", (Machine, false, "Alive") },
        { "shuts down", (In(InstanceStatus.Deleting), false, "Alive") },
        { "of another shard", (Tagged(CloudTags.Shard, "us-west-2b"), false, "LostTags") },
    };

    private static readonly Dictionary<string, (string, MachineRow? Alive, string? Carrier, string Expected)> Judged =
        new()
        {
            { "no answer", ("Unknown", null, null, "Skip: not listed; the cloud could not say more") },
            { "no answer, a carrier", ("Unknown", null, "i-2", "Skip: not listed; the cloud could not say more") },
            { "lost its tags", ("LostTags", null, null, "Skip: not listed: no longer tagged as ours") },
            { "alive", ("Alive", Alive, null, "Skip: not listed, but the cloud says running") },
            {
                "alive as another",
                ("Alive", Alive with { InstanceId = "knc1" }, null, "Skip: its machine is tagged as knc1")
            },
            {
                "not found, a carrier",
                ("NotFound", null, "i-2", HasCarrier)
            },
            {
                "terminated, a carrier",
                ("Terminated", null, "i-2", HasCarrier)
            },
            { "not found", ("NotFound", null, null, "CleanUp: not listed, and not found by id") },
            { "terminated", ("Terminated", null, null, "CleanUp: terminated") },
        };

    private static readonly Dictionary<string, (InstanceRow Row, bool IsSettled)> Rows = new()
    {
        { "old", (Row, true) },
        { "issued a settle time ago", (Row with { IssuedAt = At(-1) }, false) },
        { "issued before the settle time", (Row with { IssuedAt = At(-1) - Tick }, true) },
        { "created a settle time ago", (Row with { CreatedAt = At(-1) }, false) },
        { "created before the settle time", (Row with { CreatedAt = At(-1) - Tick }, true) },
        { "updated a settle time ago", (Row with { UpdatedAt = At(-1) }, false) },
        { "updated before the settle time", (Row with { UpdatedAt = At(-1) - Tick }, true) },
    };

    private static readonly Dictionary<string, (InstanceRow? Owner, bool IsCarried, bool IsMarked)> Replaced = new()
    {
        { "the other row owns the machine", (Owner, false, true) },
        { "a machine carries the row's id", (Owner, true, false) },
        { "no other row", (null, false, false) },
        { "the other row is deleted", (Owner with { DeletedAt = At(-10) }, false, false) },
        { "the other row names no machine", (Owner with { NamesMachine = false }, false, false) },
        { "the other row names another machine", (Owner with { ProviderId = "i-2" }, false, false) },
    };

    public static TheoryData<string> AnswerCases => new(Answers.Keys);

    public static TheoryData<string> JudgedCases => new(Judged.Keys);

    public static TheoryData<string> RowCases => new(Rows.Keys);

    public static TheoryData<string> ReplacedCases => new(Replaced.Keys);

    [Theory]
    [MemberData(nameof(AnswerCases))]
    public void Of_AnswerById_IsWhatTheCloudSays(string title)
    {
        var (found, notFound, expected) = Answers[title];
        Assert.Equal(expected, MissingRules.Of(found, notFound, Shard).ToString());
    }

    [Theory]
    [MemberData(nameof(JudgedCases))]
    public void Judge_MachineNotListed_MarksOnlyWhatIsGone(string title)
    {
        var (machine, alive, carrier, expected) = Judged[title];
        Assert.Equal(expected, Text(MissingRules.Judge(Row, Enum.Parse<MissingMachine>(machine), alive, carrier)));
    }

    [Theory]
    [MemberData(nameof(RowCases))]
    public void IsSettled_Row_IsOlderThanTheSettleTime(string title) =>
        Assert.Equal(Rows[title].IsSettled, MissingRules.IsSettled(Rows[title].Row, Input));

    [Theory]
    [MemberData(nameof(ReplacedCases))]
    public void JudgeReplaced_MachineOfAnotherId_MarksOnlyIfTheOtherRowOwnsIt(string title)
    {
        var (owner, isCarried, isMarked) = Replaced[title];
        Assert.Equal(
            isMarked ? "CleanUp: its machine belongs to owner" : "Skip: its machine is tagged as owner",
            Text(MissingRules.JudgeReplaced(Row, "owner", owner, isCarried)));
    }
}
