using System.Text;
using Microsoft.Data.Sqlite;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Simulation.Nstance;

namespace Nstance.Temporal.Benchmarks.Fleet;

/// <summary>A database as nstance's server (v2) on the host has it: its own indexes, JSON as BLOBs.</summary>
internal static class ServerDatabase
{
    public static void Create(string path, MeasuredFleet fleet)
    {
        using var connection = Connect(path);
        Run(connection, "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF");
        Run(connection, NstanceSchema.Of(NstanceGeneration.V2, hasUnknownColumns: false));
        using (var transaction = connection.BeginTransaction())
        using (var insert = connection.CreateCommand())
        {
            insert.CommandText = """
                INSERT INTO instances (id, tenant, group_key, on_demand, subnet_id, provider_id, provider_at, provider_state, nonce,
                  issued_at, registered_at, health_at, health, infra_config_hash, created_at, updated_at, deleted_at)
                VALUES ($id, $tenant, $group, 1, 'subnet-1', $provider, $created, $state, $nonce, $created, $registered, $health,
                  CAST('{"count":7}' AS BLOB), 'hhhhhhhh', $created, $created, $deleted)
                """;
            foreach (var name in new[] { "$id", "$tenant", "$group", "$provider", "$state", "$nonce", "$created", "$registered", "$health", "$deleted" })
                insert.Parameters.Add(new SqliteParameter(name, null));
            foreach (var member in fleet.Members.OrderBy(m => m.CreatedAt))
            {
                var (id, provider) = (member.Id.ToString(), member.Part == Part.PreInsert ? null : member.ProviderId);
                object?[] values =
                [
                    id, member.Tenant, member.Group, provider,
                    provider is null ? null : Encoding.UTF8.GetBytes($$"""{"instance_id": "{{id}}", "provider_instance_id": "{{provider}}", "status": "pending", "cluster_id": "{{fleet.Shard.Cluster}}", "shard": "{{fleet.Shard.Shard}}"}"""),
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

    /// <summary>Every machine is another than the last listing said.</summary>
    public static void ChangeAll(string path)
    {
        using var connection = Connect(path);
        Run(connection, "UPDATE gc_machines SET status = 'pending'");
    }

    /// <summary>nstance's own work: heartbeats, each of another instance, in transactions of 500.</summary>
    public static void Heartbeats(string path, int count, MeasuredFleet fleet)
    {
        using var connection = Connect(path);
        Run(connection, "PRAGMA synchronous = NORMAL");
        using var beat = connection.CreateCommand();
        beat.CommandText = "UPDATE instances SET health_at = $at, health = $health, updated_at = $at WHERE id = $id";
        beat.Parameters.Add(new SqliteParameter("$at", GoTime.Format(fleet.AsOf.AddSeconds(1))));
        beat.Parameters.Add(new SqliteParameter("$health", "{\"count\":8}"u8.ToArray()));
        var id = beat.Parameters.Add(new SqliteParameter("$id", null));
        var random = new Random(7);
        foreach (var batch in Enumerable.Range(0, count).Chunk(500))
        {
            using var transaction = connection.BeginTransaction();
            beat.Transaction = transaction;
            foreach (var _ in batch)
            {
                id.Value = fleet.Members[random.Next(fleet.Members.Length)].Id.ToString();
                beat.ExecuteNonQuery();
            }

            transaction.Commit();
        }
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
