using System.Text;

namespace Nstance.Temporal.Simulation.Nstance;

/// <summary>
/// nstance's database of a shard, written as Go's driver writes it: times with nine digits, JSON as BLOBs.
/// The collector's worker uses the same file at the same time.
/// </summary>
internal sealed class NstanceDatabase : IDisposable
{
    private static readonly byte[] Health = "{\"count\":7}"u8.ToArray();

    private readonly SqliteFile _file;
    private readonly string _insert;

    /// <summary>Opens a file, or <c>:memory:</c>, and creates what it lacks.</summary>
    public NstanceDatabase(string path, NstanceGeneration generation, bool hasUnknownColumns = false)
    {
        var (column, subnet) = generation is NstanceGeneration.V2 ? (", subnet_id", ", 'subnet-1'") : ("", "");
        _insert = $"""
            INSERT INTO instances (id, tenant, group_key, on_demand, provider_id, provider_at, provider_state,
              nonce, issued_at, registered_at, health_at, health, infra_config_hash,
              created_at, updated_at, deleted_at{column})
            VALUES ($0, $1, $2, $3, $4, iif($4 IS NULL, NULL, $7), $5, $6, $7, $8, $9, $10, $11, $7, $7, $12{subnet})
            """;
        _file = new(path, "Foreign Keys=True");
        _file.Run(NstanceSchema.Of(generation, hasUnknownColumns));
    }

    /// <summary>Returns a time as Go's driver writes it. A tick has seven digits; the last two are made up.</summary>
    public static string Text(DateTimeOffset time) => $"{time.UtcDateTime:yyyy-MM-dd HH:mm:ss.fffffff}89+00:00";

    /// <summary>Inserts rows: pending ones before the cloud call, whole ones as after a rebuild.</summary>
    public void Insert(params IReadOnlyCollection<NstanceInstance> instances)
    {
        _file.InTransaction(instances, i => Run(
            _insert, i.Id, i.Tenant, i.Group, i.OnDemand, i.ProviderId,
            i.ProviderId is null ? null : State(i.Id, i.ProviderId, i.Status), i.Nonce, i.IssuedAt, i.RegisteredAt,
            i.HealthAt, i.HealthAt is null ? null : Health, i.InfraConfigHash, i.DeletedAt));
        InsertKeys(instances.Where(i => i.RegisteredAt is not null).Select(i => i.Id));
    }

    /// <summary>The answer to the create call arrived.</summary>
    public void SetProvider(string id, string providerId, DateTimeOffset now) => Run(
        "UPDATE instances SET provider_id = $1, provider_at = $2, provider_state = $3, updated_at = $2 WHERE id = $0",
        id, providerId, now, State(id, providerId, "pending"));

    /// <summary>Agents register.</summary>
    public void Register(IReadOnlyCollection<string> ids, DateTimeOffset now)
    {
        _file.InTransaction(ids, id => Run(
            "UPDATE instances SET registered_at = $1, health_at = $1, health = $2, updated_at = $1 WHERE id = $0",
            id, now, Health));
        InsertKeys(ids);
    }

    /// <summary>Agents report their health.</summary>
    public void Report(IEnumerable<(string Id, DateTimeOffset At)> reports) => _file.InTransaction(reports, report =>
        Run("UPDATE instances SET health_at = $1, health = $2 WHERE id = $0", report.Id, report.At, Health));

    /// <summary>Writes what the cloud says of a machine, as nstance does when it checks an instance.</summary>
    public void SetStatus(string id, string providerId, string status) => SetState(id, State(id, providerId, status));

    /// <summary>Overwrites <c>provider_state</c>, also with what is not JSON.</summary>
    public void SetState(string id, byte[] state) =>
        Run("UPDATE instances SET provider_state = $1 WHERE id = $0", id, state);

    public void MarkDeleted(string id, DateTimeOffset now) =>
        Run("UPDATE instances SET deleted_at = $1, updated_at = $1 WHERE id = $0", id, now);

    /// <summary>Resets every report, as a new leader does.</summary>
    public void Elect() => Run("UPDATE instances SET health_at = NULL");

    /// <summary>
    /// Rebuilds the database from the records, as a new leader does. Each record gets an unmarked row, a row without a
    /// record is marked, and every report is reset.
    /// </summary>
    public void Rebuild(IReadOnlyCollection<NstanceInstance> recorded, DateTimeOffset now)
    {
        Elect();
        _file.InTransaction(recorded, i => Run(
            """
            UPDATE instances SET provider_id = coalesce($1, provider_id), registered_at = $2,
              issued_at = $3, created_at = $3, updated_at = $4, deleted_at = NULL
            WHERE id = $0
            """, i.Id, i.ProviderId, i.RegisteredAt, i.IssuedAt, now));
        var known = Ids();
        Insert([.. recorded.Where(i => !known.Contains(i.Id))]);
        var ids = recorded.Select(i => i.Id).ToHashSet(StringComparer.Ordinal);
        foreach (var row in Live().Where(row => !ids.Contains(row.Id))) MarkDeleted(row.Id, now);
    }

    /// <summary>Returns one time of a row as it is written; null: it has none.</summary>
    public string? TimeOf(string id, string column) =>
        _file.Read($"SELECT {column} FROM instances WHERE id = $0", id).Select(row => row.Text(0)).FirstOrDefault();

    /// <summary>Writes one time of a row, unless it is another by now than was read.</summary>
    public void SetTime(string id, string column, string? from, string? to) =>
        Run($"UPDATE instances SET {column} = $2 WHERE id = $0 AND {column} IS $1", id, from, to);

    /// <summary>nstance's own purge, children first.</summary>
    public void Purge(DateTimeOffset deletedBefore) => Run(
        """
        DELETE FROM public_keys WHERE instance_id IN (SELECT id FROM instances WHERE deleted_at < $0);
        DELETE FROM lb_instances WHERE instance_id IN (SELECT id FROM instances WHERE deleted_at < $0);
        DELETE FROM instances WHERE deleted_at < $0;
        """, deletedBefore);

    /// <summary>Returns the ids of all rows.</summary>
    public IReadOnlySet<string> Ids() => _file.Column("SELECT id FROM instances").ToHashSet();

    /// <summary>Returns the rows that are not marked, oldest first.</summary>
    public IReadOnlyList<NstanceRow> Live() =>
    [
        .. _file.Read("""
            SELECT id, tenant, group_key, on_demand, provider_id, CAST(provider_state AS TEXT),
              registered_at IS NOT NULL, CAST(issued_at AS TEXT), infra_config_hash
            FROM instances WHERE deleted_at IS NULL ORDER BY created_at, id
            """)
            .Select(row => new NstanceRow(
                row.GetString(0), row.GetString(1), row.Text(2), !row.IsDBNull(3) && row.GetBoolean(3),
                row.Text(4), row.Text(5), row.GetBoolean(6), row.Text(7), row.Text(8))),
    ];

    /// <summary>Runs a statement, which may be none of nstance's own, such as a pragma.</summary>
    public void Run(string sql, params object?[] values) => _file.Run(sql, values);

    public void Dispose() => _file.Dispose();

    private static byte[] State(string id, string providerId, string status) => Encoding.UTF8.GetBytes(
        $$"""{"instance_id": "{{id}}", "provider_instance_id": "{{providerId}}", "status": "{{status}}"}""");

    private void InsertKeys(IEnumerable<string> ids) => _file.InTransaction(ids, id => Run(
        """
        INSERT OR IGNORE INTO public_keys (instance_id, filename, public_key_pem)
        SELECT id, 'kubelet.pub', 'PEM' FROM instances WHERE id = $0
        """, id));
}
