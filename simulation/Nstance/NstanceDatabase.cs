using System.Text;
using Microsoft.Data.Sqlite;

namespace Nstance.Temporal.Simulation.Nstance;

/// <summary>
/// nstance's database of a shard, written as Go's driver writes it: times with nine digits, JSON as BLOBs.
/// The collector's worker uses the same file at the same time.
/// </summary>
internal sealed class NstanceDatabase : IDisposable
{
    private const int BatchSize = 500;

    private static readonly byte[] Health = "{\"count\":7}"u8.ToArray();

    private readonly SqliteConnection _connection;
    private readonly string _insert;

    /// <summary>Opens a file, creates what it lacks.</summary>
    /// <param name="path">The file, or <c>:memory:</c>.</param>
    /// <param name="generation">The generation that creates the tables.</param>
    /// <param name="hasUnknownColumns">True: with columns that a later version might add.</param>
    public NstanceDatabase(string path, NstanceGeneration generation, bool hasUnknownColumns = false)
    {
        var isV2 = generation is NstanceGeneration.V2;
        _insert = $"""
            INSERT INTO instances (id, tenant, group_key, on_demand, provider_id, provider_at, provider_state,
              nonce, issued_at, registered_at, health_at, health, infra_config_hash,
              created_at, updated_at, deleted_at{(isV2 ? ", subnet_id" : "")})
            VALUES ($id, $tenant, $group, $demand, $provider, iif($provider IS NULL, NULL, $issued), $state,
              $nonce, $issued, $registered, $healthAt, $health, $hash,
              $issued, $issued, $deleted{(isV2 ? ", 'subnet-1'" : "")})
            """;
        _connection = new($"Data Source={path};Foreign Keys=True;Pooling=False;Default Timeout=30");
        _connection.Open();
        Run(NstanceSchema.Of(generation, hasUnknownColumns));
    }

    /// <summary>Returns a time as Go's driver writes it. A tick has seven digits; the last two are made up.</summary>
    public static string Text(DateTimeOffset time) => $"{time.UtcDateTime:yyyy-MM-dd HH:mm:ss.fffffff}89+00:00";

    /// <summary>Inserts rows: pending ones before the cloud call, whole ones as after a rebuild.</summary>
    public void Insert(params IReadOnlyCollection<NstanceInstance> instances)
    {
        Each(_insert, instances, i =>
        [
            ("$id", i.Id), ("$tenant", i.Tenant), ("$group", i.Group), ("$demand", i.OnDemand),
            ("$provider", i.ProviderId),
            ("$state", i.ProviderId is null ? null : State(i.Id, i.ProviderId, i.Status)),
            ("$nonce", i.Nonce), ("$issued", i.IssuedAt), ("$registered", i.RegisteredAt),
            ("$healthAt", i.HealthAt), ("$health", i.HealthAt is null ? null : Health),
            ("$hash", i.InfraConfigHash), ("$deleted", i.DeletedAt),
        ]);
        InsertKeys(instances.Where(i => i.RegisteredAt is not null).Select(i => i.Id));
    }

    /// <summary>The answer to the create call arrived.</summary>
    public void SetProvider(string id, string providerId, DateTimeOffset now) => Run(
        """
        UPDATE instances SET provider_id = $provider, provider_at = $now, provider_state = $state, updated_at = $now
        WHERE id = $id
        """,
        ("$id", id), ("$provider", providerId), ("$state", State(id, providerId, "pending")), ("$now", now));

    /// <summary>Agents register.</summary>
    public void Register(IReadOnlyCollection<string> ids, DateTimeOffset now)
    {
        Each(
            """
            UPDATE instances SET registered_at = $now, health_at = $now, health = $health, updated_at = $now
            WHERE id = $id
            """, ids, id => [("$id", id), ("$now", now), ("$health", Health)]);
        InsertKeys(ids);
    }

    /// <summary>Agents report their health.</summary>
    public void Report(IEnumerable<(string Id, DateTimeOffset At)> reports) => Each(
        "UPDATE instances SET health_at = $at, health = $health WHERE id = $id", reports,
        report => [("$id", report.Id), ("$at", report.At), ("$health", Health)]);

    /// <summary>Writes what the cloud says of a machine, as nstance does when it checks an instance.</summary>
    public void SetStatus(string id, string providerId, string status) => SetState(id, State(id, providerId, status));

    /// <summary>Overwrites <c>provider_state</c>, also with what is not JSON.</summary>
    public void SetState(string id, byte[] state) =>
        Run("UPDATE instances SET provider_state = $state WHERE id = $id", ("$id", id), ("$state", state));

    public void MarkDeleted(string id, DateTimeOffset now) => Run(
        "UPDATE instances SET deleted_at = $now, updated_at = $now WHERE id = $id", ("$id", id), ("$now", now));

    /// <summary>Resets every report, as a new leader does.</summary>
    public void Elect() => Run("UPDATE instances SET health_at = NULL");

