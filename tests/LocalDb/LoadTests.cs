using Microsoft.Data.Sqlite;
using Nstance.Temporal.Activities.LocalDb;
using Nstance.Temporal.Workflows.Contracts;

namespace Nstance.Temporal.Tests.LocalDb;

public sealed class LoadTests : IDisposable
{
    private static readonly ShardRef Shard = new("c1", "s1", "bucket");

    private readonly string _folder = Directory.CreateTempSubdirectory("nstance-load-").FullName;

    private string DatabasePath => Path.Combine(_folder, "own.db");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void BeginLoad_CutBeforeTheEnd_NextOpeningMakesTheIndexes()
    {
        List<string> all;
        using (var cut = ShardDatabase.Open(DatabasePath, Shard, own: true))
        {
            all = Indexes();
            Assert.True(cut.BeginLoad());
        }

        Assert.Equal(all.Except(Schema.UnorderedIndexes), Indexes());
        Assert.Equal(all.Count - Schema.UnorderedIndexes.Count, Indexes().Count);

        using var next = ShardDatabase.Open(DatabasePath, Shard, own: true);
        Assert.Equal(all, Indexes());
        Assert.Empty(next.FindUnhealthy(null, 10));
    }

    [Fact]
    public void EndLoad_AfterALoad_IndexesAreThere()
    {
        using var database = ShardDatabase.Open(DatabasePath, Shard, own: true);
        var all = Indexes();
        Assert.True(database.BeginLoad());
        database.EndLoad();

        Assert.Equal(all, Indexes());
        Assert.Equal(MetaKeys.CurrentVersion, database.GetMeta(MetaKeys.SchemaVersion));
    }

    [Fact]
    public void BeginLoad_DatabaseWithRows_LeavesItsIndexes()
    {
        using var database = ShardDatabase.Open(DatabasePath, Shard, own: true);
        var all = Indexes();
        Run("INSERT INTO instances (id, tenant, nonce) VALUES ('x', 't', 'n')");

        Assert.False(database.BeginLoad());
        Assert.Equal(all, Indexes());
    }

    private void Run(string sql)
    {
        using var connection = Connect();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private List<string> Indexes()
    {
        using var connection = Connect();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = 'instances' AND name LIKE 'gc_%' ORDER BY name";
        using var reader = command.ExecuteReader();
        var names = new List<string>();
        while (reader.Read()) names.Add(reader.GetString(0));
        return names;
    }

    private SqliteConnection Connect()
    {
        var connection = new SqliteConnection($"Data Source={DatabasePath};Pooling=False");
        connection.Open();
        return connection;
    }
}
