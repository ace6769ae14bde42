using Microsoft.Data.Sqlite;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.LocalDb;
using Nstance.Temporal.Workflows.Contracts;
using SQLitePCL;

namespace Nstance.Temporal.Tests.LocalDb;

/// <summary>So many changes that one connection prepares them and another writes them.</summary>
public sealed class NotedWriterTests : IDisposable
{
    private const int Rows = (2 * ShardDatabase.UsuallyMany) + 7;

    private static readonly ShardRef Shard = new("c1", "s1", "bucket");
    private static readonly DateTimeOffset At = new(2026, 11, 23, 18, 0, 0, TimeSpan.Zero);

    private readonly string _folder = Directory.CreateTempSubdirectory("nstance-writer-").FullName;
    private readonly List<SqliteConnection> _opened = [];

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("wal", 2)]
    [InlineData("delete", 1)]
    public async Task Write_ManyChanges_EachRowGetsItsOwn(string journal, int connections)
    {
        using var database = Open(journal);
        Compare(database);
        var batches = 0;

        Assert.Equal(Rows, await WriteAsync(database, () => batches++));

        Assert.Equal((Rows + ShardDatabase.BatchSize - 1) / ShardDatabase.BatchSize, batches);
        Assert.Equal(connections, _opened.Count);
        for (var n = 0; n < Rows; n++)
        {
            var row = database.Find(Id(n))!;
            Assert.Equal((InstanceStatus.Running, $"10.{n / 256}.{n % 256}.1", At), (row.Status, row.Ip4, row.UpdatedAt));
        }

        Assert.Equal(0, await WriteAsync(database, () => { }));
    }

    [Fact]
    public async Task Write_ManyRowsChangedMeanwhile_NoneIsTouched()
    {
        using var database = Open("wal");
        Compare(database);
        Run("UPDATE instances SET provider_state = '{\"status\":\"deleting\"}' WHERE CAST(substr(id, 2) AS INTEGER) % 2 = 0");

        Assert.Equal(Rows / 2, await WriteAsync(database, () => { }));

        for (var n = 0; n < Rows; n++)
            Assert.Equal(n % 2 == 0 ? InstanceStatus.Deleting : InstanceStatus.Running, database.Find(Id(n))!.Status);
    }

    [Fact]
    public async Task Write_ServerWritesAllTheWhile_NeitherLosesAnything()
    {
        using var database = Open("wal");
        Compare(database);
        var reported = 0;

        var written = await WriteAsync(
            database, () => Run($"UPDATE instances SET provider_state = '{{\"status\":\"deleting\"}}', health = 'r{++reported}' WHERE id = '{Id(Rows - reported)}'"));

        // Which of them were written before is a matter of chance; what the server wrote last stands in each.
        Assert.InRange(written, Rows - reported, Rows);
        for (var n = 1; n <= reported; n++) Assert.Equal(InstanceStatus.Deleting, database.Find(Id(Rows - n))!.Status);
        for (var n = 0; n < Rows - reported; n++) Assert.Equal(InstanceStatus.Running, database.Find(Id(n))!.Status);
    }

    [Fact]
    public async Task Write_FileWasDeleted_MakesNone()
    {
        using var database = Open("wal");
        Compare(database);
        foreach (var file in Directory.EnumerateFiles(_folder)) File.Delete(file);

        await WriteAsync(database, () => { });

        Assert.Empty(Directory.EnumerateFiles(_folder));
    }

    [Fact]
    public async Task Write_DiskIsFull_ThrowsAndTheRestWaitsForTheNextListing()
    {
        using var database = Open("wal");
        Compare(database);

        await Assert.ThrowsAsync<LocalDbException>(() => WriteAsync(database, () => Fill(_opened[^1])));

        Assert.Equal(2, _opened.Count);
        Compare(database);
        Assert.Equal(Rows - ShardDatabase.BatchSize, await WriteAsync(database, () => { }));
    }

    [Fact]
    public async Task Write_RowsCannotBeRead_ThrowsAndWhatWasWrittenStays()
    {
        using var database = Open("wal");
        Compare(database);

        var interrupted = 0;

        // Once: else it would interrupt the rollback too.
        var thrown = await Assert.ThrowsAsync<LocalDbException>(() => WriteAsync(database, () => raw.sqlite3_progress_handler(
            _opened[0].Handle!, 1, _ => Interlocked.Exchange(ref interrupted, 1) == 0 ? 1 : 0, null)));

        Assert.Contains("interrupted", thrown.Message);
        Compare(database);
        Assert.InRange(await WriteAsync(database, () => { }), 1, Rows - ShardDatabase.BatchSize);
    }

    [Fact]
    public async Task Write_StoppedByWhoWatches_LeavesTheConnectionInOrder()
    {
        using var database = Open("wal");
        Compare(database);

        await Assert.ThrowsAsync<OperationCanceledException>(() => WriteAsync(database, () => throw new OperationCanceledException()));

        Compare(database);
        Assert.Equal(Rows - ShardDatabase.BatchSize, await WriteAsync(database, () => { }));
    }

    private static string Id(int n) => $"i{n:D6}";

    private static Task<int> WriteAsync(ShardDatabase database, Action progress) => new NotedWriter(database, Shard, At).WriteAsync(progress);

    /// <summary>In another order than that of the rows.</summary>
    private static void Compare(ShardDatabase database)
    {
        database.BeginListing();
        var numbers = Enumerable.Range(0, Rows).ToArray();
        new Random(1).Shuffle(numbers);
        foreach (var page in numbers.Chunk(1000))
        {
            Assert.Empty(database.Compare([.. page.Select(n => new Listed(
                Id(n), $"m{n}", InstanceStatus.Running, $"10.{n / 256}.{n % 256}.1", null, "host"))]));
        }
    }

    /// <summary>No page more, for this connection alone.</summary>
    private static void Fill(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA max_page_count = 1";
        command.ExecuteNonQuery();
    }

    private ShardDatabase Open(string journal)
    {
        ShardDatabase.Open(Path.Combine(_folder, "own.db"), Shard, own: true).Dispose();
        Run($"PRAGMA journal_mode = {journal}");
        Run($$"""
            WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {{Rows - 1}})
            INSERT INTO instances (id, tenant, nonce, provider_id, provider_state)
            SELECT printf('i%06d', i), 't', 'n' || i, 'm' || i, '{"status":"pending"}' FROM n
            """);
        return ShardDatabase.Open(Path.Combine(_folder, "own.db"), Shard, own: true, _opened.Add);
    }

    /// <summary>As nstance's server would.</summary>
    private void Run(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={Path.Combine(_folder, "own.db")};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