    /// <summary>
    /// Rebuilds the database from the records, as a new leader does. Each record gets an unmarked row, a row without a
    /// record is marked, and every report is reset.
    /// </summary>
    public void Rebuild(IReadOnlyCollection<NstanceInstance> recorded, DateTimeOffset now)
    {
        Elect();
        Each(
            """
            UPDATE instances SET provider_id = coalesce($provider, provider_id), registered_at = $registered,
              issued_at = $issued, created_at = $issued, updated_at = $now, deleted_at = NULL
            WHERE id = $id
            """, recorded, i =>
            [
                ("$id", i.Id), ("$provider", i.ProviderId), ("$registered", i.RegisteredAt),
                ("$issued", i.IssuedAt), ("$now", now),
            ]);
        var known = Ids();
        Insert([.. recorded.Where(i => !known.Contains(i.Id))]);
        var ids = recorded.Select(i => i.Id).ToHashSet(StringComparer.Ordinal);
        foreach (var row in Live().Where(row => !ids.Contains(row.Id))) MarkDeleted(row.Id, now);
    }

    /// <summary>Returns one time of a row as it is written; null: it has none.</summary>
    public string? TimeOf(string id, string column) =>
        Query($"SELECT {column} FROM instances WHERE id = $id", row => Text(row, 0), ("$id", id)).FirstOrDefault();

    /// <summary>Writes one time of a row, unless it is another by now than was read.</summary>
    public void SetTime(string id, string column, string? from, string? to) => Run(
        $"UPDATE instances SET {column} = $to WHERE id = $id AND {column} IS $from",
        ("$id", id), ("$from", from), ("$to", to));

    /// <summary>nstance's own purge, children first.</summary>
    public void Purge(DateTimeOffset deletedBefore) => Run(
        """
        DELETE FROM public_keys WHERE instance_id IN (SELECT id FROM instances WHERE deleted_at < $before);
        DELETE FROM lb_instances WHERE instance_id IN (SELECT id FROM instances WHERE deleted_at < $before);
        DELETE FROM instances WHERE deleted_at < $before;
        """, ("$before", deletedBefore));

    /// <summary>Returns the ids of all rows.</summary>
    public IReadOnlySet<string> Ids() => Query("SELECT id FROM instances", row => row.GetString(0)).ToHashSet();

    /// <summary>Returns the rows that are not marked, oldest first.</summary>
    public IReadOnlyList<NstanceRow> Live() => Query(
        """
        SELECT id, tenant, group_key, on_demand, provider_id, CAST(provider_state AS TEXT),
          registered_at IS NOT NULL, CAST(issued_at AS TEXT), infra_config_hash
        FROM instances WHERE deleted_at IS NULL ORDER BY created_at, id
        """,
        row => new NstanceRow(
            row.GetString(0), row.GetString(1), Text(row, 2), !row.IsDBNull(3) && row.GetBoolean(3),
            Text(row, 4), Text(row, 5), row.GetBoolean(6), Text(row, 7), Text(row, 8)));

    /// <summary>Runs a statement that is not nstance's own, such as a pragma.</summary>
    public void Run(string sql, params (string Name, object? Value)[] values)
    {
        using var command = Command(sql);
        Bind(command, values);
        command.ExecuteNonQuery();
    }

    public void Dispose() => _connection.Dispose();

    private static byte[] State(string id, string providerId, string status) => Encoding.UTF8.GetBytes(
        $$"""{"instance_id": "{{id}}", "provider_instance_id": "{{providerId}}", "status": "{{status}}"}""");

    private void InsertKeys(IEnumerable<string> ids) => Each(
        """
        INSERT OR IGNORE INTO public_keys (instance_id, filename, public_key_pem)
        SELECT id, 'kubelet.pub', 'PEM' FROM instances WHERE id = $id
        """, ids, id => [("$id", id)]);

    private void Each<T>(string sql, IEnumerable<T> items, Func<T, (string Name, object? Value)[]> values)
    {
        using var command = Command(sql);
        foreach (var batch in items.Chunk(BatchSize))
        {
            using var transaction = _connection.BeginTransaction();
            command.Transaction = transaction;
            foreach (var item in batch)
            {
                Bind(command, values(item));
                command.ExecuteNonQuery();
            }

            transaction.Commit();
        }
    }

    private List<T> Query<T>(
        string sql, Func<SqliteDataReader, T> read, params (string Name, object? Value)[] values)
    {
        using var command = Command(sql);
        Bind(command, values);
        using var reader = command.ExecuteReader();
        var rows = new List<T>();
        while (reader.Read()) rows.Add(read(reader));
        return rows;
    }

    private static string? Text(SqliteDataReader row, int column) =>
        row.IsDBNull(column) ? null : row.GetString(column);

    private SqliteCommand Command(string sql)
    {
        var command = _connection.CreateCommand();
        command.CommandText = sql;
        return command;
    }

    private static void Bind(SqliteCommand command, (string Name, object? Value)[] values)
    {
        command.Parameters.Clear();
        foreach (var (name, value) in values)
            command.Parameters.AddWithValue(name, value is DateTimeOffset at ? Text(at) : value ?? DBNull.Value);
    }
}
