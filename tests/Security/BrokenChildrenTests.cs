using System.Text;
using CsCheck;
using Microsoft.Data.Sqlite;
using Nstance.Temporal.Tests.Collect;

namespace Nstance.Temporal.Tests.Security;

/// <summary>
/// Rows of <c>lb_instances</c> and <c>public_keys</c> in any state: the purge deletes those of the purged row and no
/// others, and none of them stops a cycle.
/// </summary>
public sealed class BrokenChildrenTests
{
    private const int Rows = 4;

    private static readonly string[][] Columns =
    [
        ["lb_key", "instance_id", "status", "updated_at"],
        [
            "id", "instance_id", "filename", "public_key_pem", "certificate_name", "submitted_at", "processed_at",
            "certificate_serial",
            "certificate_issued_at", "created_at", "updated_at",
        ],
    ];

    /// <summary>$id is the owner's: what looks like it and is not it must stay.</summary>
    private static readonly string[] Values =
    [
        "NULL", "''", "' '", "0", "-1", "1e308", "x''", "x'fffe80'", "CAST(x'fffe80' AS TEXT)", "CAST($id AS BLOB)",
        "upper($id)", "$id || char(0)",
        "' ' || $id", "substr($id, 1, 20)", "$id || '%'", "'%'", "'*'", "'no time'",
        "replace(hex(zeroblob(50000)), '0', 'a')", "char(10) || $id",
        "'../../x'", "'{ broken'", "''' OR 1=1 --'",
    ];

    /// <summary>A child: its table, its owner (the second half of the rows stay), and its broken columns.</summary>
    private static readonly Gen<(int Table, int Owner, (int Column, int Value)[] Breaks)> Child = Gen.Select(
        Gen.Int[0, 1],
        Gen.Int[0, (2 * Rows) - 1],
        Gen.Select(Gen.Int[0, 10], Gen.Int[0, Values.Length - 1]).Array[0, 4]);

    [Fact]
    public Task Cycle_BrokenChildren_GoWithTheirRowAndStayWithOthers() => Child.Array[0, 30].SampleAsync(
        async children =>
        {
            using var world = new CollectWorld();
            var (expired, living) = Make(world);
            Add(world, [.. expired, .. living], children);
            await CheckAsync(world, expired, living);
        },
        iter: 30,
        threads: 2);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Cycle_EveryBrokenValueInEveryColumn_GoesWithItsRowAndStaysWithOthers(int table)
    {
        using var world = new CollectWorld();
        var (expired, living) = Make(world);
        var all = from owner in Enumerable.Range(0, 2 * Rows)
                  from column in Enumerable.Range(0, Columns[table].Length)
                  from value in Enumerable.Range(0, Values.Length)
                  where (column + value) % Rows == owner % Rows
                  select (table, owner, new[] { (column, value) });
        Add(world, [.. expired, .. living], [.. all]);
        await CheckAsync(world, expired, living);
    }

    [Fact]
    public async Task Purge_ChildThatCannotGo_KeepsItsRowAndAllItsChildrenAlone()
    {
        using var world = new CollectWorld();
        var (expired, living) = Make(world);
        var children = from owner in Enumerable.Range(0, 2 * Rows)
                       from table in Enumerable.Range(0, 2)
                       select (table, owner, Array.Empty<(int, int)>());
        Add(world, [.. expired, .. living], [.. children]);
        world.Sql("""
            CREATE TRIGGER stuck BEFORE DELETE ON lb_instances WHEN old.instance_id = (
                SELECT min(id) FROM instances WHERE deleted_at IS NOT NULL)
            BEGIN SELECT RAISE(ABORT, 'no'); END
            """);
        var stuck = expired.MinBy(made => made.Id, StringComparer.Ordinal)!;
        var before = Read(world);

        var purge = await world.PurgeAsync();

        Assert.Equal((Rows, Rows - 1, 1), (purge.Expired, purge.Purged, purge.Failed));
        Assert.Contains(purge.Problems, problem => problem.Contains(stuck.Id, StringComparison.Ordinal));
        AssertLeft(world, before, [.. expired.Where(made => made != stuck)]);
    }

