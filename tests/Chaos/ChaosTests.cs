using Microsoft.Data.Sqlite;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Simulation.Chaos;
using Nstance.Temporal.Workflows.Reconciler;

namespace Nstance.Temporal.Tests.Chaos;

/// <summary>Chaos over the collector as it is, and over a collector with a bug, which it must find.</summary>
public sealed class ChaosTests
{
    /// <summary>Plays a few; <c>.ci/run</c> plays a hundred.</summary>
    [Fact]
    public async Task Play_FirstSeeds_NothingIsViolated()
    {
        var violations = new List<string>();
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = 2 };
        await Parallel.ForEachAsync(Enumerable.Range(1, 4), parallel, async (seed, _) =>
        {
            var outcome = await ChaosRun.PlayAsync(StoryTeller.Tell(seed));
            if (outcome.Violation is not { } v) return;
            lock (violations) violations.Add($"seed {seed}, {v.Step}: {v.Invariant}: {v.What}");
        });
        Assert.Empty(violations);
    }

    /// <summary>Seeds with an earlier violation, each with its reason.</summary>
    [Theory]
    [InlineData(1179)] // started by hand 3 seconds before the cycle, and the cloud still called it stopped
    [InlineData(320)] // its deletion was begun before it had a machine: neither unhealthy nor a stale pre-insert
    [InlineData(5550)] // quiet hours began while the cycle's sync was slow
    [InlineData(244)] // the health guard held back in the cycle in which the pending plan ended
    [InlineData(379)] // its protection ended late in the story, and then it was in quarantine
    [InlineData(390)] // a host took the shard over and its sync failed: health is not judged for the time before it
    [InlineData(767)] // its row was marked as deleted in the future: the purge reports it, not the health scan
    [InlineData(985)] // approved as dangling, and by then marked by nstance: another reason, not approved
    [InlineData(6429)] // elected while the bucket did not answer: no phase saw it for an hour
    [InlineData(7993)] // a rejected plan was approved later, and its instance also waited in the next plan
    [InlineData(8070)] // Temporal's clock was corrected during a slow sync: the cycle's time was hours ahead
    [InlineData(1710)] // agents report again while Temporal's clock is behind; the next cycle proposes Collect's plan
    [InlineData(2149)] // agents report again while a listing is suspect; the next cycle proposes Collect's plan
    [InlineData(2667)] // as 2149, and in a grace period
    [InlineData(3050)] // agents report again with a clock that is ahead; the next cycle proposes Collect's plan
    [InlineData(6716)] // as 3050, after a plan of checks that replaced another
    [InlineData(6911)] // as 1710, and Temporal's clock is ahead
    [InlineData(6925)] // as 3050, and Collect waited in that cycle alone
    [InlineData(10287)] // a retry reported the terminations of the attempt before it beside its own excess
    [InlineData(3757)] // registered, its launch never answered, gone before any sync saw it
    [InlineData(7883)] // nstance marked a row whose launch answer was lost, and short listings omitted its machine
    [InlineData(2810)] // its group was paused after a try to delete its record had failed: the retry waits
    [InlineData(1984)] // registered, its launch never answered, and an own file took the shard after EC2 forgot it
    [InlineData(10332)] // registered, reported and reset by an election before the first cycle that saw it
    [InlineData(3501)] // terminated by the last cycle of the story: no sync came after it
    public async Task Play_SeedWithAnEarlierViolation_Holds(int seed) =>
        Assert.Null((await ChaosRun.PlayAsync(StoryTeller.Tell(seed))).Violation);

    [Fact]
    public async Task Play_SameSeed_GivesTheSameOutcome()
    {
        var both = await Task.WhenAll(
            Task.Run(() => ChaosRun.PlayAsync(StoryTeller.Tell(7))),
            Task.Run(() => ChaosRun.PlayAsync(StoryTeller.Tell(7))));
        Assert.Equal(both[0], both[1]);
        Assert.True(both[0].Terminated > 0);
    }

    [Fact]
    public Task Play_WithoutReadingRecordsAgain_TerminatesRegistered() =>
        AssertFoundAsync("I1", () => new() { Records = (records, _) => new WithoutSecondLook(records) });

    [Fact]
    public Task Play_WithTheRowDeletedFirst_LosesARecord() =>
        AssertFoundAsync("I3", () => new() { Records = (records, path) => new RowFirst(records, path) }, first: 19);

    [Fact]
    public Task Play_WithStatesThatAreNotWritten_LeavesRowsThatSayNothing() =>
        AssertFoundAsync("I9", () => new() { Records = WithoutStates }, first: 5);

    /// <summary>What the collector's first edition wrote into nstance's rows.</summary>
    [Theory]
    [InlineData("UPDATE instances SET provider_state = '{\"status\": \"stopped\"}' WHERE rowid % 5 = 0", 1)]
    [InlineData("UPDATE instances SET infra_config_hash = NULL WHERE rowid % 5 = 0", 1)]
    [InlineData("UPDATE instances SET deleted_at = NULL", 3)]
    [InlineData("UPDATE instances SET group_key = NULL WHERE rowid % 5 = 0", 1)]
    public Task Play_WithNstancesRowsRewritten_MisleadsNstance(string write, int first) => AssertFoundAsync(
        "I10", () => new() { Records = (records, path) => WithRowsWritten(records, path, write) }, first);

    [Fact]
    public Task Play_WithTheWindowForgotten_ChecksTwice() => AssertFoundAsync(
        "I4",
        () => new()
        {
            BeforeCycle = (reconciler, _) => reconciler.Queue = new EventQueue(null, TimeSpan.FromMinutes(1)),
        },
        first: 15);

    [Fact]
    public Task Play_WithoutLimits_TerminatesTooMany() =>
        AssertFoundAsync(
            "I5", () => new() { Input = input => input with { Limits = TerminationLimits.Off } }, first: 8);

    [Fact]
    public Task Play_WithPausesIgnored_TerminatesPaused() =>
        AssertFoundAsync(
            "I5",
            () => new() { Input = input => input with { PartialPauses = null, QuietHours = null } },
            first: 5);

    [Fact]
    public Task Play_WithoutGracePeriod_TerminatesTooEarly() =>
        AssertFoundAsync("I1", () => new() { Input = input => input with { Grace = null } }, first: 2);

    [Fact]
    public Task Play_WithoutTheQuarantineOfTheStory_TerminatesTooEarly() =>
        AssertFoundAsync("I1", () => new() { Input = input => input with { Quarantine = null } });

    /// <summary>An agent registers while a call of Collect hangs. Written by hand: few seeds produce it.</summary>
    [Fact]
    public async Task Play_RegisteredWhileACallHangs_TerminatedOnlyIfTheAgeOfEvidenceIsIgnored()
    {
        var found = 0;
        for (var call = 1; call <= 6; call++)
        {
            var setup = new StorySetup(1, Shared: false, TimeSpan.FromHours(1), new()
            {
                Interval = TimeSpan.FromMinutes(30),
                RegistrationTimeout = TimeSpan.FromMinutes(10),
            }, TimeSpan.Zero, PageSize: 10);
            var story = Story.Of(setup,
            [
                new(TimeSpan.Zero, ChaosEvent.Launch) { For = TimeSpan.FromSeconds(2000) },
                new(TimeSpan.Zero, ChaosEvent.Enforce),
                new(TimeSpan.FromMinutes(20), ChaosEvent.SlowCall)
                {
                    Phase = "collect",
                    Call = call,
                    For = TimeSpan.FromMinutes(10),
                },
            ]);
            Assert.Null((await ChaosRun.PlayAsync(story)).Violation);
            var outcome = await ChaosRun.PlayAsync(story, new() { Clock = world => new ClockThatStands(world.Clock) });
            if (outcome.Violation?.Invariant == "I1") found++;
        }

        Assert.NotEqual(0, found);
    }

    [Fact]
    public Task Play_WithoutTermination_Leaks() =>
        AssertFoundAsync("I13", () => new() { Input = input => input with { DryRun = true } }, first: 2);

    [Fact]
    public async Task Shrink_Violation_NeedsFewerEvents()
    {
        static InjectedBug Bug() => new() { Records = (records, _) => new WithoutSecondLook(records) };
        for (var seed = 1; ; seed++)
        {
            var story = StoryTeller.Tell(seed, TimeSpan.FromHours(10));
            if ((await ChaosRun.PlayAsync(story, Bug())).Violation is not { } violation) continue;
            var shortest = await Shrink.Async(story, violation, Bug);
            Assert.InRange(shortest.Events.Count, 1, 8);
            Assert.Equal(violation.Invariant, (await ChaosRun.PlayAsync(shortest, Bug())).Violation?.Invariant);
            return;
        }
    }

    /// <param name="invariant">What the bug violates.</param>
    /// <param name="bug">The bug.</param>
    /// <param name="first">The first seed that finds it today: those before it cost a second each.</param>
    internal static async Task AssertFoundAsync(string invariant, Func<InjectedBug> bug, int first = 1)
    {
        for (var seed = first; seed < first + 80; seed++)
        {
            var story = StoryTeller.Tell(seed);
            var outcome = await ChaosRun.PlayAsync(story, bug());
            if (outcome.Violation?.Invariant != invariant) continue;
            TestContext.Current.TestOutputHelper?.WriteLine($"found by seed {seed}");
            return;
        }

        Assert.Fail($"80 stories, and no {invariant}");
    }

    private sealed class ClockThatStands(TimeProvider clock) : TimeProvider
    {
        public override long GetTimestamp() => 0;

        public override DateTimeOffset GetUtcNow() => clock.GetUtcNow();
    }

    internal abstract class Passing(IRecordStore inner) : IRecordStore
    {
        protected IRecordStore Inner => inner;

        public IAsyncEnumerable<IReadOnlyList<RecordObject>> ListAsync(
            ShardRef shard, CancellationToken cancellationToken) =>
            inner.ListAsync(shard, cancellationToken);

        public virtual Task<RecordRead> GetAsync(ShardRef shard, string key, CancellationToken cancellationToken) =>
            inner.GetAsync(shard, key, cancellationToken);

        public virtual Task<IReadOnlyDictionary<string, string>> DeleteAsync(
            ShardRef shard, IReadOnlyCollection<string> keys, CancellationToken cancellationToken) =>
            inner.DeleteAsync(shard, keys, cancellationToken);

        public virtual Task<byte[]?> GetLeaderAsync(ShardRef shard, CancellationToken cancellationToken) =>
            inner.GetLeaderAsync(shard, cancellationToken);

        public Task<byte[]?> GetConfigAsync(ShardRef shard, CancellationToken cancellationToken) =>
            inner.GetConfigAsync(shard, cancellationToken);
    }

    /// <summary>A bug: no record contradicts its row.</summary>
    private sealed class WithoutSecondLook(IRecordStore inner) : Passing(inner)
    {
        public override async Task<RecordRead> GetAsync(
            ShardRef shard, string key, CancellationToken cancellationToken) =>
            await Inner.GetAsync(shard, key, cancellationToken) is RecordRead.Found found
                ? found with { Record = found.Record with { RegisteredAt = null } }
                : new RecordRead.Missing();
    }

    private static IRecordStore WithoutStates(IRecordStore records, string path) => WithRowsWritten(records, path, """
        CREATE TRIGGER IF NOT EXISTS stateless BEFORE UPDATE OF status ON gc_machines
        WHEN NEW.status = 'running' BEGIN SELECT RAISE(IGNORE); END
        """);

    private static IRecordStore WithRowsWritten(IRecordStore records, string path, string write)
    {
        if (!File.Exists(path)) return records;
        using var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT count(*) FROM sqlite_master WHERE name = 'gc_machines'";
        if ((long)command.ExecuteScalar()! == 0) return records;
        command.CommandText = write;
        command.ExecuteNonQuery();
        return records;
    }

    private sealed class RowFirst(IRecordStore inner, string path) : Passing(inner)
    {
        public override async Task<IReadOnlyDictionary<string, string>> DeleteAsync(
            ShardRef shard, IReadOnlyCollection<string> keys, CancellationToken cancellationToken)
        {
            using var connection = new SqliteConnection($"Data Source={path};Pooling=False");
            connection.Open();
            foreach (var key in keys)
            {
                if (!RecordKey.TryParse(shard, key, out _, out var id)) continue;
                using var command = connection.CreateCommand();
                command.CommandText = "PRAGMA foreign_keys = OFF; DELETE FROM instances WHERE id = $id";
                command.Parameters.AddWithValue("$id", id.ToString());
                command.ExecuteNonQuery();
            }

            return await Inner.DeleteAsync(shard, keys, cancellationToken);
        }
    }
}
