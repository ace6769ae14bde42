using System.Globalization;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using Nstance.Temporal.Benchmarks.Fleet;
using Nstance.Temporal.Simulation.Nstance;

namespace Nstance.Temporal.Benchmarks.Compare;

/// <summary>
/// nstance's own collector, written from the contract's description ("Slow"). It makes one call for each instance and
/// one transaction for each row, lists pages of 100, rewrites each row, and scans all rows in each finder.
/// </summary>
internal sealed class OriginalMethod(MeasuredFleet fleet, Calls calls, string path) : IMethod
{
    private const int PageSize = 100;

    private static readonly ShardTimings Timings = new();

    private readonly SqliteFile _file = ServerFile.Open(path);

    public Task<int> RunAsync(Phase phase) => Task.FromResult(phase switch
    {
        Phase.Begin => 0,
        Phase.Sync => Sync(),
        Phase.Collect => Collect(),
        Phase.Health => Walk().Count(
            row => row.RegisteredAt is not null && fleet.AsOf - row.HealthAt > Timings.HealthCheckInterval),
        Phase.Purge => Purge(),
        _ => RebuildAnew(),
    });

    /// <summary>Writes a row for each record, as nstance does at an election.</summary>
    public static int Rebuild(MeasuredFleet fleet, Calls calls, SqliteFile file) =>
        fleet.ReadAll(calls, PageSize).Sum(read => file.Run(
            """
            INSERT INTO instances (id, tenant, group_key, provider_id, nonce, issued_at, registered_at,
              created_at, updated_at, subnet_id)
            VALUES ($0, $1, $2, $3, $4, $5, $6, $5, $7, 'subnet-1')
            ON CONFLICT (id) DO UPDATE SET provider_id = $3, registered_at = $6, health_at = NULL, updated_at = $7
            """,
            read.Member.Id, read.Record.Tenant, read.Record.Group, read.Record.ProviderId,
            fleet.Row(read.Member).Nonce, read.Record.CreatedAt, read.Record.RegisteredAt, fleet.AsOf));

    public void Dispose() => _file.Dispose();

    private int RebuildAnew()
    {
        new NstanceDatabase(path + ".rebuilt", NstanceGeneration.V2).Dispose();
        using var file = ServerFile.Open(path + ".rebuilt");
        return Rebuild(fleet, calls, file);
    }

    private int Sync()
    {
        var listed = new HashSet<string>(StringComparer.Ordinal);
        calls.Add(fleet.Machines.Length, PageSize);
        foreach (var machine in fleet.Machines.Select(m => fleet.Instance(m)))
        {
            listed.Add(machine.ProviderId);
            _file.Run(
                """
                UPDATE instances SET provider_id = $1, provider_at = $2, hostname = $3, ip4 = $4,
                  provider_state = $5, updated_at = $2
                WHERE id = $0
                """,
                machine.InstanceId, machine.ProviderId, fleet.AsOf, machine.Hostname, machine.PrivateIpv4,
                JsonSerializer.SerializeToUtf8Bytes(new { status = machine.State }));
        }

        foreach (var row in Walk().Where(row => row.ProviderId is { } id && !listed.Contains(id)).ToList())
            _file.MarkDeleted(row.Id, fleet.AsOf);
        return listed.Count;
    }

    private int Collect()
    {
        bool IsLate(Row row) => row.RegisteredAt is null && fleet.AsOf - row.IssuedAt > Timings.RegistrationTimeout;
        // One finder after the other, each over all rows.
        List<Row> found =
        [
            .. Walk().Where(row => row.Status is "stopping" or "stopped" or "deleting" or "deleted"),
            .. Walk().Where(row => IsLate(row) && row.ProviderId is not null),
            .. Walk().Where(row => IsLate(row) && row.ProviderId is null),
        ];
        calls.Add(found.Count(row => row.ProviderId is not null)); // Terminate.
        return DeleteRecords([.. found.Select(row => row.Id)], id => _file.MarkDeleted(id, fleet.AsOf));
    }

    private int Purge()
    {
        var expired = _file.Read("SELECT id, deleted_at FROM instances WHERE deleted_at IS NOT NULL")
            .Where(row => fleet.AsOf - Time(row, 1) > Timings.DeletedRecordRetention).Select(row => row.GetString(0));
        return DeleteRecords([.. expired], id => _file.InTransaction([id], _file.Purge));
    }

    private int DeleteRecords(List<string> ids, Action<string> write)
    {
        calls.Add(ids.Count);
        foreach (var id in ids)
        {
            fleet.DeleteRecord(id);
            write(id);
        }

        return ids.Count;
    }

    private IEnumerable<Row> Walk() => _file
        .Read("""
            SELECT id, provider_id, CAST(provider_state AS TEXT) ->> 'status', issued_at, registered_at, health_at
            FROM instances WHERE deleted_at IS NULL
            """)
        .Select(row => new Row(
            row.GetString(0), row.Text(1), row.Text(2), Time(row, 3), Time(row, 4), Time(row, 5)));

    private static DateTimeOffset? Time(SqliteDataReader row, int column) => row.Text(column) is not { } text ? null
        : DateTimeOffset.ParseExact(
            text.AsSpan(0, 27), "yyyy-MM-dd HH:mm:ss.fffffff", CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal);

    private sealed record Row(
        string Id, string? ProviderId, string? Status, DateTimeOffset? IssuedAt, DateTimeOffset? RegisteredAt,
        DateTimeOffset? HealthAt);
}
