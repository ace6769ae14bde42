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
        { "an invalid time", (Unnamed with { InvalidColumns = "health_at" }, false) },
        { "reported at the deadline", (Unnamed with { HealthAt = At(-5) }, false) },
        { "reported before the deadline", (Unnamed with { HealthAt = At(-5) - Tick }, true) },
    };

    private static readonly CandidateRows None = new(Input, [], [], [], [], [], []);

    public static TheoryData<string> RowlessCases => new(Rowless.Keys);

    public static TheoryData<string> LostCases => new(Lost.Keys);

    [Theory]
    [MemberData(nameof(RowlessCases))]
    public void Of_MachineWithoutRow_IsACandidateOrNot(string title)
    {
        var (reason, row, isCandidate) = Rowless[title];
        Assert.Equal(isCandidate ? [Id] : [], Ids(None with { RowlessMachines = [row] }, reason));
    }

    [Fact]
    public void Of_OrphanWithinTheSettleTime_IsNoCandidate()
    {
        var input = Input with { Timings = Input.Timings with { SettleTime = TimeSpan.FromMinutes(60) } };
        var rows = None with { Input = input, RowlessMachines = [Orphan] };
        Assert.Empty(Ids(rows, CollectReason.Orphan));
        rows = rows with { RowlessMachines = [Orphan with { IssuedAt = At(-60) - Tick }] };
        Assert.Single(Ids(rows, CollectReason.Orphan));
    }

    [Theory]
    [MemberData(nameof(LostCases))]
    public void Of_RowThatNamesNoMachine_IsACandidateOrNot(string title)
    {
        var (row, isCandidate) = Lost[title];
        Assert.Equal(isCandidate ? [Id] : [], Ids(None with { UnnamedRows = [row] }, CollectReason.MachineLost));
    }

    [Fact]
    public void Of_MachineShutsDown_IsNoCandidateForAnyReason()
    {
        var rows = None with
        {
            UnhealthyRows = [Row],
            UnregisteredRows = [Row],
            RowlessMachines = [Orphan, In(Recorded, InstanceStatus.Deleting)],
            Terminating = [new(ProviderId, Id, "web", At(-1))],
        };
        Assert.All(Reasons.All, reason => Assert.Empty(Ids(rows, reason.Id)));
    }

    [Fact]
    public void Of_Unregistered_DanglingHasAMachineAndPreInsertHasNone()
    {
        var rows = None with
        {
            UnregisteredRows = [Row with { Id = "a" }, Row with { Id = "b", ProviderId = null }],
        };
        Assert.Equal(["a"], Ids(rows, CollectReason.Dangling));
        Assert.Equal(["b"], Ids(rows, CollectReason.StalePreInsert));
    }

    [Fact]
    public void Of_UnregisteredWithATimeInTheFuture_IsReportedInstead()
    {
        var rows = None with
        {
            UnregisteredRows =
            [
                Row with { Id = "a", IssuedAt = At(6) }, Row with { Id = "b", ProviderId = null, IssuedAt = At(6) },
                Row with { Id = "c" },
            ],
        };
        Assert.Equal(["c"], Ids(rows, CollectReason.Dangling));
        Assert.Empty(Ids(rows, CollectReason.StalePreInsert));
        Assert.Equal(
            [
                "row a: invalid issued_at (2026-11-23 18:46:00Z, in the future); row skipped",
                "row b: invalid issued_at (2026-11-23 18:46:00Z, in the future); row skipped",
            ],
            rows.Invalid);
    }

    [Fact]
    public void Of_Unhealthy_RowsAndRecordedMachines() => Assert.Equal(
        ["a", "b"],
        Ids(
            None with
            {
                UnhealthyRows = [Row with { Id = "b" }],
                RowlessMachines = [In(Recorded, InstanceStatus.Stopped) with { Id = "a" }],
            },
            CollectReason.Unhealthy));

    [Fact]
    public void Of_DeletedButRunning_AnotherMachineIsAConflictInstead()
    {
        var rows = None with
        {
            DeletedRows =
            [
                new(Row with { Id = "a" }, ProviderId), new(Row with { Id = "b" }, "i-2"),
                new(Row with { Id = "c", ProviderId = null }, "i-3"),
            ],
        };
        Assert.Equal(["a"], Ids(rows, CollectReason.DeletedButRunning));
        Assert.Equal(
            [
                "row b, marked deleted, names i-1, and i-2 carries its id; manual review required",
                "row c, marked deleted, names no machine, and i-3 carries its id; manual review required",
            ],
            rows.Conflicts);
    }

    [Fact]
    public void Of_OneIdTwice_IsNoCandidateAndTheOthersAreInTheOrderOfTheirIds()
    {
        var rows = None with
        {
            UnhealthyRows = [Row with { Id = "d" }, Row with { Id = "B" }, Row, Row, Row with { Id = "a" }],
        };
        Assert.Equal(
            [("B", CollectReason.Unhealthy), ("a", CollectReason.Unhealthy), ("d", CollectReason.Unhealthy)],
            rows.Of(Reasons.Of(CollectReason.Unhealthy)).Select(c => (c.Id, c.Reason)));
    }

    private static InstanceRow In(InstanceRow row, InstanceStatus status) => row with { MachineStatus = status };

    private static IEnumerable<string> Ids(CandidateRows rows, CollectReason reason) =>
        rows.Of(Reasons.Of(reason)).Select(candidate => candidate.Id);
}
