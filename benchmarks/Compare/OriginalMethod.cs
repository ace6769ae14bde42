using System.Globalization;
using System.Text.Json;
using Nstance.Temporal.Benchmarks.Fleet;
using Nstance.Temporal.Simulation.Nstance;

namespace Nstance.Temporal.Benchmarks.Compare;

/// <summary>
/// nstance's own collector, written from the contract's description ("Slow"). It makes one call for each instance and
/// one transaction for each row, lists pages of 100, rewrites each row, and scans all rows in each finder.
/// </summary>
internal sealed class OriginalMethod(MeasuredFleet fleet, Calls calls, string path, string folder) : IMethod
{
    private const int PageSize = 100;

    private static readonly ShardTimings Timings = new();

    private readonly Sql _file = new(path);

    public Task PrepareAsync() => SyncAsync();

    public void ChangeAll()
    {
        // It rewrites every row anyway.
    }

    public async Task<int> SyncAsync()
    {
        var listed = new HashSet<string>(StringComparer.Ordinal);
        foreach (var page in fleet.Machines.Chunk(PageSize))
        {
            await calls.MakeAsync(Calls.Describe, default);
            foreach (var machine in page.Select(number => fleet.Instance(number, fleet.Shard)))
            {
                listed.Add(machine.ProviderId);
                _file.Run(
                    """
                    UPDATE instances SET provider_id = $1, provider_at = $2, hostname = $3, ip4 = $4,
                      provider_state = $5, updated_at = $2
                    WHERE id = $0
                    """,
                    machine.InstanceId, machine.ProviderId, fleet.Now, machine.Hostname, machine.PrivateIpv4,
                    JsonSerializer.SerializeToUtf8Bytes(new { status = machine.State }));
            }
        }

        foreach (var row in Walk().Where(row => row.ProviderId is { } id && !listed.Contains(id)).ToList())
            _file.Run("UPDATE instances SET deleted_at = $1 WHERE id = $0", row.Id, fleet.Now);
        return listed.Count;
    }

    public async Task<int> CollectAsync()
    {
        // One finder after the other, each over all rows.
        var unhealthy = Walk().Where(row => row.Status is "stopping" or "stopped" or "deleting" or "deleted").ToList();
        var dangling = Walk().Where(row => IsLate(row) && row.ProviderId is not null).ToList();
        var preInserts = Walk().Where(row => IsLate(row) && row.ProviderId is null).ToList();
        foreach (var row in (List<Row>)[.. unhealthy, .. dangling, .. preInserts])
        {
            if (row.ProviderId is not null) await calls.MakeAsync(Calls.Terminate, default);
            await calls.MakeAsync("DeleteObject", default);
            fleet.DeleteRecord(row.Id);
            _file.Run("UPDATE instances SET deleted_at = $1, updated_at = $1 WHERE id = $0", row.Id, fleet.Now);
        }

        return unhealthy.Count + dangling.Count + preInserts.Count;
    }

    public Task<int> ScanHealthAsync() => Task.FromResult(Walk().Count(
        row => row.RegisteredAt is not null && fleet.AsOf - row.HealthAt > Timings.HealthCheckInterval));

    public async Task<int> PurgeAsync()
    {
        var expired = _file.Read("SELECT id, deleted_at FROM instances WHERE deleted_at IS NOT NULL")
            .Where(row => fleet.AsOf - Time(row.GetString(1)) > Timings.DeletedRecordRetention)
            .Select(row => row.GetString(0)).ToList();
        foreach (var id in expired)
        {
            await calls.MakeAsync("DeleteObject", default);
            fleet.DeleteRecord(id);
            _file.Transaction(() => _file.Purge(id));
        }

        return expired.Count;
    }

    public async Task<int> RebuildAsync()
    {
        var rebuilt = Path.Combine(folder, "rebuilt.db");
        using (new NstanceDatabase(rebuilt, NstanceGeneration.V2)) using (var file = new Sql(rebuilt))
            return await RebuildAsync(file);
    }

    /// <summary>Also what nstance does in its own file at an election.</summary>
    public async Task<int> RebuildAsync(Sql file)
    {
        var read = 0;
        foreach (var page in fleet.Recorded().Chunk(PageSize))
        {
            await calls.MakeAsync("ListObjectsV2", default);
            foreach (var number in page)
            {
                await calls.MakeAsync(Calls.GetRecord, default);
                var record = fleet.Read(number);
                file.Run(
                    """
                    INSERT INTO instances (id, tenant, group_key, provider_id, nonce, issued_at, registered_at,
                      created_at, updated_at, subnet_id)
                    VALUES ($0, $1, $2, $3, $4, $5, $6, $5, $7, 'subnet-1')
                    ON CONFLICT (id) DO UPDATE SET provider_id = $3, registered_at = $6, health_at = NULL,
                      updated_at = $7
                    """,
                    $"{record.InstanceId}", record.Tenant, record.Group, record.ProviderId,
                    fleet.Row(fleet.Members[number]).Nonce, NstanceDatabase.Text(record.CreatedAt),
                    record.RegisteredAt is { } at ? NstanceDatabase.Text(at) : null, fleet.Now);
                read++;
            }
        }

        return read;
    }

    public void Dispose() => _file.Dispose();

    private bool IsLate(Row row) =>
        row.RegisteredAt is null && fleet.AsOf - row.IssuedAt > Timings.RegistrationTimeout;

    private IEnumerable<Row> Walk() => _file
        .Read("""
            SELECT id, tenant, group_key, provider_id, provider_state, issued_at, registered_at, health_at
            FROM instances WHERE deleted_at IS NULL
            """)
        .Select(row => new Row(
            row.GetString(0), row.GetString(1), row.GetString(2), row.IsDBNull(3) ? null : row.GetString(3),
            row.IsDBNull(4) ? null : StatusOf(row.GetFieldValue<byte[]>(4)), Time(row.GetString(5)),
            row.IsDBNull(6) ? null : Time(row.GetString(6)), row.IsDBNull(7) ? null : Time(row.GetString(7))));

    private static string? StatusOf(byte[] state)
    {
        using var json = JsonDocument.Parse(state);
        return json.RootElement.GetProperty("status").GetString();
    }

    private static DateTimeOffset Time(string text) => DateTimeOffset.ParseExact(
        text.AsSpan(0, 27), "yyyy-MM-dd HH:mm:ss.fffffff", CultureInfo.InvariantCulture,
        DateTimeStyles.AssumeUniversal);

    private sealed record Row(
        string Id, string Tenant, string Group, string? ProviderId, string? Status, DateTimeOffset IssuedAt,
        DateTimeOffset? RegisteredAt, DateTimeOffset? HealthAt);
}
