using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Benchmarks.Fleet;
using Nstance.Temporal.Simulation.Nstance;

namespace Nstance.Temporal.Benchmarks.Compare;

/// <summary>
/// The least that SQLite and the calls allow. It has no checks and no audit. Writes are prepared statements in one
/// transaction. It reads pages in sequence, and each record with one GET.
/// </summary>
internal sealed class FloorMethod(MeasuredFleet fleet, Calls calls, string path, string folder) : IMethod
{
    private const int PageSize = 1000;

    private readonly Sql _file = new(path, cacheKiB: 8192);

    public async Task PrepareAsync()
    {
        _file.Script(Schema.Collector);
        await SyncAsync();
    }

    public void ChangeAll() => _file.Run("UPDATE gc_machines SET status = 'pending'");

    public async Task<int> SyncAsync()
    {
        var known = _file.Read("SELECT provider_id, status FROM gc_machines")
            .ToDictionary(row => row.GetString(0), row => row.GetString(1), StringComparer.Ordinal);
        var changed = new List<CloudInstance>();
        foreach (var page in fleet.Machines.Chunk(PageSize))
        {
            await calls.MakeAsync(Calls.Describe, default);
            changed.AddRange(page.Select(number => fleet.Instance(number, fleet.Shard))
                .Where(machine => known.GetValueOrDefault(machine.ProviderId) != machine.State));
        }

        changed.Sort((one, other) => string.CompareOrdinal(one.ProviderId, other.ProviderId));
        _file.Transaction(() =>
        {
            foreach (var machine in changed)
            {
                if (known.ContainsKey(machine.ProviderId))
                {
                    _file.Run(
                        "UPDATE gc_machines SET status = $1 WHERE provider_id = $0", machine.ProviderId, machine.State);
                    continue;
                }

                _file.Run(
                    """
                    INSERT INTO gc_machines (provider_id, instance_id, group_key, status, launched_ms, first_seen_at)
                    VALUES ($0, $1, $2, $3, $4, $5)
                    """,
                    machine.ProviderId, machine.InstanceId, machine.Group, machine.State,
                    machine.LaunchTime?.ToUnixTimeMilliseconds(), fleet.Now);
            }
        });
        return fleet.Machines.Length;
    }

    public async Task<int> CollectAsync()
    {
        const string Unregistered = """
            SELECT id FROM instances WHERE registered_at IS NULL AND issued_at < $0 AND +deleted_at IS NULL
            """;
        var late = NstanceDatabase.Text(fleet.AsOf - new ShardTimings().RegistrationTimeout);
        List<string> machines =
        [
            .. _file.Column("""
                SELECT i.id FROM gc_machines AS m CROSS JOIN instances AS i ON i.id = m.instance_id
                WHERE m.status IN ('stopping', 'stopped') AND i.deleted_at IS NULL
                """),
            .. _file.Column(Unregistered + " AND provider_id IS NOT NULL", late),
        ];
        var preInserts = _file.Column(Unregistered + " AND provider_id IS NULL", late);
        List<string> all = [.. machines, .. preInserts];
        await EachAsync(machines.Chunk(PageSize), Calls.Describe);
        foreach (var id in machines) fleet.Instance(fleet.ById(id)!.Value, fleet.Shard);
        await EachAsync(preInserts.Chunk(200), Calls.Describe);
        await EachAsync(all, Calls.GetRecord);
        foreach (var id in all) fleet.Read(fleet.ById(id)!.Value);
        await EachAsync(machines.Chunk(PageSize), Calls.Terminate);
        await EachAsync(all.Chunk(PageSize), "DeleteObjects");
        all.ForEach(fleet.DeleteRecord);
        _file.Transaction(() => all.ForEach(id => _file.Run(
            "UPDATE instances SET deleted_at = $1, updated_at = $1 WHERE id = $0", id, fleet.Now)));
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
        expired.ForEach(fleet.DeleteRecord);
        _file.Transaction(() => expired.ForEach(_file.Purge));
        return expired.Count;
    }

    public async Task<int> RebuildAsync()
    {
        using var file = new Sql(Path.Combine(folder, "rebuilt.db"), cacheKiB: 8192);
        file.Script(Schema.Nstance);
        file.Script(Schema.Collector);
        var read = 0;
        file.Run("BEGIN IMMEDIATE");
        foreach (var page in fleet.Recorded().Chunk(PageSize))
        {
            await calls.MakeAsync("ListObjectsV2", default);
            foreach (var number in page)
            {
                await calls.MakeAsync(Calls.GetRecord, default);
                var record = fleet.Read(number);
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
                    "INSERT INTO gc_records VALUES ($0, $1, $2, $3, $4, $5, $6, $7)", id, fleet.ETagOf(number),
                    record.Tenant, record.Group, record.ProviderId, "running", registered, fleet.Now);
                read++;
            }
        }

        file.Run("COMMIT");
        return read;
    }

    public void Dispose() => _file.Dispose();

    private async Task EachAsync<T>(IEnumerable<T> batches, string operation)
    {
        foreach (var _ in batches) await calls.MakeAsync(operation, default);
    }
}
