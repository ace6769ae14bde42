using System.Text;
using Microsoft.Data.Sqlite;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.LocalDb;
using Nstance.Temporal.Tests.Support;

namespace Nstance.Temporal.Tests.LocalDb;

/// <summary>Rows read ahead of a listing: nothing comes out otherwise than by looking at each, and what is old is never written.</summary>
public sealed class RowsAheadTests : IDisposable
{
    private static readonly string[] States =
    [
        "NULL", "''", "'no json'", "'{}'", "'[]'", """'{"status":"pending"}'""", """'{"status":"running"}'""",
        """'{"status": "running", "shard": "s1", "own": {"status": "stopped"}}'""", """'{"status":"running","status":"stopped"}'""",
        """'{"st\u0061tus":"running"}'""", """'{"status":"terminated"}'""", """'{"status":"no such word"}'""", """'{"status":1}'""",
        """CAST('{"status":"running"}' AS BLOB)""", "7",
    ];

    private static readonly string[] Texts = ["NULL", "''", "'10.0.0.1'", "'10.0.0.2'", "x'31'", "1"];

    private readonly ManyRows _rows = new();

    public void Dispose() => _rows.Dispose();

    [Fact]
    public async Task Compare_AnyRowsAndListing_SaysAndWritesWhatLookingAtEachDoes()
    {
        var (fromKnown, differences, written) = (0, 0, 0);
        var empty = Path.Combine(_rows.Folder, "empty.db");
        ShardDatabase.Open(empty, ManyRows.Shard, own: true).Dispose();
        for (var seed = 1; seed <= 100; seed++)
        {
            var random = new Random(seed);
            var (one, other) = (Path.Combine(_rows.Folder, $"{seed}-1.db"), Path.Combine(_rows.Folder, $"{seed}-2.db"));
            File.Copy(empty, one);
            ManyRows.Run(one, $"BEGIN; {string.Concat(Enumerable.Range(0, 60).Select(n => AnyRow(random, n)))} COMMIT;");
            File.Copy(one, other);
            var pages = Enumerable.Range(0, 80).Select(_ => AnyListed(random)).Chunk(30).ToArray();

            using var looking = ShardDatabase.Open(one, ManyRows.Shard, own: true);
            using var ahead = ShardDatabase.Open(other, ManyRows.Shard, own: true);
            looking.BeginListing();
            ahead.BeginListing();
            var known = ahead.ReadKnown(ahead.ListingHash, KnownRows.Most, KnownRows.Most, TestContext.Current.CancellationToken);
            foreach (var page in pages)
            {
                var expected = looking.Compare(page);
                Assert.Equal(expected, ahead.Compare(page, known));
                differences += expected.Count;
            }

            Assert.Equal(looking.FindNotListed(), ahead.FindNotListed(known));
            var rows = await ManyRows.WriteAsync(looking);
            Assert.Equal(rows, await ManyRows.WriteAsync(ahead));
            Assert.Equal(All(one), All(other));
            (fromKnown, written) = (fromKnown + known.Count, written + rows);
        }

        Assert.True(fromKnown > 500 && differences > 500 && written > 500, $"{fromKnown} known, {differences} to be looked at, {written} written");
    }

    [Theory]
    [InlineData("provider_state = '{\"status\":\"deleting\"}'")]
    [InlineData("provider_state = NULL")]
    [InlineData("provider_id = 'another'")]
    [InlineData("provider_id = NULL")]
    public async Task Compare_RowChangedSinceItWasRead_IsNotWritten(string change)
    {
        using var database = _rows.Open(3);
        database.BeginListing();
        var known = database.ReadKnown(database.ListingHash, 3, KnownRows.Most, TestContext.Current.CancellationToken);
        _rows.Run($"UPDATE instances SET {change} WHERE id = 'i000001'");
        var before = All(database.Path);

        Assert.Empty(database.Compare([Stopped(1)], known));

        Assert.Equal(0, await ManyRows.WriteAsync(database));
        Assert.Equal(before, All(database.Path));
    }

    [Fact]
    public async Task Compare_RowRemovedSinceItWasRead_ComesNotBack()
    {
        using var database = _rows.Open(3);
        database.BeginListing();
        var known = database.ReadKnown(database.ListingHash, 3, KnownRows.Most, TestContext.Current.CancellationToken);
        _rows.Run("DELETE FROM instances WHERE id = 'i000001'");

        Assert.Empty(database.Compare([Stopped(1)], known));

        Assert.Equal(0, await ManyRows.WriteAsync(database));
        Assert.Null(database.Find("i000001"));
    }

    [Fact]
    public void Compare_RowReadAhead_CountsAsListed()
    {
        using var database = _rows.Open(3);
        database.BeginListing();
        var known = database.ReadKnown(database.ListingHash, 3, KnownRows.Most, TestContext.Current.CancellationToken);

        database.Compare([Stopped(0), Stopped(2)], known);

        Assert.Equal(["i000001"], database.FindNotListed(known).Select(row => row.Id));
    }