    private static (CollectWorld.Made[] Expired, CollectWorld.Made[] Living) Make(CollectWorld world)
    {
        CollectWorld.Made[] expired = [.. Enumerable.Range(0, Rows).Select(_ => world.Add(inCloud: false))];
        foreach (var made in expired) world.Expire(made, new(2026, 11, 23, 10, 0, 0, TimeSpan.Zero));
        CollectWorld.Made[] living =
        [
            .. Enumerable.Range(0, Rows).Select(_ => world.Add(registered: true, recordRegistered: true)),
        ];
        world.Sql("UPDATE instances SET health_at = '2026-11-23 18:39:30+00:00' WHERE deleted_at IS NULL");

        // A broken child may also violate nstance's foreign keys.
        world.Sql("PRAGMA foreign_keys = OFF");
        return (expired, living);
    }

    private static void Add(
        CollectWorld world,
        CollectWorld.Made[] owners,
        IReadOnlyCollection<(int Table, int Owner, (int Column, int Value)[] Breaks)> children)
    {
        var n = 0;
        foreach (var (table, owner, breaks) in children)
        {
            var id = owners[owner].Id;
            var name = $"child-{n++}";
            world.Sql(
                table == 0
                    ? "INSERT INTO lb_instances (lb_key, instance_id, status) VALUES ($name, $id, 'active')"
                    : "INSERT INTO public_keys (instance_id, filename, public_key_pem) VALUES ($id, $name, 'PEM')",
                ("$id", id), ("$name", name));
            var row = table == 0
                ? "lb_instances SET {0} = {1} WHERE rowid = (SELECT max(rowid) FROM lb_instances)"
                : "public_keys SET {0} = {1} WHERE id = (SELECT seq FROM sqlite_sequence WHERE name = 'public_keys')";
            foreach (var (column, value) in breaks)
            {
                try
                {
                    world.Sql(
                        "UPDATE " + string.Format(
                            null, row, Columns[table][column % Columns[table].Length], Values[value]),
                        ("$id", id));
                }
                catch (SqliteException e) when (e.SqliteErrorCode is 19 or 20)
                {
                    // The schema itself forbids it here.
                }
            }
        }
    }

    private static async Task CheckAsync(CollectWorld world, CollectWorld.Made[] expired, CollectWorld.Made[] living)
    {
        var before = Read(world);
        var ct = TestContext.Current.CancellationToken;
        var sync = await world.SyncAsync();
        var collect = await world.CollectAsync();
        var health = await world.ScanHealthAsync();
        var purge = await world.PurgeAsync();

        Assert.Empty(sync.Problems.Concat(collect.Problems).Concat(health.Problems).Concat(purge.Problems));
        Assert.Equal((Rows, Rows, 0), (purge.Expired, purge.Purged, purge.Failed));
        Assert.All(living, world.AssertUntouched);
        Assert.All(expired, made => Assert.Null(world.Db.Find(made.Id)));
        AssertLeft(world, before, expired);
    }

    /// <summary>Everything else is unchanged, byte for byte.</summary>
    private static void AssertLeft(
        CollectWorld world, List<(string Owner, string Row)> before, CollectWorld.Made[] purged)
    {
        var gone = purged.Select(made => $"text:{Convert.ToHexString(Encoding.ASCII.GetBytes(made.Id))}").ToHashSet();
        Assert.Equal(before.Where(child => !gone.Contains(child.Owner)), Read(world));
    }

    /// <summary>Type and bytes: <c>quote</c> would be terminated at a zero.</summary>
    private static string Exactly(string column) => $"typeof({column}) || ':' || hex(CAST({column} AS BLOB))";

    /// <summary>Both tables.</summary>
    private static List<(string Owner, string Row)> Read(CollectWorld world)
    {
        using var connection = new SqliteConnection($"Data Source={world.Db.Path};Pooling=False");
        connection.Open();
        var rows = new List<(string, string)>();
        for (var table = 0; table < Columns.Length; table++)
        {
            using var command = connection.CreateCommand();
            var name = table == 0 ? "lb_instances" : "public_keys";
            var all = string.Join(" || ',' || ", Columns[table].Select(Exactly));
            command.CommandText = $"SELECT {Exactly("instance_id")}, {all} FROM {name} ORDER BY rowid";
            using var reader = command.ExecuteReader();
            while (reader.Read()) rows.Add((reader.GetString(0), $"{name}: {reader.GetString(1)}"));
        }

        return rows;
    }
}
