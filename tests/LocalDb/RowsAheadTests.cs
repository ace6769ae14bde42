using System.Data;
using System.Text;
using Microsoft.Data.Sqlite;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.LocalDb;
using Nstance.Temporal.Workflows.Contracts;
using SQLitePCL;

namespace Nstance.Temporal.Tests.LocalDb;

/// <summary>Rows read ahead of a listing: nothing comes out otherwise than by looking at each, and what is old is never written.</summary>
public sealed class RowsAheadTests : IDisposable
{
    private static readonly ShardRef Shard = new("c1", "s1", "bucket");
    private static readonly DateTimeOffset At = new(2026, 11, 23, 18, 0, 0, TimeSpan.Zero);

    private static readonly string[] States =
    [
        "NULL", "''", "'no json'", "'{}'", "'[]'", """'{"status":"pending"}'""", """'{"status":"running"}'""",
        """'{"status": "running", "shard": "s1", "own": {"status": "stopped"}}'""", """'{"status":"running","status":"stopped"}'""",
        """'{"st\u0061tus":"running"}'""", """'{"status":"terminated"}'""", """'{"status":"no such word"}'""", """'{"status":1}'""",
        """CAST('{"status":"running"}' AS BLOB)""", "7",
    ];

    private static readonly string[] Texts = ["NULL", "''", "'10.0.0.1'", "'10.0.0.2'", "x'31'", "1"];

