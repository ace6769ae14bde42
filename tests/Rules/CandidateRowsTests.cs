using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Rules;
using static Nstance.Temporal.Tests.Rules.RuleWorld;

namespace Nstance.Temporal.Tests.Rules;

/// <summary>The rows that a query found, and which of them are candidates.</summary>
public sealed class CandidateRowsTests
{
    private static readonly InstanceRow Orphan = Row with { HasRow = false, MachineStatus = InstanceStatus.Running };
    private static readonly InstanceRow Recorded = Orphan with { HasRecord = true };

    /// <summary>Registered an hour ago, without a report, and without a machine.</summary>
    private static readonly InstanceRow Unnamed = RuleWorld.Unnamed.Row! with { RegisteredAt = At(-60) };

    private static readonly Dictionary<string, (CollectReason, InstanceRow, bool IsCandidate)> Rowless = new()
    {
        { "orphan", (CollectReason.Orphan, Orphan, true) },
        { "orphan with a record", (CollectReason.Orphan, Recorded, false) },
        { "stopped orphan", (CollectReason.Orphan, In(Orphan, InstanceStatus.Stopped), true) },
        { "orphan at the deadline", (CollectReason.Orphan, Orphan with { IssuedAt = At(-5) }, false) },
        { "orphan before the deadline", (CollectReason.Orphan, Orphan with { IssuedAt = At(-5) - Tick }, true) },
        { "recorded", (CollectReason.Dangling, Recorded, true) },
        { "recorded and registered", (CollectReason.Dangling, Recorded with { RegisteredAt = At(-50) }, false) },
        { "recorded at the deadline", (CollectReason.Dangling, Recorded with { IssuedAt = At(-5) }, false) },
        { "recorded before the deadline", (CollectReason.Dangling, Recorded with { IssuedAt = At(-5) - Tick }, true) },
        { "recorded and stopped", (CollectReason.Dangling, In(Recorded, InstanceStatus.Stopped), true) },
        { "orphan, not dangling", (CollectReason.Dangling, Orphan, false) },
        { "stopped", (CollectReason.Unhealthy, In(Recorded, InstanceStatus.Stopped), true) },
        { "running", (CollectReason.Unhealthy, Recorded, false) },
        { "stopped orphan, not unhealthy", (CollectReason.Unhealthy, In(Orphan, InstanceStatus.Stopped), false) },
    };

    private static readonly Dictionary<string, (InstanceRow Row, bool IsCandidate)> Lost = new()
    {
        { "silent", (Unnamed, true) },
        { "never registered", (Unnamed with { RegisteredAt = null, HealthAt = At(-60) }, false) },
        { "a carrier", (Unnamed with { Carriers = 1 }, false) },
        { "an invalid time", (Unnamed with { InvalidColumns = ["health_at"] }, false) },
        { "reported at the deadline", (Unnamed with { HealthAt = At(-5) }, false) },
        { "reported before the deadline", (Unnamed with { HealthAt = At(-5) - Tick }, true) },
    };

    public static TheoryData<string> RowlessCases => new(Rowless.Keys);

    public static TheoryData<string> LostCases => new(Lost.Keys);

    [Theory]
    [MemberData(nameof(RowlessCases))]
    public void Of_MachineWithoutRow_IsACandidateOrNot(string title)
    {
        var (reason, row, isCandidate) = Rowless[title];
        Assert.Equal(isCandidate ? [Id] : [], Ids(new() { Rowless = [row] }, reason));
    }

    [Fact]
    public void Of_OrphanWithinTheSettleTime_IsNoCandidate()
    {
        var input = Input with { Timings = Input.Timings with { SettleTime = TimeSpan.FromMinutes(60) } };
        var source = new FakeSource { Rowless = [Orphan] };
        Assert.Empty(new CandidateRows(source, input).Of(Reasons.Of(CollectReason.Orphan)));
        source.Rowless = [Orphan with { IssuedAt = At(-60) - Tick }];
        Assert.Single(new CandidateRows(source, input).Of(Reasons.Of(CollectReason.Orphan)));
    }

    [Theory]
    [MemberData(nameof(LostCases))]
    public void Of_RowThatNamesNoMachine_IsACandidateOrNot(string title)
    {
        var (row, isCandidate) = Lost[title];
        Assert.Equal(isCandidate ? [Id] : [], Ids(new() { Unnamed = [row] }, CollectReason.MachineLost));
    }

    [Fact]
    public void Of_MachineShutsDown_IsNoCandidateForAnyReason()
    {
        var source = new FakeSource
        {
            Unhealthy = [Row],
            Unregistered = [Row],
            Rowless = [Orphan, In(Recorded, InstanceStatus.Deleting)],
            Terminating = [new(ProviderId, Id, "web", At(-1))],
        };
        Assert.All(Reasons.All, reason => Assert.Empty(Ids(source, reason.Id)));
        Assert.Equal(source.Terminating, new CandidateRows(source, Input).Terminating);
    }

    [Fact]
    public void Of_Unregistered_DanglingHasAMachineAndPreInsertHasNone()
    {
        var source = new FakeSource
        {
            Unregistered = [Row with { Id = "a" }, Row with { Id = "b", ProviderId = null }],
        };
        Assert.Equal(["a"], Ids(source, CollectReason.Dangling));
        Assert.Equal(["b"], Ids(source, CollectReason.StalePreInsert));
    }

