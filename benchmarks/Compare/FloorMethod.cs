using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Benchmarks.Fleet;
using Nstance.Temporal.Simulation.Nstance;

namespace Nstance.Temporal.Benchmarks.Compare;

/// <summary>
/// The least that SQLite and the calls allow, without a check or an audit: no evidence is judged, each write is one
/// prepared statement in one transaction, pages are read one after the other, and each record is one GET.
/// </summary>
internal sealed class FloorMethod(MeasuredFleet fleet, Calls calls, string path, string folder) : IMethod
{
    private const int PageSize = 1000;

    private readonly Sql _file = new(path);

    private string Now => NstanceDatabase.Text(fleet.AsOf);

    public async Task PrepareAsync()
    {
        Create(_file, Schema.Collector);
        await SyncAsync();
    }

    public void ChangeAll() => _file.Run("UPDATE gc_machines SET status = 'pending'");

    public async Task<int> SyncAsync()
    {
        var known = _file.Read("SELECT provider_id, status FROM gc_machines")
            .ToDictionary(row => row.GetString(0), row => row.GetString(1), StringComparer.Ordinal);
        var changed = new List<CloudInstance>();
        var listed = 0;
        foreach (var page in fleet.Machines.Chunk(PageSize))
        {
            await calls.MakeAsync(Calls.Describe, default);
            listed += page.Length;
            changed.AddRange(page.Select(number => fleet.Instance(number, fleet.Shard))
                .Where(machine => known.GetValueOrDefault(machine.ProviderId) != machine.State));
        }

        changed.Sort((one, other) => string.CompareOrdinal(one.ProviderId, other.ProviderId));
        _file.Transaction(() =>
        {
            foreach (var machine in changed.Where(machine => known.ContainsKey(machine.ProviderId)))
            {
                _file.Run(
                    "UPDATE gc_machines SET status = $1 WHERE provider_id = $0", machine.ProviderId, machine.State);
            }

            foreach (var machine in changed.Where(machine => !known.ContainsKey(machine.ProviderId)))
            {
                _file.Run(
                    """
                    INSERT INTO gc_machines (provider_id, instance_id, group_key, status, launched_ms, first_seen_at)
                    VALUES ($0, $1, $2, $3, $4, $5)
                    """,
                    machine.ProviderId, machine.InstanceId, machine.Group, machine.State,
                    machine.LaunchTime?.ToUnixTimeMilliseconds(), Now);
            }
        });
        return listed;
    }

    public async Task<int> CollectAsync()
    {
        var late = NstanceDatabase.Text(fleet.AsOf - new ShardTimings().RegistrationTimeout);
        var machines = _file.Column("""
            SELECT i.id FROM gc_machines AS m CROSS JOIN instances AS i ON i.id = m.instance_id
            WHERE m.status IN ('stopping', 'stopped') AND i.deleted_at IS NULL
            """);
        machines.AddRange(_file.Column("""
            SELECT id FROM instances
            WHERE registered_at IS NULL AND issued_at < $0 AND provider_id IS NOT NULL AND +deleted_at IS NULL
            """, late));
        var preInserts = _file.Column("""
            SELECT id FROM instances
            WHERE registered_at IS NULL AND issued_at < $0 AND provider_id IS NULL AND +deleted_at IS NULL
            """, late);
        List<string> all = [.. machines, .. preInserts];
        foreach (var batch in machines.Chunk(PageSize))
        {
            await calls.MakeAsync(Calls.Describe, default);
            foreach (var id in batch) fleet.Instance(fleet.ById(id)!.Value, fleet.Shard);
        }

        await EachAsync(preInserts.Chunk(200), Calls.Describe);
        foreach (var id in all)
        {
            await calls.MakeAsync(Calls.GetRecord, default);
            Parse(fleet.ById(id)!.Value);
        }

        await EachAsync(machines.Chunk(PageSize), Calls.Terminate);
        await EachAsync(all.Chunk(PageSize), "DeleteObjects");
        _file.Transaction(() =>
        {
            foreach (var id in all)
                _file.Run("UPDATE instances SET deleted_at = $1, updated_at = $1 WHERE id = $0", id, Now);
        });
        return all.Count;
    }

    public Task<int> ScanHealthAsync() => Task.FromResult(_file.Column(
        """
        SELECT id FROM instances
        WHERE +deleted_at IS NULL AND +registered_at IS NOT NULL AND coalesce(health_at, registered_at) < $0
        """,
        NstanceDatabase.Text(fleet.AsOf - new ShardTimings().HealthCheckInterval)).Count);

    public async Task<int> PurgeAsync()
    {
        var expired = _file.Column(
            "SELECT id FROM instances WHERE deleted_at > '' AND deleted_at < $0",
            NstanceDatabase.Text(fleet.AsOf - new ShardTimings().DeletedRecordRetention));
        await EachAsync(expired.Chunk(PageSize), "DeleteObjects");
        _file.Transaction(() =>
        {
            foreach (var id in expired)
            {
                _file.Run("DELETE FROM public_keys WHERE instance_id = $0", id);
                _file.Run("DELETE FROM lb_instances WHERE instance_id = $0", id);
                _file.Run("DELETE FROM instances WHERE id = $0", id);
            }
        });
        return expired.Count;
    }

    public async Task<int> RebuildAsync()
    {
        using var file = new Sql(Path.Combine(folder, "rebuilt.db"));
        Create(file, Schema.Nstance);
        Create(file, Schema.Collector);
        var read = 0;
        file.Run("BEGIN IMMEDIATE");
        foreach (var page in fleet.ByKey.Where(fleet.HasRecord).Chunk(PageSize))
        {
            await calls.MakeAsync("ListObjectsV2", default);
            foreach (var number in page)
            {
                await calls.MakeAsync(Calls.GetRecord, default);
                var record = Parse(number);
                var id = $"{record.InstanceId}";
                var registered = record.RegisteredAt is { } at ? NstanceDatabase.Text(at) : null;
                file.Run(
                    """
                    INSERT INTO instances (id, tenant, group_key, provider_id, issued_at, registered_at, created_at)
                    VALUES ($0, $1, $2, $3, $4, $5, $4)
                    """,
                    id, record.Tenant, record.Group, record.ProviderId, NstanceDatabase.Text(record.CreatedAt),
                    registered);
                file.Run(
                    """
                    INSERT INTO gc_records (instance_id, etag, tenant, group_key, provider_id, status, registered_at,
                      first_read_at)
                    VALUES ($0, $1, $2, $3, $4, $5, $6, $7)
                    """,
                    id, fleet.ETagOf(number), record.Tenant, record.Group, record.ProviderId, "running", registered,
                    Now);
                read++;
            }
        }

        file.Run("COMMIT");
        return read;
    }

    public void Dispose() => _file.Dispose();

    private static void Create(Sql file, string schema)
    {
        const StringSplitOptions Clean = StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries;
        foreach (var statement in schema.Split(';', Clean)) file.Run(statement);
    }

    private InstanceRecord Parse(int number) =>
        InstanceRecord.TryParse(fleet.Record(number), out var record, out var why)
            ? record : throw new InvalidOperationException(why);

    private async Task EachAsync<T>(IEnumerable<T> batches, string operation)
    {
        foreach (var _ in batches) await calls.MakeAsync(operation, default);
    }
}