    private readonly string _folder = Directory.CreateTempSubdirectory("nstance-ahead-").FullName;
    private readonly List<SqliteConnection> _opened = [];

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Compare_AnyRowsAndListing_SaysAndWritesWhatLookingAtEachDoes()
    {
        var (fromKnown, differences, written) = (0, 0, 0);
        var empty = Path.Combine(_folder, "empty.db");
        ShardDatabase.Open(empty, Shard, own: true).Dispose();
        for (var seed = 1; seed <= 100; seed++)
        {
            var random = new Random(seed);
            var (one, other) = (Path.Combine(_folder, $"{seed}-1.db"), Path.Combine(_folder, $"{seed}-2.db"));
            File.Copy(empty, one);
            Run(one, $"BEGIN; {string.Concat(Enumerable.Range(0, 60).Select(n => AnyRow(random, n)))} COMMIT;");
            File.Copy(one, other);
            var pages = Enumerable.Range(0, 80).Select(_ => AnyListed(random)).Chunk(30).ToArray();

            using var looking = ShardDatabase.Open(one, Shard, own: true);
            using var ahead = ShardDatabase.Open(other, Shard, own: true);
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
            var rows = await WriteAsync(looking);
            Assert.Equal(rows, await WriteAsync(ahead));
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
        using var database = OpenWith(3);
        database.BeginListing();
        var known = database.ReadKnown(database.ListingHash, 3, KnownRows.Most, TestContext.Current.CancellationToken);
        Run(database.Path, $"UPDATE instances SET {change} WHERE id = 'i000001'");
        var before = All(database.Path);

        Assert.Empty(database.Compare([Stopped(1)], known));

        Assert.Equal(0, await WriteAsync(database));
        Assert.Equal(before, All(database.Path));
    }

    [Fact]
    public async Task Compare_RowRemovedSinceItWasRead_ComesNotBack()
    {
        using var database = OpenWith(3);
        database.BeginListing();
        var known = database.ReadKnown(database.ListingHash, 3, KnownRows.Most, TestContext.Current.CancellationToken);
        Run(database.Path, "DELETE FROM instances WHERE id = 'i000001'");

        Assert.Empty(database.Compare([Stopped(1)], known));

        Assert.Equal(0, await WriteAsync(database));
        Assert.Null(database.Find("i000001"));
    }

    [Fact]
    public void Compare_RowReadAhead_CountsAsListed()
    {
        using var database = OpenWith(3);
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
        using var database = OpenWith(3);
        database.BeginListing();
        var known = database.ReadKnown(database.ListingHash, 3, KnownRows.Most, TestContext.Current.CancellationToken);
        Run(database.Path, change);

        database.Compare([Stopped(0), Stopped(2)], known);

        Assert.Equal(expected, string.Join(' ', database.FindNotListed(known).Select(row => $"{row.Id}={row.ProviderId}")));
    }

    [Fact]
    public void FindNotListed_MoreRowsThanWereRead_AllAreLookedAt()
    {
        using var database = OpenWith(5);
        database.BeginListing();
        var known = database.ReadKnown(database.ListingHash, 5, 2, TestContext.Current.CancellationToken);

        database.Compare([Stopped(0)], known);

        Assert.Equal(Enumerable.Range(1, 4).Select(n => $"i{n:D6}"), database.FindNotListed(known).Select(row => row.Id));
    }

    [Fact]
    public void Compare_RowMadeSinceTheyWereRead_IsFound()
    {
        using var database = OpenWith(3);
        database.BeginListing();
        var known = database.ReadKnown(database.ListingHash, 3, KnownRows.Most, TestContext.Current.CancellationToken);
        Run(database.Path, "INSERT INTO instances (id, tenant, nonce, provider_id) VALUES ('new', 't', 'new', 'm9')");

        var difference = Assert.Single(database.Compare([Stopped(9) with { TrackingId = "new" }], known));

        Assert.Equal("new", difference.Row?.Id);
    }

    [Fact]
    public void ReadKnown_MoreRowsThanItTakes_TheOthersAreLookedAt()
    {
        using var database = OpenWith(5);
        database.BeginListing();
        var known = database.ReadKnown(database.ListingHash, 2, 2, TestContext.Current.CancellationToken);

        Assert.Empty(database.Compare([.. Enumerable.Range(0, 5).Select(Stopped)], known));

        Assert.Equal((2, 5), (known.Count, database.TakeNoted().Count));
    }

    [Theory]
    [InlineData(ShardDatabase.UsuallyMany - 1, "wal", false)]
    [InlineData(ShardDatabase.UsuallyMany, "wal", true)]
    [InlineData(ShardDatabase.UsuallyMany, "delete", false)]
    public async Task Begin_ManyRowsInAWal_AreReadOnAnotherConnection(int rows, string journal, bool isRead)
    {
        using var database = OpenWith(rows, journal);

        await using var ahead = await RowsAhead.BeginAsync(database, database.CountLive(), 10);
        await ahead.ReadAsync();

        Assert.Equal(isRead ? rows : null, ahead.Rows?.Count);
        Assert.Equal(isRead ? 2 : 1, _opened.Count);
    }

    [Fact]
    public async Task Begin_RowsThatCannotBeUnderstood_AreToldAsByLookingForThem()
    {
        using var database = OpenWith(ShardDatabase.UsuallyMany);
        Run(database.Path, "UPDATE instances SET issued_at = 'no time' WHERE id IN ('i000001', 'i000003')");

        var ahead = await RowsAhead.BeginAsync(database, database.CountLive(), unreadable: 1);
        await ahead.UnreadableAsync();
        await ahead.DisposeAsync();

        var expected = database.FindUnreadable(1);
        Assert.Equal(2, expected.Count);
        Assert.Equal((expected.Count, expected.First[0]), (ahead.Unreadable?.Count, Assert.Single(ahead.Unreadable!.First)));
    }

    [Fact]
    public async Task Begin_RowsCannotBeRead_LeavesThemToBeLookedAt()
    {
        using var database = OpenWith(ShardDatabase.UsuallyMany, opened: connection =>
        {
            // The second of them is interrupted at its first step of some length.
            if (_opened.Count == 2) raw.sqlite3_progress_handler(connection.Handle!, 1000, _ => 1, null);
        });

        await using var ahead = await RowsAhead.BeginAsync(database, database.CountLive(), 10);
        await Assert.ThrowsAsync<LocalDbException>(ahead.ReadAsync);

        Assert.Null(ahead.Rows);
        database.BeginListing();
        Assert.Empty(database.Compare([Stopped(1)], ahead.Rows));
        Assert.Equal(1, database.TakeNoted().Count);
    }

    [Fact]
    public async Task Dispose_WhileRowsAreRead_EndsThat()
    {
        var token = TestContext.Current.CancellationToken;
        using var reads = new ManualResetEventSlim();
        using var goesOn = new ManualResetEventSlim();
        using var database = OpenWith(ShardDatabase.UsuallyMany, opened: connection =>
        {
            if (_opened.Count == 2) raw.sqlite3_progress_handler(connection.Handle!, 1000, _ => { reads.Set(); goesOn.Wait(token); return 0; }, null);
        });

        var ahead = await RowsAhead.BeginAsync(database, database.CountLive(), 10);
        reads.Wait(token);
        var disposing = ahead.DisposeAsync();
        goesOn.Set();
        await disposing;

        await Assert.ThrowsAsync<OperationCanceledException>(ahead.ReadAsync);
        Assert.Null(ahead.Unreadable);
        Assert.Equal(ConnectionState.Closed, _opened[1].State);
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

    private static Listed Stopped(int n) => new($"i{n:D6}", $"m{n}", InstanceStatus.Stopped, null, null, null);

    private static Task<int> WriteAsync(ShardDatabase database) => new NotedWriter(database, Shard, At).WriteAsync(() => { });

    private ShardDatabase OpenWith(int rows, string journal = "wal", Action<SqliteConnection>? opened = null)
    {
        var path = Path.Combine(_folder, "own.db");
        ShardDatabase.Open(path, Shard, own: true).Dispose();
        Run(path, $$"""
            PRAGMA journal_mode = {{journal}};
            WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {{rows - 1}})
            INSERT INTO instances (id, tenant, nonce, provider_id, provider_state)
            SELECT printf('i%06d', i), 't', 'n' || i, 'm' || i, '{"status":"running"}' FROM n
            """);
        return ShardDatabase.Open(path, Shard, own: true, connection =>
        {
            _opened.Add(connection);
            opened?.Invoke(connection);
        });
    }

    /// <summary>As nstance's server would.</summary>
    private static void Run(string path, string sql)
    {
        using var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

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