    [Theory]
    [InlineData("UPDATE instances SET provider_id = 'm9' WHERE id = 'i000001'", "i000001=m9")]
    [InlineData("UPDATE instances SET provider_id = 'm2' WHERE id = 'i000001'", "i000001=m2")]
    [InlineData("UPDATE instances SET deleted_at = '2026-11-01 00:00:00+00:00' WHERE id = 'i000001'", "")]
    [InlineData("UPDATE instances SET provider_id = NULL WHERE id = 'i000001'", "")]
    [InlineData("DELETE FROM instances WHERE id = 'i000001'", "")]
    public void FindNotListed_RowChangedSinceItWasRead_IsTakenAsItIsNow(string change, string expected)
    {
        using var database = _rows.Open(3);
        database.BeginListing();
        var known = database.ReadKnown(database.ListingHash, 3, KnownRows.Most, TestContext.Current.CancellationToken);
        _rows.Run(change);

        database.Compare([Stopped(0), Stopped(2)], known);

        Assert.Equal(expected, string.Join(' ', database.FindNotListed(known).Select(row => $"{row.Id}={row.ProviderId}")));
    }

    [Fact]
    public void FindNotListed_MoreRowsThanWereRead_AllAreLookedAt()
    {
        using var database = _rows.Open(5);
        database.BeginListing();
        var known = database.ReadKnown(database.ListingHash, 5, 2, TestContext.Current.CancellationToken);

        database.Compare([Stopped(0)], known);

        Assert.Equal(Enumerable.Range(1, 4).Select(n => $"i{n:D6}"), database.FindNotListed(known).Select(row => row.Id));
    }

    [Fact]
    public void Compare_RowMadeSinceTheyWereRead_IsFound()
    {
        using var database = _rows.Open(3);
        database.BeginListing();
        var known = database.ReadKnown(database.ListingHash, 3, KnownRows.Most, TestContext.Current.CancellationToken);
        _rows.Run("INSERT INTO instances (id, tenant, nonce, provider_id) VALUES ('new', 't', 'new', 'm9')");

        var difference = Assert.Single(database.Compare([Stopped(9) with { TrackingId = "new" }], known));

        Assert.Equal("new", difference.Row?.Id);
    }

    [Fact]
    public void ReadKnown_MoreRowsThanItTakes_TheOthersAreLookedAt()
    {
        using var database = _rows.Open(5);
        database.BeginListing();
        var known = database.ReadKnown(database.ListingHash, 2, 2, TestContext.Current.CancellationToken);

        Assert.Empty(database.Compare([.. Enumerable.Range(0, 5).Select(Stopped)], known));

        Assert.Equal((2, 5), (known.Count, database.TakeNoted().Count));
    }

    private static string AnyRow(Random random, int n)
    {
        string Any(string[] of) => of[random.Next(of.Length)];
        var machine = random.Next(8) switch { 0 => "NULL", 1 => "''", 2 => $"CAST('m{n}' AS BLOB)", _ => $"'m{n}'" };
        var deleted = random.Next(6) == 0 ? "'2026-11-01 00:00:00+00:00'" : "NULL";
        var state = random.Next(2) == 0 ? """'{"status":"running"}'""" : Any(States);
        return $"""
            INSERT INTO instances (id, tenant, nonce, provider_id, provider_state, ip4, ip6, hostname, deleted_at)
            VALUES ('i{n:D6}', 't', 'n{n}', {machine}, {state}, {Any(Texts)}, {Any(Texts)}, {Any(Texts)}, {deleted});
            """;
    }

    private static Listed AnyListed(Random random)
    {
        string? Any() => random.Next(5) switch { 0 => "10.0.0.1", 1 => "10.0.0.2", 2 => "1", _ => null };
        var n = random.Next(70);
        var status = random.Next(2) == 0 ? InstanceStatus.Running : (InstanceStatus)random.Next(Enum.GetValues<InstanceStatus>().Length);
        return new($"i{n:D6}", random.Next(6) == 0 ? $"m{random.Next(70)}" : $"m{n}", status, Any(), Any(), Any());
    }

    private static Listed Stopped(int n) => ManyRows.Listed(n, InstanceStatus.Stopped);

    private static string All(string path)
    {
        using var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT id, quote(provider_id), quote(provider_state), quote(ip4), quote(ip6), quote(hostname), updated_at, provider_at FROM instances ORDER BY id";
        using var reader = command.ExecuteReader();
        var rows = new StringBuilder();
        while (reader.Read()) rows.AppendJoin('|', Enumerable.Range(0, reader.FieldCount).Select(reader.GetValue)).AppendLine();
        return rows.ToString();
    }
}
