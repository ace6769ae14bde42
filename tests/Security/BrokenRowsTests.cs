using CsCheck;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Telemetry;
using Nstance.Temporal.Tests.Collect;

namespace Nstance.Temporal.Tests.Security;

/// <summary>
/// Rows with broken values. No such row stops a cycle or terminates a registered, running machine. The cycle handles
/// the other rows as usual.
/// </summary>
public sealed class BrokenRowsTests
{
    private const string NotText = "CAST(x'fffe80' AS TEXT)";

    private static readonly string[] Columns =
    [
        "id", "tenant", "group_key", "on_demand", "provider_id", "provider_at", "hostname", "fqdn", "ip4", "ip6",
        "provider_state", "nonce",
        "issued_at", "instance_pub", "registered_at", "certificates_at", "health_at", "health", "infra_config_hash",
        "drain_started_at",
        "drain_acked_at", "created_at", "updated_at", "deleted_at",
    ];

    /// <summary>SQL of invalid or dangerous values for any column.</summary>
    private static readonly string[] Values =
    [
        "NULL", "''", "' '", "'no time'", "'9999-99-99 99:99:99'", "'2026-11-23'", "'0001-01-01 00:00:00+00:00'",
        "'-1'", "-1", "0", "9223372036854775807", "1e308",
        "x''", "x'fffe80'", NotText, "replace(hex(zeroblob(50000)), '0', 'a')",
        "'a' || char(10) || char(27) || '[31mred'", "'../../x'", "'{ broken'",
        "'{\"status\":7}'", "'[[[[[[[['", "char(0) || 'x'", "'٣'", "char(0x202e) || 'abc'",
        "'2026-13-01 00:00:00+00:00'", "'2026-00-01 00:00:00'", "'2026-11-00 00:00:00'", "'2026-11-32 00:00:00'",
        "'2026-11-23 24:00:00+00:00'",
        "'2026-11-23T25:00:00Z'", "'2026-11-23 10:60:00'", "'2026-19-39 29:59:59'",
    ];

    public static TheoryData<string> EveryColumn => [.. Columns];

    [Theory]
    [MemberData(nameof(EveryColumn))]
    public async Task Cycle_EveryBrokenValueInAColumn_TerminatesOnlyGarbage(string column)
    {
        using var world = new CollectWorld();
        var living = Living(world);
        Report(world);
        foreach (var value in Values) Break(world, living[Array.IndexOf(Values, value)], column, value);
        await CycleAsync(world, living);
    }

    /// <summary>Runs the phase whose rule reads the column.</summary>
    [Theory]
    [InlineData("issued_at")]
    [InlineData("created_at")]
    [InlineData("registered_at")]
    [InlineData("health_at")]
    [InlineData("deleted_at")]
    public async Task Cycle_InvalidTime_IsCountedAndNamed(string column)
    {
        foreach (var values in Values.Chunk(8))
        {
            using var world = new CollectWorld();
            var isRegistered = column is not ("issued_at" or "created_at");
            var rows = values
                .Select(value => (Row: world.Add(registered: isRegistered, recordRegistered: true), Value: value))
                .ToArray();
            foreach (var (row, value) in rows) Break(world, row, column, value);
            var broken = rows.Where(
                r => world.Db.Find(r.Row.Id)!.InvalidTimes(CollectWorld.AsOf) is not null)
                .Select(r => r.Row.Id).ToArray();
            var sound = world.Add(registered: isRegistered, recordRegistered: true);

            var (invalid, problems) = await PhaseAsync(world, column);

            Assert.True(broken.Length > 2, "the values are broken");
            Assert.Equal(broken.Length, invalid);
            Assert.All(broken, id => Assert.Contains(problems, p => p.Contains($"row {id}: invalid {column}")));
            Assert.DoesNotContain(problems, p => p.Contains($"row {sound.Id}", StringComparison.Ordinal));
            var brokenMachines = rows.Where(r => broken.Contains(r.Row.Id)).Select(r => r.Row.ProviderId);
            Assert.Empty(world.Cloud.TerminateCalls.Intersect(brokenMachines));
        }
    }

