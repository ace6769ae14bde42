using Microsoft.Data.Sqlite;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Database;

namespace Nstance.Temporal.Benchmarks.Fleet;

/// <summary>A database as nstance's server on the host would have it, with the server's own indexes: they cost each write too.</summary>
internal static class ServerDatabase
{
    private const string Indexes = """
        CREATE UNIQUE INDEX idx_instances_nonce ON instances (nonce);
        CREATE INDEX idx_instances_tenant ON instances (tenant);
        CREATE INDEX idx_instances_tenant_group ON instances (tenant, group_key);
        CREATE INDEX idx_instances_registered_at ON instances (registered_at);
        CREATE INDEX idx_instances_updated_at ON instances (updated_at);
        CREATE INDEX idx_instances_deleted_at ON instances (deleted_at);
        CREATE INDEX idx_instances_provider_id ON instances (provider_id);
        CREATE INDEX idx_instances_provider_at ON instances (provider_at);
        """;

    /// <summary>Every row is a little behind the cloud, so that a first sync must write each.</summary>
    public static void Create(string path, MeasuredFleet fleet)
    {
        using var connection = Connect(path);
        Run(connection, "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF");
        Run(connection, Schema.Nstance);
        Run(connection, Indexes);
        using (var transaction = connection.BeginTransaction())
        using (var insert = connection.CreateCommand())
        {
            insert.CommandText = """
                INSERT INTO instances (id, tenant, group_key, on_demand, provider_id, provider_at, provider_state, nonce,
                  issued_at, registered_at, health_at, created_at, updated_at, deleted_at)
                VALUES ($id, $tenant, $group, 1, $provider, $created, $state, $nonce, $created, $registered, $health, $created, $created, $deleted)
                """;
            foreach (var name in new[] { "$id", "$tenant", "$group", "$provider", "$state", "$nonce", "$created", "$registered", "$health", "$deleted" })
                insert.Parameters.Add(new SqliteParameter(name, null));
            foreach (var member in fleet.Members.OrderBy(m => m.CreatedAt))
            {
                var (id, provider) = (member.Id.ToString(), member.Part == Part.PreInsert ? null : member.ProviderId);
                object?[] values =
                [
                    id, member.Tenant, member.Group, provider,
                    provider is null ? null : $$"""{"instance_id": "{{id}}", "provider_instance_id": "{{provider}}", "status": "pending", "cluster_id": "{{fleet.Shard.Cluster}}", "shard": "{{fleet.Shard.Shard}}"}""",
                    $"eyJhbGciOiJFZERTQSJ9.{id}.{Convert.ToBase64String(new byte[180])}",
                    GoTime.Format(member.CreatedAt),
                    member.IsRegistered ? GoTime.Format(member.CreatedAt.AddMinutes(1)) : null,
                    Health(member, fleet.AsOf),
                    member.Part == Part.Deleted ? GoTime.Format(fleet.AsOf.AddHours(-2)) : null,
                ];
                for (var i = 0; i < values.Length; i++) insert.Parameters[i].Value = values[i] ?? DBNull.Value;
                insert.ExecuteNonQuery();
            }

            transaction.Commit();
        }

        Run(connection, "PRAGMA wal_checkpoint(TRUNCATE)");
    }

    /// <summary>The server's own connection, open for as long as it runs: the collector's is not the last, so its closing tidies nothing.</summary>
    public static IDisposable Serve(string path)
    {
        var connection = Connect(path);
        Run(connection, "SELECT count(*) FROM lb_instances"); // only a connection that has read holds the file
        return connection;
    }

    /// <summary>Every silent agent reports again, as it would to the server.</summary>
    public static void ReportAll(string path, DateTimeOffset at)
    {
        using var connection = Connect(path);
        Run(connection, $"UPDATE instances SET health_at = '{GoTime.Format(at)}' WHERE health_at < '{GoTime.Format(at.AddMinutes(-1))}'");
    }

    private static string? Health(Member member, DateTimeOffset asOf) => member.Part switch
    {
        Part.Dangling or Part.PreInsert or Part.Deleted => null,
        Part.Stale => GoTime.Format(asOf.AddMinutes(-10)),
        _ => GoTime.Format(asOf.AddSeconds(-20)),
    };

    private static SqliteConnection Connect(string path)
    {
        var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        connection.Open();
        return connection;
    }

    private static void Run(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
