using Microsoft.Data.Sqlite;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.LocalDb;
using Nstance.Temporal.Tests.Support;
using SQLitePCL;

namespace Nstance.Temporal.Tests.LocalDb;

/// <summary>So many changes that one connection prepares them and another writes them.</summary>
public sealed class NotedWriterTests : IDisposable
{
    private const int Rows = (2 * ShardDatabase.UsuallyMany) + 7;

    private readonly ManyRows _rows = new();

    public void Dispose() => _rows.Dispose();

    [Theory]
    [InlineData("wal", 2)]
    [InlineData("delete", 1)]
    public async Task Write_ManyChanges_EachRowGetsItsOwn(string journal, int connections)
    {
        using var database = _rows.Open(Rows, "pending", journal);
        Compare(database);
        var batches = 0;

        Assert.Equal(Rows, await ManyRows.WriteAsync(database, () => batches++));

        Assert.Equal((Rows + ShardDatabase.BatchSize - 1) / ShardDatabase.BatchSize, batches);
        Assert.Equal(connections, _rows.Opened.Count);
        for (var n = 0; n < Rows; n++)
        {
            var row = database.Find(ManyRows.Id(n))!;
            Assert.Equal((InstanceStatus.Running, $"10.{n / 256}.{n % 256}.1", ManyRows.At), (row.Status, row.Ip4, row.UpdatedAt));
        }

        Assert.Equal(0, await ManyRows.WriteAsync(database, () => { }));
    }

    [Fact]
    public async Task Write_ManyRowsChangedMeanwhile_NoneIsTouched()
    {
        using var database = _rows.Open(Rows, "pending");
        Compare(database);
        _rows.Run("UPDATE instances SET provider_state = '{\"status\":\"deleting\"}' WHERE CAST(substr(id, 2) AS INTEGER) % 2 = 0");

        Assert.Equal(Rows / 2, await ManyRows.WriteAsync(database, () => { }));

        for (var n = 0; n < Rows; n++)
            Assert.Equal(n % 2 == 0 ? InstanceStatus.Deleting : InstanceStatus.Running, database.Find(ManyRows.Id(n))!.Status);
    }

    [Fact]
    public async Task Write_ServerWritesAllTheWhile_NeitherLosesAnything()
    {
        using var database = _rows.Open(Rows, "pending");
        Compare(database);
        var reported = 0;

        var written = await ManyRows.WriteAsync(
            database, () => _rows.Run($"UPDATE instances SET provider_state = '{{\"status\":\"deleting\"}}', health = 'r{++reported}' WHERE id = '{ManyRows.Id(Rows - reported)}'"));

        // Which of them were written before is a matter of chance; what the server wrote last stands in each.
        Assert.InRange(written, Rows - reported, Rows);
        for (var n = 1; n <= reported; n++) Assert.Equal(InstanceStatus.Deleting, database.Find(ManyRows.Id(Rows - n))!.Status);
        for (var n = 0; n < Rows - reported; n++) Assert.Equal(InstanceStatus.Running, database.Find(ManyRows.Id(n))!.Status);
    }

    [Fact]
    public async Task Write_FileWasDeleted_MakesNone()
    {
        using var database = _rows.Open(Rows, "pending");
        Compare(database);
        foreach (var file in Directory.EnumerateFiles(_rows.Folder)) File.Delete(file);

        await ManyRows.WriteAsync(database, () => { });

        Assert.Empty(Directory.EnumerateFiles(_rows.Folder));
    }

    [Fact]
    public async Task Write_DiskIsFull_ThrowsAndTheRestWaitsForTheNextListing()
    {
        using var database = _rows.Open(Rows, "pending");
        Compare(database);

        await Assert.ThrowsAsync<LocalDbException>(() => ManyRows.WriteAsync(database, () => Fill(_rows.Opened[^1])));

        Assert.Equal(2, _rows.Opened.Count);
        Compare(database);
        Assert.Equal(Rows - ShardDatabase.BatchSize, await ManyRows.WriteAsync(database, () => { }));
    }

    [Fact]
    public async Task Write_RowsCannotBeRead_ThrowsAndWhatWasWrittenStays()
    {
        using var database = _rows.Open(Rows, "pending");
        Compare(database);

        var interrupted = 0;

        // Once: else it would interrupt the rollback too.
        var thrown = await Assert.ThrowsAsync<LocalDbException>(() => ManyRows.WriteAsync(database, () => raw.sqlite3_progress_handler(
            _rows.Opened[0].Handle!, 1, _ => Interlocked.Exchange(ref interrupted, 1) == 0 ? 1 : 0, null)));

        Assert.Contains("interrupted", thrown.Message);
        Compare(database);
        Assert.InRange(await ManyRows.WriteAsync(database, () => { }), 1, Rows - ShardDatabase.BatchSize);
    }

    [Fact]
    public async Task Write_StoppedByWhoWatches_LeavesTheConnectionInOrder()
    {
        using var database = _rows.Open(Rows, "pending");
        Compare(database);

        await Assert.ThrowsAsync<OperationCanceledException>(() => ManyRows.WriteAsync(database, () => throw new OperationCanceledException()));

        Compare(database);
        Assert.Equal(Rows - ShardDatabase.BatchSize, await ManyRows.WriteAsync(database, () => { }));
    }

    /// <summary>In another order than that of the rows.</summary>
    private static void Compare(ShardDatabase database)
    {
        database.BeginListing();
        var numbers = Enumerable.Range(0, Rows).ToArray();
        new Random(1).Shuffle(numbers);
        foreach (var page in numbers.Chunk(1000))
        {
            Assert.Empty(database.Compare([.. page.Select(n => new Listed(
                ManyRows.Id(n), $"m{n}", InstanceStatus.Running, $"10.{n / 256}.{n % 256}.1", null, "host"))]));
        }
    }

    /// <summary>No page more, for this connection alone.</summary>
    private static void Fill(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA max_page_count = 1";
        command.ExecuteNonQuery();
    }
}
