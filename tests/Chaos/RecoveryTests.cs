using System.Text;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Simulation.Chaos;
using static Nstance.Temporal.Tests.Chaos.ChaosTests;

namespace Nstance.Temporal.Tests.Chaos;

/// <summary>
/// Faults of nstance's leader, hosts and clocks: each invariant about them (docs/testing.md, I11 to I14) finds a
/// collector with a bug. <see cref="ClockStoryTests"/> has the one about clocks.
/// </summary>
public sealed class RecoveryTests
{
    [Fact]
    public Task Play_WithALeaderThatNeverMoves_ReportsHealthyInstances() =>
        AssertFoundAsync("I14", () => new() { Records = (records, _) => new LeaderStays(records) }, first: 7);

    /// <summary>One of the two hosts holds the shard. Written by hand: few seeds cut that host off for long.</summary>
    [Fact]
    public async Task Play_WithFailedSyncsForgotten_KeepsAHostWithoutEc2()
    {
        var found = new List<string?>();
        for (var host = 0; host < ChaosHosts.Count; host++)
        {
            var timings = new ShardTimings { Interval = TimeSpan.FromMinutes(20) };
            var setup = new StorySetup(
                1, Shared: false, TimeSpan.FromHours(10), timings, TimeSpan.Zero, PageSize: 10);
            var story = Story.Of(setup,
            [
                new(TimeSpan.Zero, ChaosEvent.Enforce),
                new(TimeSpan.Zero, ChaosEvent.Launch) { For = TimeSpan.FromMinutes(2) },
                new(TimeSpan.FromHours(1), ChaosEvent.HostWithoutEc2)
                {
                    Member = host, For = TimeSpan.FromHours(8),
                },
            ]);
            Assert.Null((await ChaosRun.PlayAsync(story)).Violation);
            var outcome = await ChaosRun.PlayAsync(
                story, new() { State = state => state with { FailedSyncs = 0 } });
            found.Add(outcome.Violation?.Invariant);
        }

        Assert.Contains("I11", found);
    }

    [Fact]
    public Task Play_WithAFileDamagedBeforeEachCycle_NeverRecovers() =>
        AssertFoundAsync("I11", () => new() { BeforeCycle = (_, hosts) => hosts.DamageDatabase() }, first: 2);

    [Fact]
    public Task Play_WithApprovalsForgotten_HoldsApprovedInstancesBack() =>
        AssertFoundAsync("I11", () => new() { Input = input => input with { Approval = null } }, first: 5);

    [Fact]
    public Task Play_WithPlansLost_HasNoWayOut() => AssertFoundAsync("I12", PlansLost);

    /// <summary>In cycle 29 the health scan ends a plan of checks for which Collect waited.</summary>
    [Fact]
    public async Task Play_WithPlansLostAfterAPlanOfChecks_IsAllowedForOneCycle()
    {
        var violation = (await ChaosRun.PlayAsync(StoryTeller.Tell(2149), PlansLost())).Violation;
        Assert.Equal("I12", violation?.Invariant);
        Assert.StartsWith("cycle 30 ", violation!.Step, StringComparison.Ordinal);
    }

    [Fact]
    public Task Play_WithGuardsThatReportNothing_HoldsBackWithoutAReason() =>
        AssertFoundAsync("I12", () => new() { Collected = result => result with { Blocked = [] } });

    [Fact]
    public Task Play_WithGuardsThatForgetTheirStart_ReportsAWrongTime() => AssertFoundAsync("I12", () => new()
    {
        State = state => state with
        {
            Blocks = [.. state.Blocks.Select(block => block with { Since = state.Reports[0].StartedAt })],
        },
    });

    [Fact]
    public Task Play_WithAGraceThatNeverEnds_LeavesGarbage() => AssertFoundAsync("I13", () => new()
    {
        Input = input => input with { Grace = new(input.AsOf, "a bug") },
    });

    private static InjectedBug PlansLost() => new()
    {
        Collected = result => result.Blocked.Count > 0 ? result with { Plan = null } : result,
    };

    private sealed class LeaderStays(IRecordStore inner) : Passing(inner)
    {
        public override async Task<byte[]?> GetLeaderAsync(ShardRef shard, CancellationToken cancellationToken) =>
            await Inner.GetLeaderAsync(shard, cancellationToken) is { } json
                ? Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(json)
                    .Replace(ChaosNstance.ServerId(1), ChaosNstance.ServerId(0), StringComparison.Ordinal))
                : null;
    }
}
