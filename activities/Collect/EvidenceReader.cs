using System.Collections.Concurrent;
using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Records;
using Nstance.Temporal.Activities.Rules;

namespace Nstance.Temporal.Activities.Collect;

/// <summary>
/// Asks row, cloud and bucket about candidates. A failed call leaves a gap in the evidence. The cloud and the bucket
/// are asked at the same time.
/// </summary>
internal sealed class EvidenceReader(ShardDatabase database, ICloud cloud, IRecordStore records, TimeProvider clock)
{
    private RecordKeys? _keys;
    private string? _outage;

    /// <summary>True after the cloud showed an own instance: account and region are right.</summary>
    public bool SawOwn { get; private set; }

    /// <summary>How far the cloud's clock is ahead of this host's; null before its first answer.</summary>
    public TimeSpan? CloudAhead { get; private set; }

    /// <summary>The first failure of the cloud or the bucket; null if both answered.</summary>
    public string? Outage => _outage;

    /// <summary>Returns a row as it is now. A candidate without a row stays as it was found.</summary>
    public static InstanceRow? Again(InstanceRow found, IReadOnlyDictionary<string, InstanceRow> rows) =>
        rows.GetValueOrDefault(found.Id) ?? (found.HasRow ? null : found);

    public async Task<IReadOnlyDictionary<string, Evidence>> ReadAsync(
        IReadOnlyCollection<InstanceRow> rows, PhaseInput input, CancellationToken ct)
    {
        var now = rows.ToDictionary(row => row.Id, row => new Evidence { Row = row });
        var asked = AskCloudAsync(now, input, ct);
        var bucket = ReadRecordsAsync(rows, input.Shard, ct);
        await Task.WhenAll(asked, bucket);
        var healthKnownSince = rows.Any(row => row is { NamesMachine: false, RegisteredAt: not null })
            ? database.HealthKnownSince(input)
            : null;

        // The row last: an agent may have registered meanwhile. The rules skip a row that now names another machine or
        // tenant.
        var read = await bucket;
        var again = database.FindAll(now.Keys);
        foreach (var row in rows)
        {
            var record = read[row.Id];
            now[row.Id] = now[row.Id] with
            {
                Row = Again(row, again),
                Tenant = record.Tenant,
                RecordKey = record.RecordKey,
                Record = record.Record,
                RecordUnknown = record.RecordUnknown,
                HealthKnownSince = healthKnownSince,
            };
        }

        return now;
    }

    private async Task AskCloudAsync(Dictionary<string, Evidence> now, PhaseInput input, CancellationToken ct)
    {
        await DescribeAsync(now, input, ct);
        await FindTaggedAsync(now, input, ct);
    }

    private async Task DescribeAsync(Dictionary<string, Evidence> now, PhaseInput input, CancellationToken ct)
    {
        var ids = now.Values.Select(e => e.Row?.ProviderId).OfType<string>().Distinct().ToArray();
        if (ids.Length == 0) return;
        DescribeResult answer;
        try
        {
            answer = await cloud.DescribeAsync(ids, ct);
        }
        catch (CloudException e)
        {
            CloudAway(e);
            foreach (var (id, evidence) in now) now[id] = evidence with { CloudUnknown = e.Message };
            return;
        }

        CloudAhead ??= answer.At - clock.GetUtcNow();
        SawOwn |= answer.Found.Values.Any(i => i.IsOwn(input.Shard));
        foreach (var (id, evidence) in now.Where(e => e.Value.Row?.ProviderId is not null).ToArray())
        {
            var provider = evidence.Row!.ProviderId!;
            now[id] = evidence with
            {
                Instance = answer.Found.GetValueOrDefault(provider),
                NotFound = answer.NotFound.Contains(provider),
                CloudUnknown = answer.Unknown.GetValueOrDefault(provider),
                CloudTime = answer.At,
            };
        }
    }

    /// <summary>Searches by tag for rows without a machine, or whose machine does not exist.</summary>
    private async Task FindTaggedAsync(Dictionary<string, Evidence> now, PhaseInput input, CancellationToken ct)
    {
        var asked = now.Where(e => e.Value.Row?.ProviderId is null || e.Value.NotFound).Select(e => e.Key).ToArray();
        if (asked.Length == 0) return;
        try
        {
            var tagged = (await cloud.FindByInstanceIdAsync(input.Shard, asked, ct)).ToLookup(i => i.InstanceId ?? "");
            SawOwn |= tagged.Count > 0;
            foreach (var id in asked) now[id] = now[id] with { Tagged = [.. tagged[id]] };
        }
        catch (CloudException e)
        {
            CloudAway(e);
            foreach (var id in asked) now[id] = now[id] with { CloudUnknown = e.Message };
        }
    }

    private async Task<IReadOnlyDictionary<string, Evidence>> ReadRecordsAsync(
        IReadOnlyCollection<InstanceRow> rows, ShardRef shard, CancellationToken ct)
    {
        var found = new ConcurrentDictionary<string, Evidence>(await FindKeysAsync(rows, shard, ct));
        var readable = found.Where(e => e.Value.RecordUnknown is null).ToArray();
        await Parallel.ForEachAsync(readable, IRecordStore.InParallel(ct), async (item, token) =>
        {
            var (id, evidence) = item;
            try
            {
                found[id] = evidence with
                {
                    Record = evidence.RecordKey is { } key
                        ? await records.GetAsync(shard, key, token)
                        : new RecordRead.Missing(),
                };
            }
            catch (CloudException e)
            {
                found[id] = evidence with { RecordUnknown = e.Message };
                BucketAway(e);
            }
        });
        return found;
    }

    /// <summary>Finds the records of rows without a tenant by one listing of the keys.</summary>
    private async Task<Dictionary<string, Evidence>> FindKeysAsync(
        IReadOnlyCollection<InstanceRow> rows, ShardRef shard, CancellationToken ct)
    {
        ILookup<InstanceId, string>? keys = null;
        string? failed = null;
        try
        {
            _keys ??= new(records, shard);
            var withoutKey = rows.Where(row => row.RecordKeyIn(shard) is null);
            keys = await _keys.FindAsync(withoutKey.Select(row => row.InstanceId).OfType<InstanceId>(), ct);
        }
        catch (CloudException e)
        {
            failed = e.Message;
            BucketAway(e);
        }

        return rows.ToDictionary(row => row.Id, row => WithKey(row, shard, keys, failed));
    }

    private void CloudAway(CloudException e) =>
        Away($"candidates were skipped, because the cloud did not answer: {e.Message}");

    private void BucketAway(CloudException e) =>
        Away($"candidates were skipped, because their records could not be read: {e.Message}");

    /// <summary>Keeps the first failure; records are read in parallel.</summary>
    private void Away(string outage) => Interlocked.CompareExchange(ref _outage, outage, null);

    private static Evidence WithKey(InstanceRow row, ShardRef shard, ILookup<InstanceId, string>? keys, string? failed)
    {
        if (row.RecordKeyIn(shard) is { } own) return new() { RecordKey = own, Tenant = row.Tenant };
        if (row.InstanceId is not { } id) return new() { Tenant = Identifiers.IsValid(row.Tenant) ? row.Tenant : null };
        if (keys is null) return new() { RecordUnknown = failed };
        string[] found = [.. keys[id]];
        if (found.Length > 1) return new() { RecordUnknown = $"it has {found.Length} records" };
        return found.Length == 1 && RecordKey.TryParse(shard, found[0], out var tenant, out _)
            ? new() { RecordKey = found[0], Tenant = tenant }
            : new();
    }
}
