using Microsoft.Data.Sqlite;
using Nstance.Temporal.Activities.LocalDb;
using Nstance.Temporal.Workflows.Contracts;

namespace Nstance.Temporal.Tests.Support;

/// <summary>A database of rows <c>i000000</c> with machine <c>m0</c> and so on, in a folder of its own.</summary>
internal sealed class ManyRows : IDisposable
{
    public static readonly ShardRef Shard = new("c1", "s1", "bucket");
    public static readonly DateTimeOffset At = new(2026, 11, 23, 18, 0, 0, TimeSpan.Zero);

    public string Folder { get; } = Directory.CreateTempSubdirectory("nstance-rows-").FullName;

    public string Path => System.IO.Path.Combine(Folder, "own.db");

    /// <summary>Connections of the collector, in the order of their opening.</summary>
    public List<SqliteConnection> Opened { get; } = [];

    public static string Id(int n) => $"i{n:D6}";

    /// <summary>What stands for a page of the listing: the row's machine.</summary>
    public static Listed Listed(int n, Activities.Domain.InstanceStatus status) => new(Id(n), $"m{n}", status, null, null, null);

    /// <summary>Writes what was noted.</summary>
    public static Task<int> WriteAsync(ShardDatabase database, Action? progress = null) =>
        new NotedWriter(database, Shard, At).WriteAsync(progress ?? (() => { }));

    public ShardDatabase Open(int rows, string status = "running", string journal = "wal", Action<SqliteConnection>? opened = null)
    {
        ShardDatabase.Open(Path, Shard, own: true).Dispose();
        Run($"PRAGMA journal_mode = {journal}");
        Run($$"""
            WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {{rows - 1}})
            INSERT INTO instances (id, tenant, nonce, provider_id, provider_state)
            SELECT printf('i%06d', i), 't', 'n' || i, 'm' || i, '{"status":"{{status}}"}' FROM n
            """);
        return ShardDatabase.Open(Path, Shard, own: true, connection =>
        {
            Opened.Add(connection);
            opened?.Invoke(connection);
        });
    }

    /// <summary>As nstance's server would.</summary>
    public void Run(string sql) => Run(Path, sql);

    public static void Run(string path, string sql)
    {
        using var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
