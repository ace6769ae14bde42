using System.Data;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.LocalDb;
using Nstance.Temporal.Tests.Support;
using SQLitePCL;

namespace Nstance.Temporal.Tests.LocalDb;

/// <summary>When rows are read ahead, what else is looked for beside a listing, and how that ends.</summary>
public sealed class RowsAheadReadingTests : IDisposable
{
    private readonly ManyRows _rows = new();

    public void Dispose() => _rows.Dispose();

    [Theory]
    [InlineData(ShardDatabase.UsuallyMany - 1, "wal", false)]
    [InlineData(ShardDatabase.UsuallyMany, "wal", true)]
    [InlineData(ShardDatabase.UsuallyMany, "delete", false)]
    public async Task Begin_ManyRowsInAWal_AreReadOnAnotherConnection(int rows, string journal, bool isRead)
    {
        using var database = _rows.Open(rows, journal: journal);

        await using var ahead = await RowsAhead.BeginAsync(database, database.CountLive(), 10);
        await ahead.ReadAsync();

        Assert.Equal(isRead ? rows : null, ahead.Rows?.Count);
        Assert.Equal(isRead ? 2 : 1, _rows.Opened.Count);
    }

    [Fact]
    public async Task Begin_RowsThatCannotBeUnderstood_AreToldAsByLookingForThem()
    {
        using var database = _rows.Open(ShardDatabase.UsuallyMany);
        _rows.Run("UPDATE instances SET issued_at = 'no time' WHERE id IN ('i000001', 'i000003')");

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
        using var database = _rows.Open(ShardDatabase.UsuallyMany, opened: connection =>
        {
            // The second of them is interrupted at its first step of some length.
            if (_rows.Opened.Count == 2) raw.sqlite3_progress_handler(connection.Handle!, 1000, _ => 1, null);
        });

        await using var ahead = await RowsAhead.BeginAsync(database, database.CountLive(), 10);
        await Assert.ThrowsAsync<LocalDbException>(ahead.ReadAsync);

        Assert.Null(ahead.Rows);
        database.BeginListing();
        Assert.Empty(database.Compare([ManyRows.Listed(1, InstanceStatus.Stopped)], ahead.Rows));
        Assert.Equal(1, database.TakeNoted().Count);
    }

    [Fact]
    public async Task Dispose_WhileRowsAreRead_EndsThat()
    {
        var token = TestContext.Current.CancellationToken;
        using var reads = new ManualResetEventSlim();
        using var goesOn = new ManualResetEventSlim();
        using var database = _rows.Open(ShardDatabase.UsuallyMany, opened: connection =>
        {
            if (_rows.Opened.Count == 2) raw.sqlite3_progress_handler(connection.Handle!, 1000, _ => { reads.Set(); goesOn.Wait(token); return 0; }, null);
        });

        var ahead = await RowsAhead.BeginAsync(database, database.CountLive(), 10);
        reads.Wait(token);
        var disposing = ahead.DisposeAsync();
        goesOn.Set();
        await disposing;

        await Assert.ThrowsAsync<OperationCanceledException>(ahead.ReadAsync);
        Assert.Null(ahead.Unreadable);
        Assert.Equal(ConnectionState.Closed, _rows.Opened[1].State);
    }
}