    [Fact]
    public void Of_UnregisteredWithATimeInTheFuture_IsReportedInstead()
    {
        var source = new FakeSource
        {
            Unregistered =
            [
                Row with { Id = "a", IssuedAt = At(6) }, Row with { Id = "b", ProviderId = null, IssuedAt = At(6) },
                Row with { Id = "c" },
            ],
        };
        Assert.Equal(["c"], Ids(source, CollectReason.Dangling));
        Assert.Empty(Ids(source, CollectReason.StalePreInsert));
        Assert.Equal(
            [
                "row a: invalid issued_at (2026-11-23 18:46:00Z, in the future); row skipped",
                "row b: invalid issued_at (2026-11-23 18:46:00Z, in the future); row skipped",
            ],
            new CandidateRows(source, Input).Invalid);
    }

    [Fact]
    public void Of_Unhealthy_RowsAndRecordedMachines() => Assert.Equal(
        ["a", "b"],
        Ids(
            new()
            {
                Unhealthy = [Row with { Id = "b" }],
                Rowless = [In(Recorded, InstanceStatus.Stopped) with { Id = "a" }],
            },
            CollectReason.Unhealthy));

    [Fact]
    public void Of_DeletedButRunning_AnotherMachineIsAConflictInstead()
    {
        var source = new FakeSource
        {
            Deleted =
            [
                new(Row with { Id = "a" }, ProviderId), new(Row with { Id = "b" }, "i-2"),
                new(Row with { Id = "c", ProviderId = null }, "i-3"),
            ],
        };
        Assert.Equal(["a"], Ids(source, CollectReason.DeletedButRunning));
        Assert.Equal(
            [
                "row b, marked deleted, names i-1, and i-2 carries its id; manual review required",
                "row c, marked deleted, names no machine, and i-3 carries its id; manual review required",
            ],
            new CandidateRows(source, Input).Conflicts);
    }

    [Fact]
    public void Of_OneIdTwice_IsNoCandidateAndTheOthersAreInTheOrderOfTheirIds()
    {
        var source = new FakeSource
        {
            Unhealthy = [Row with { Id = "d" }, Row with { Id = "B" }, Row, Row, Row with { Id = "a" }],
        };
        var rows = new CandidateRows(source, Input);
        Assert.Equal(
            [("B", CollectReason.Unhealthy), ("a", CollectReason.Unhealthy), ("d", CollectReason.Unhealthy)],
            rows.Of(Reasons.Of(CollectReason.Unhealthy)).Select(c => (c.Id, c.Reason)));
    }

    [Fact]
    public void Of_AllReasons_EachSharedQueryRunsOnceWithItsDeadline()
    {
        var source = new FakeSource();
        var rows = new CandidateRows(source, Input);
        foreach (var reason in Reasons.All) rows.Of(reason);
        Assert.Empty(rows.Invalid);
        Assert.Empty(rows.Conflicts);
        Assert.Equal(
            ["unhealthy", "rowless", $"unregistered {At(-5):u} {AsOf:u}", $"deleted {At(-1):u}", "unnamed"],
            source.Queries);
    }

    private static InstanceRow In(InstanceRow row, InstanceStatus status) => row with { MachineStatus = status };

    private static IEnumerable<string> Ids(FakeSource source, CollectReason reason) =>
        new CandidateRows(source, Input).Of(Reasons.Of(reason)).Select(candidate => candidate.Id);

    private sealed class FakeSource : ICandidateSource
    {
        public IReadOnlyList<InstanceRow> Unhealthy { get; init; } = [];

        public IReadOnlyList<InstanceRow> Unregistered { get; init; } = [];

        public IReadOnlyList<InstanceRow> Rowless { get; set; } = [];

        public IReadOnlyList<RunningMachine> Deleted { get; init; } = [];

        public IReadOnlyList<InstanceRow> Unnamed { get; init; } = [];

        public IReadOnlyList<TerminatingMachine> Terminating { get; init; } = [];

        public List<string> Queries { get; } = [];

        public IReadOnlyList<InstanceRow> FindUnhealthy() => Answer("unhealthy", Unhealthy);

        public IReadOnlyList<InstanceRow> FindUnregistered(DateTimeOffset issuedBefore, DateTimeOffset asOf) =>
            Answer($"unregistered {issuedBefore:u} {asOf:u}", Unregistered);

        public IReadOnlyList<InstanceRow> FindRowlessInstances() => Answer("rowless", Rowless);

        public IReadOnlyList<RunningMachine> FindDeletedButRunning(DateTimeOffset deletedBefore) =>
            Answer($"deleted {deletedBefore:u}", Deleted);

        public IReadOnlyList<InstanceRow> FindUnnamed() => Answer("unnamed", Unnamed);

        public IReadOnlyList<TerminatingMachine> FindTerminating() => Terminating;

        private IReadOnlyList<T> Answer<T>(string query, IReadOnlyList<T> rows)
        {
            Queries.Add(query);
            return rows;
        }
    }
}
