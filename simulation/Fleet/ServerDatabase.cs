using Microsoft.Data.Sqlite;

namespace Nstance.Temporal.Simulation.Fleet;

/// <summary>
/// The database of nstance's server, written as that server writes it (contract, "Local database"). The collector's worker
/// works on the same file at the same time.
/// </summary>
internal sealed class ServerDatabase : IDisposable
{
    private const int BatchSize = 500;

    internal const string Schema = """
        PRAGMA journal_mode = WAL;
        CREATE TABLE IF NOT EXISTS instances (
          id TEXT PRIMARY KEY NOT NULL, tenant TEXT NOT NULL, group_key TEXT, on_demand INTEGER DEFAULT 0,
          provider_id TEXT, provider_at DATETIME, hostname TEXT, fqdn TEXT, ip4 TEXT, ip6 TEXT,
          provider_state TEXT, nonce TEXT NOT NULL UNIQUE,
          issued_at DATETIME, instance_pub TEXT, registered_at DATETIME, certificates_at DATETIME,
          health_at DATETIME, health TEXT, infra_config_hash TEXT, drain_started_at DATETIME, drain_acked_at DATETIME,
          created_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP, updated_at DATETIME, deleted_at DATETIME);
        CREATE TABLE IF NOT EXISTS public_keys (
          id INTEGER PRIMARY KEY AUTOINCREMENT, instance_id TEXT NOT NULL, filename TEXT NOT NULL,
          public_key_pem TEXT NOT NULL, certificate_name TEXT, submitted_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
          processed_at DATETIME, certificate_serial TEXT, certificate_issued_at DATETIME,
          created_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP, updated_at DATETIME,
          FOREIGN KEY (instance_id) REFERENCES instances (id), UNIQUE (instance_id, filename));
        CREATE TABLE IF NOT EXISTS lb_instances (lb_key TEXT NOT NULL, instance_id TEXT NOT NULL, status TEXT NOT NULL,
          updated_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
          FOREIGN KEY (instance_id) REFERENCES instances (id), PRIMARY KEY (lb_key, instance_id));
        CREATE UNIQUE INDEX IF NOT EXISTS idx_instances_nonce ON instances (nonce);
        CREATE INDEX IF NOT EXISTS idx_instances_tenant ON instances (tenant);
        CREATE INDEX IF NOT EXISTS idx_instances_tenant_group ON instances (tenant, group_key);
        CREATE INDEX IF NOT EXISTS idx_instances_registered_at ON instances (registered_at);
        CREATE INDEX IF NOT EXISTS idx_instances_updated_at ON instances (updated_at);
        CREATE INDEX IF NOT EXISTS idx_instances_deleted_at ON instances (deleted_at);
        CREATE INDEX IF NOT EXISTS idx_instances_provider_id ON instances (provider_id);
        CREATE INDEX IF NOT EXISTS idx_instances_provider_at ON instances (provider_at);
        """;

    private const string InsertRow = """
        INSERT INTO instances (id, tenant, group_key, provider_id, nonce, issued_at, registered_at, health_at, created_at,
          updated_at, deleted_at, provider_state)
        VALUES ($id, $tenant, $group, $provider, $nonce, $issued, $registered, $health, $issued, $issued, $deleted, $state)
        """;

    private readonly SqliteConnection _connection;

    public ServerDatabase(string path)
    {
        _connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = path,
            ForeignKeys = true,
            DefaultTimeout = 30,
        }.ToString());
        _connection.Open();
        using var command = _connection.CreateCommand();
        command.CommandText = Schema;
        command.ExecuteNonQuery();
    }

    public void Insert(IEnumerable<Member> members, DateTimeOffset now) => EachInBatches(members, InsertRow, (command, m) =>
    {
        Set(command, "$id", m.Id.ToString());
        Set(command, "$tenant", m.Tenant);
        Set(command, "$group", m.Group);
        Set(command, "$provider", m.Fate is Fate.LostAnswer ? null : m.ProviderId);
        Set(command, "$nonce", $"jwt-of-{m.Id}");
        Set(command, "$issued", Text(m.IssuedAt));
        Set(command, "$registered", Text(m.RegisteredAt));
        Set(command, "$health", m.RegisteredAt is null ? null : Text(m.Fate is Fate.Silent ? m.RegisteredAt : now));
        Set(command, "$deleted", m.Fate is Fate.Expired ? Text(m.GarbageSince) : null);
        Set(command, "$state", m.ProviderId is null ? null : """{"status": "running"}""");
    });

    /// <summary>The cloud's answer to a create call arrived.</summary>
    public void SetProvider(Member member, DateTimeOffset now) => EachInBatches(
        [member], "UPDATE instances SET provider_id = $provider, provider_at = $now, updated_at = $now WHERE id = $id",
        (command, m) =>
        {
            Set(command, "$id", m.Id.ToString());
            Set(command, "$provider", m.ProviderId);
            Set(command, "$now", Text(now));
        });

    public void Register(IEnumerable<Member> members) => EachInBatches(
        members, "UPDATE instances SET registered_at = $at, health_at = $at, updated_at = $at WHERE id = $id AND deleted_at IS NULL",
        (command, m) =>
        {
            Set(command, "$id", m.Id.ToString());
            Set(command, "$at", Text(m.RegisteredAt));
        });

    /// <summary>Agents report.</summary>
    public void Report(IEnumerable<Member> members, DateTimeOffset now) => EachInBatches(
        members, "UPDATE instances SET health_at = $now WHERE id = $id", (command, m) =>
        {
            Set(command, "$id", m.Id.ToString());
            Set(command, "$now", Text(now));
        });

    /// <summary>Ids of all rows.</summary>
    public IReadOnlySet<string> Ids(bool live)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = live ? "SELECT id FROM instances WHERE deleted_at IS NULL" : "SELECT id FROM instances";
        using var reader = command.ExecuteReader();
        var ids = new HashSet<string>(StringComparer.Ordinal);
        while (reader.Read()) ids.Add(reader.GetString(0));
        return ids;
    }

    public void Dispose() => _connection.Dispose();

    private void EachInBatches(IEnumerable<Member> members, string sql, Action<SqliteCommand, Member> bind)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
        foreach (var batch in members.Chunk(BatchSize))
        {
            using var transaction = _connection.BeginTransaction();
            command.Transaction = transaction;
            foreach (var member in batch)
            {
                bind(command, member);
                command.ExecuteNonQuery();
            }

            transaction.Commit();
        }
    }

    private static void Set(SqliteCommand command, string name, string? value)
    {
        if (command.Parameters.Contains(name)) command.Parameters[name].Value = value ?? (object)DBNull.Value;
        else command.Parameters.AddWithValue(name, value ?? (object)DBNull.Value);
    }

    // As Go's driver writes times (contract, "Local database").
    private static string? Text(DateTimeOffset? time) => time?.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss.fffffff'+00:00'");
}