    [Theory]
    [InlineData("issued_at")]
    [InlineData("registered_at")]
    [InlineData("health_at")]
    [InlineData("created_at")]
    [InlineData("deleted_at")]
    public async Task Cycle_TimeInTheFuture_IsNamedWithItsValue(string column)
    {
        using var world = new CollectWorld();
        var row = world.Add(registered: column is "health_at" or "registered_at", recordRegistered: true);
        Break(world, row, column, "'2036-11-23 10:00:00+00:00'");

        var (invalid, problems) = await PhaseAsync(world, column);

        Assert.Equal(1, invalid);
        var problem = $"row {row.Id}: invalid {column} (2036-11-23 10:00:00Z, in the future)";
        Assert.Contains(problems, p => p.Contains(problem));
    }

    [Theory]
    [InlineData("''")]
    [InlineData("x''")]
    [InlineData("x'fffe80'")]
    public async Task Sync_InvalidId_IsCountedAndNamed(string id)
    {
        using var world = new CollectWorld();
        Break(world, world.Add(), "id", id);

        var result = await SyncAsync(world);

        Assert.Contains(result.Problems, p => p.Contains("invalid id; row skipped", StringComparison.Ordinal));
    }

    /// <summary>
    /// SQLite's JSON functions refuse bytes: such an id must not stop the scan that gathers the ids of the stale.
    /// </summary>
    [Fact]
    public async Task ScanHealth_StaleRowWithAnIdOfBytes_TheOthersAreStillEnqueued()
    {
        using var world = new CollectWorld();
        var stale = world.Add(registered: true, recordRegistered: true);
        world.Sql("UPDATE instances SET health_at = '2026-11-23 18:00:00+00:00'");
        for (var n = 0; n < 4; n++) world.Sql(
            "UPDATE instances SET health_at = '2026-11-23 18:40:00+00:00' WHERE id = $id",
            ("$id", world.Add(registered: true).Id));
        Break(world, world.Add(registered: true), "id", "x'fffe80'");

        await world.ScanHealthAsync();

        Assert.Equal([stale.Id], world.Events.Events.Select(e => e.InstanceId));
    }

    [Fact]
    public async Task Purge_ExpiredRowWithAnIdOfBytes_StaysAndTheOthersGo()
    {
        using var world = new CollectWorld();
        var broken = world.Add();
        var expired = world.Add();
        foreach (var row in new[] { broken, expired }) world.Expire(row, CollectWorld.AsOf.AddDays(-2));
        Break(world, broken, "id", "x'fffe80'");

        Assert.Equal(
            (1, 1, 0), await world.PurgeAsync() is var purge ? (purge.Expired, purge.Purged, purge.Failed) : default);
        Assert.False(world.HasRecord(expired));
        Assert.True(world.HasRecord(broken));
    }

    /// <summary>
    /// What nstance wrote of the machine decides nothing: neither a stopped one that runs, nor broken JSON.
    /// </summary>
    [Theory]
    [InlineData("""'{"status":"stopped"}'""")]
    [InlineData("""CAST('{"status":"stopped"}' AS BLOB)""")]
    [InlineData("'{ broken'")]
    [InlineData("NULL")]
    public async Task Cycle_ProviderState_DecidesNothing(string state)
    {
        using var world = new CollectWorld();
        var runs = world.Add(registered: true, recordRegistered: true);
        var stopped = world.Add(registered: true, recordRegistered: true, status: InstanceStatus.Stopped);
        foreach (var row in new[] { runs, stopped }) Break(world, row, "provider_state", state);

        await SyncAsync(world);

        Assert.Equal([stopped.Id], world.Db.FindUnhealthy().Select(r => r.Id));
    }

    [Fact]
    public async Task Sync_NotListedAndWrittenAtNoTime_IsSkippedAndNamed()
    {
        using var world = new CollectWorld();
        world.Add(registered: true, recordRegistered: true); // so that the cloud shows something of ours
        var row = world.Add(registered: true, recordRegistered: true, inCloud: false);
        Break(world, row, "updated_at", "'no time'");

        var result = await SyncAsync(world);

        Assert.Equal((1, 0), (result.Skipped, result.MarkedDeleted));
        Assert.Contains(
            result.Samples,
            s => s.InstanceId == row.Id && s.Why.Contains("invalid updated_at", StringComparison.Ordinal));
    }

