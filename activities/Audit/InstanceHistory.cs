using System.Text;
using Nstance.Temporal.Activities.Database;

namespace Nstance.Temporal.Activities.Audit;

/// <summary>
/// All data about one instance: the row on this host, its record, and the lines of the audit, oldest first.
/// </summary>
internal sealed record InstanceHistory(InstanceRow? Row, RecordRead? Record, IReadOnlyList<AuditEntry> Entries)
{
    /// <summary>Data that could not be read, with the reason.</summary>
    public IReadOnlyList<string> Gaps { get; init; } = [];

    public bool IsEmpty => Row is null && Record is not RecordRead.Found && Entries.Count == 0;
}

/// <summary>Reads the history of an instance. Changes nothing.</summary>
internal sealed class HistoryReader(
    IConnections connections, ShardDatabases databases, ShardRef shard, TimeSpan timeout)
{
    private const int MaxParallelGets = 16;

    private readonly List<string> _gaps = [];

    /// <summary>Reads the history of an instance, by nstance's id or the cloud's, between two days.</summary>
    /// <exception cref="CloudException">The audit could not be read completely.</exception>
    public async Task<InstanceHistory> ReadAsync(string instance, DateOnly from, DateOnly to, CancellationToken ct)
    {
        var entries = await EntriesAsync(instance, from, to, ct);
        var id = entries.Count > 0 ? entries[^1].Instance : instance;
        var row = Row(id, instance);
        var record = await RecordAsync(row, row?.Id ?? id, entries, ct);
        return new(row, record, entries) { Gaps = _gaps };
    }

    private async Task<IReadOnlyList<AuditEntry>> EntriesAsync(
        string instance, DateOnly from, DateOnly to, CancellationToken ct)
    {
        var audit = connections.Audit(timeout);
        var keys = new List<string>();
        for (var day = from; day <= to; day = day.AddDays(1))
            keys.AddRange(await audit.ListAsync(shard, day, ct));
        var found = new AuditEntry[keys.Count][];
        var options = new ParallelOptions { MaxDegreeOfParallelism = MaxParallelGets, CancellationToken = ct };
        await Parallel.ForAsync(0, keys.Count, options, async (n, token) =>
            found[n] = await audit.GetAsync(shard, keys[n], token) is { } lines ? [.. Matching(lines, instance)] : []);

        // A crash may repeat a line. Sorting is stable: the lines of a cycle keep their order.
        return [.. found.SelectMany(e => e).DistinctBy(e => e.Id).OrderBy(e => e.At)];
    }

    private static IEnumerable<AuditEntry> Matching(byte[] lines, string instance) => Encoding.UTF8.GetString(lines)
        .Split('\n', StringSplitOptions.RemoveEmptyEntries)
        .Where(line => line.Contains(instance, StringComparison.Ordinal))
        .Select(AuditEntry.Parse).OfType<AuditEntry>()
        .Where(e => e.Instance == instance || e.ProviderId == instance);

    private InstanceRow? Row(string id, string instance)
    {
        try
        {
            using var database = databases.OpenToRead(shard);
            return database.Find(id) ?? database.FindIdsByProviders([instance])[instance].Select(database.Find)
                .OrderBy(row => row?.DeletedAt is not null).FirstOrDefault();
        }
        catch (DatabaseException e)
        {
            _gaps.Add(e.Message);
            return null;
        }
    }

    private async Task<RecordRead?> RecordAsync(
        InstanceRow? row, string id, IReadOnlyList<AuditEntry> entries, CancellationToken ct)
    {
        var tenant = row?.Tenant ?? entries.Select(e => e.Tenant).LastOrDefault(Identifiers.IsValid);
        if (!InstanceId.TryParse(id, out var parsed) || !Identifiers.IsValid(tenant))
        {
            _gaps.Add("its record could not be read: the tenant is not known");
            return null;
        }

        try
        {
            return await connections.Records(timeout)
                .GetAsync(shard, RecordKey.For(shard, tenant!, parsed), ct);
        }
        catch (CloudException e)
        {
            _gaps.Add($"its record could not be read: {e.Message}");
            return null;
        }
    }
}
