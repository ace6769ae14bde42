using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Benchmarks.Fleet;
using Nstance.Temporal.Simulation.Nstance;

namespace Nstance.Temporal.Benchmarks.Compare;

/// <summary>
/// The least that SQLite and the calls allow. It has no checks and no audit. Writes are prepared statements in one
/// transaction. It reads pages in sequence, and each record with one GET.
/// </summary>
internal sealed class FloorMethod(MeasuredFleet fleet, Calls calls, string path) : IMethod
{
    private const int CacheKiB = 8192;
    private const int PageSize = 1000;
    private const int MaxFilterValues = 200;

    private static readonly ShardTimings Timings = new();

    private readonly SqliteFile _file = ServerFile.Open(path, CacheKiB);

    public Task<int> RunAsync(Phase phase) => Task.FromResult(phase switch
    {
        Phase.Begin => _file.Run(Schema.Collector),
        Phase.Sync => Sync(),
        Phase.Collect => Collect(),
        Phase.Health => _file.Column(
            """
            SELECT id FROM instances
            WHERE +deleted_at IS NULL AND +registered_at IS NOT NULL AND coalesce(health_at, registered_at) < $0
            """, fleet.AsOf - Timings.HealthCheckInterval).Count,
        Phase.Purge => DeleteRecords(_file.Column(
            "SELECT id FROM instances WHERE deleted_at > '' AND deleted_at < $0",
            fleet.AsOf - Timings.DeletedRecordRetention), _file.Purge),
        _ => Rebuild(),
    });

    public void Dispose() => _file.Dispose();

    private int Sync()
    {
        var known = _file.Read("SELECT provider_id, status FROM gc_machines")
            .ToDictionary(row => row.GetString(0), row => row.GetString(1), StringComparer.Ordinal);
        calls.Add(fleet.Machines.Length, PageSize);
        var changed = fleet.Machines.Select(m => fleet.Instance(m))
            .Where(machine => known.GetValueOrDefault(machine.ProviderId) != machine.State)
            .OrderBy(machine => machine.ProviderId, StringComparer.Ordinal);
        _file.InTransaction(changed, machine => _ = known.ContainsKey(machine.ProviderId)
            ? _file.Run("UPDATE gc_machines SET status = $1 WHERE provider_id = $0", machine.ProviderId, machine.State)
            : _file.Run(
                """
                INSERT INTO gc_machines (provider_id, instance_id, group_key, status, launched_ms, first_seen_at)
                VALUES ($0, $1, $2, $3, $4, $5)
                """,
                machine.ProviderId, machine.InstanceId, machine.Group, machine.State,
                machine.LaunchTime?.ToUnixTimeMilliseconds(), fleet.AsOf));
        return fleet.Machines.Length;
    }

    private int Collect()
    {
        var found = _file.Read(
            """
            SELECT i.id, i.provider_id
            FROM gc_machines AS m CROSS JOIN instances AS i ON i.id = m.instance_id
            WHERE m.status IN ('stopping', 'stopped') AND i.deleted_at IS NULL
            UNION ALL SELECT id, provider_id FROM instances
            WHERE registered_at IS NULL AND issued_at < $0 AND +deleted_at IS NULL
            """, fleet.AsOf - Timings.RegistrationTimeout)
            .Select(row => (Id: row.GetString(0), HasMachine: !row.IsDBNull(1))).ToLookup(row => row.HasMachine);
        List<string> machines = [.. found[true].Select(row => row.Id)];
        List<string> all = [.. machines, .. found[false].Select(row => row.Id)];
        calls.Add(machines.Count, PageSize); // Describe.
        foreach (var id in machines) fleet.Instance(fleet.Find(id)!);
        calls.Add(all.Count - machines.Count, MaxFilterValues); // Search by tag.
        calls.Add(all.Count); // Read the records.
        foreach (var id in all) fleet.Read(fleet.Find(id)!);
        calls.Add(machines.Count, PageSize); // Terminate.
        return DeleteRecords(all, id => _file.MarkDeleted(id, fleet.AsOf));
    }

    private int DeleteRecords(List<string> ids, Action<string> write)
    {
        calls.Add(ids.Count, PageSize);
        ids.ForEach(fleet.DeleteRecord);
        return _file.InTransaction(ids, write);
    }

    private int Rebuild()
    {
        using var file = ServerFile.Open(path + ".rebuilt", CacheKiB);
        file.Run(Schema.Nstance);
        file.Run(Schema.Collector);
        return file.InTransaction(fleet.ReadAll(calls, PageSize), read =>
        {
            var (member, record) = read;
            file.Run(
                """
                INSERT INTO instances (id, tenant, group_key, provider_id, issued_at, registered_at, created_at)
                VALUES ($0, $1, $2, $3, $4, $5, $4)
                """, member.Id, record.Tenant, record.Group, record.ProviderId,
                record.CreatedAt, record.RegisteredAt);
            file.Run(
                "INSERT INTO gc_records VALUES ($0, $1, $2, $3, $4, $5, $6, $7)", member.Id, MeasuredFleet.ETag(member),
                record.Tenant, record.Group, record.ProviderId, "running", record.RegisteredAt, fleet.AsOf);
        });
    }
}
