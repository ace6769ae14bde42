using Microsoft.Data.Sqlite;
using Nstance.Temporal.Activities.LocalDb;
using Nstance.Temporal.Workflows.Contracts;

namespace Nstance.Temporal.Tests.LocalDb;

/// <summary>What a connection wrote, where nstance's server keeps the file open.</summary>
public sealed class ClosingTests : IDisposable
{
    private static readonly ShardRef Shard = new("c1", "s1", "bucket");

    private readonly string _folder = Directory.CreateTempSubdirectory("nstance-closing-").FullName;
    private readonly SqliteConnection _server;

    public ClosingTests()
    {
        ShardDatabase.Open(Of("own.db"), Shard, own: true).Dispose();
        _server = new SqliteConnection($"Data Source={Of("own.db")};Pooling=False");
        _server.Open();
        _server.DefaultTimeout = 1;
        Number(_server, "SELECT count(*) FROM instances");
    }

    public void Dispose()
    {
        _server.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Dispose_ManyRowsWritten_TheyAreBroughtIntoTheFileForTheServer()
    {
        var database = Write(lines: ShardDatabase.BatchSize);

        database.Dispose();
        await database.Closed;

        Assert.Equal(ShardDatabase.BatchSize, WithoutWal());
    }

    [Fact]
    public void Dispose_ManyRowsWritten_NeitherReadersNorWritersWaitForThat()
    {
        var database = Write(lines: 5 * ShardDatabase.BatchSize);

        database.Dispose();
        using var next = ShardDatabase.Open(Of("own.db"), Shard, own: true);
        next.SetMeta("a", "b");
        Number(_server, "UPDATE gc_meta SET value = 'c' WHERE key = 'a' RETURNING 1");

        Assert.Equal("c", next.GetMeta("a"));
        Assert.Equal(5 * ShardDatabase.BatchSize, Number(_server, "SELECT count(*) FROM gc_audit"));
    }

    /// <summary>The last connection locks the file while it takes the WAL away.</summary>
    [Fact]
    public async Task Dispose_ManyRowsWrittenAndNobodyElseThere_TheNextOpensAtOnceAndFindsThemAll()
    {
        _server.Dispose();
        for (var round = 1; round <= 25; round++)
        {
            var database = Write(lines: ShardDatabase.BatchSize);
            database.Dispose();
            using (var next = ShardDatabase.Open(Of("own.db"), Shard, own: true))
            {
                next.SetMeta("round", $"{round}");
                var waiting = next.WaitingAudit(2 * ShardDatabase.BatchSize);
                Assert.Equal(ShardDatabase.BatchSize, waiting.Count);
                next.RemoveAudit(waiting);
            }

            await database.Closed;
        }
    }

    /// <summary>Each time it waits for the disk; a commit of the server's own brings little as quickly.</summary>
    [Fact]
    public void Dispose_FewRowsWritten_TheyStayInTheWal()
    {
        var database = Write(lines: 10);

        database.Dispose();

        Assert.True(database.Closed.IsCompletedSuccessfully);
        Assert.Equal(10, Number(_server, "SELECT count(*) FROM gc_audit"));
        Assert.Equal(0, WithoutWal());
    }

    private ShardDatabase Write(int lines)
    {
        var database = ShardDatabase.Open(Of("own.db"), Shard, own: true);
        database.AddAudit([.. Enumerable.Range(0, lines).Select(n => new AuditLine($"{n}", "line"))]);
        return database;
    }

    /// <summary>Lines that the file holds, if the power failed now and took the WAL away.</summary>
    private long WithoutWal()
    {
        File.Copy(Of("own.db"), Of("copy.db"), overwrite: true);
        using var copy = new SqliteConnection($"Data Source={Of("copy.db")};Pooling=False");
        copy.Open();
        return Number(copy, "SELECT count(*) FROM gc_audit");
    }

    private string Of(string name) => Path.Combine(_folder, name);

    private static long Number(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return (long)command.ExecuteScalar()!;
    }
}