    [Fact]
    public Task Cycle_SeveralBrokenColumns_TerminatesOnlyGarbage() =>
        Gen.Select(Gen.Int[0, Columns.Length - 1], Gen.Int[0, Values.Length - 1]).Array[1, 6].Array[1, 8].SampleAsync(
            async rows =>
            {
                using var world = new CollectWorld();
                var living = Living(world);
                Report(world);
                for (var n = 0; n < rows.Length; n++)
                {
                    // The id last: it names the row.
                    foreach (var (column, value) in rows[n].OrderByDescending(c => c.Item1))
                        Break(world, living[n], Columns[column], Values[value]);
                }

                await CycleAsync(world, living);
            },
            iter: 30,
            threads: 2);

    private static async Task<(int Invalid, IReadOnlyList<string> Problems)> PhaseAsync(
        CollectWorld world, string column)
    {
        switch (column)
        {
            case "deleted_at":
                var purge = await world.PurgeAsync();
                return (purge.Invalid, purge.Problems);
            case "issued_at" or "created_at":
                var collect = await world.CollectAsync();
                return (collect.Invalid, collect.Problems);
            default:
                var health = await world.ScanHealthAsync();
                return (health.Invalid, health.Problems);
        }
    }

    private static Task<SyncResult> SyncAsync(CollectWorld world) =>
        world.SyncAsync();

    /// <summary>Adds instances that their records call registered and that run in the cloud.</summary>
    private static CollectWorld.Made[] Living(CollectWorld world) =>
        [.. Values.Concat(Values).Select(_ => world.Add(registered: true, recordRegistered: true))];

    /// <summary>
    /// All agents but those whose report is broken: otherwise the source of health itself is suspect.
    /// </summary>
    private static void Report(CollectWorld world) =>
        world.Sql("UPDATE instances SET health_at = '2026-11-23 19:39:30+00:00'");

    private static void Break(CollectWorld world, CollectWorld.Made made, string column, string value)
    {
        try
        {
            world.Sql($"UPDATE instances SET {column} = {value} WHERE id = $id", ("$id", made.Id));
        }
        catch (Microsoft.Data.Sqlite.SqliteException e) when (e.SqliteErrorCode == 19)
        {
            // The schema itself forbids it here.
        }
    }

    private static async Task CycleAsync(CollectWorld world, CollectWorld.Made[] living)
    {
        var garbage = world.Add();
        var orphaned = world.Add(registered: true, recordRegistered: true, inCloud: false, rowStatus: "stopped");
        var ct = TestContext.Current.CancellationToken;
        var said = new List<string>();
        for (var cycle = 0; cycle < 2; cycle++)
        {
            world.Input = world.Input with { AsOf = CollectWorld.AsOf.AddMinutes(59 + cycle), Cycle = cycle + 1 };
            var notes = new PhaseNotes();
            var sync = await world.SyncAsync(notes);
            var collect = await world.CollectAsync();
            var health = await world.ScanHealthAsync();
            var purge = await world.PurgeAsync();
            said.AddRange(
                [
                    .. sync.Problems, sync.Suspect ?? "", .. collect.Problems,
                    .. collect.Blocked.Select(g => g.Why), $"{collect}",
                ]);
            Clean([.. sync.Problems, .. collect.Problems, .. health.Problems, .. purge.Problems]);
            Clean(new[] { sync.Samples, collect.Samples, health.Samples, purge.Samples }.SelectMany(s => s)
                .SelectMany(n => new[] { n.InstanceId, n.ProviderId, n.Tenant, n.Group, n.Action, n.Why }));
        }

        Assert.All(living, l => Assert.DoesNotContain(l.ProviderId, world.Cloud.TerminateCalls));
        Assert.All(living, l => Assert.True(world.HasRecord(l), $"the record of {l.Id} is gone"));
        Assert.True(world.Cloud.TerminateCalls.Contains(garbage.ProviderId), string.Join('\n', said));
        world.AssertCollected(garbage);
        Assert.False(world.IsLive(orphaned));
    }

    private static void Clean(IEnumerable<string?> texts) => Assert.All(texts, text =>
    {
        Assert.DoesNotContain(text ?? "", char.IsControl);
        Assert.InRange((text ?? "").Length, 0, 2000);
    });
}
