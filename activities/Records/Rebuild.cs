using System.Collections.Concurrent;
using Nstance.Temporal.Activities.Database;

namespace Nstance.Temporal.Activities.Records;

/// <summary>
/// Fills a file of our own from the bucket's records. It adds and updates rows and removes none, because a missing
/// record is not evidence about a machine. The sync after it asks the cloud.
/// </summary>
internal sealed class Rebuild(ShardDatabase database, IRecordStore records, PhaseNotes notes, Action<string> heartbeat)
{
    private int _read;
    private int _unread;
    private CloudException? _fault;

    /// <summary>Reads all records after an acquire. Returns how many were read.</summary>
    public async Task<int> RunAsync(ShardRef shard, DateTimeOffset asOf, CancellationToken ct)
    {
        // Before the reads: health is not evaluated for this time even if the rebuild fails.
        database.SetMeta(MetaKeys.HealthFrom, asOf);
        return await RereadAsync(shard, asOf, ct);
    }

    /// <summary>
    /// Reads records that are new or changed since they were read last. A record whose machine never was, or went
    /// before a sync saw it, has no row otherwise, and would stay for ever.
    /// </summary>
    public async Task<int> RereadAsync(ShardRef shard, DateTimeOffset asOf, CancellationToken ct)
    {
        await foreach (var page in records.ListAsync(shard, ct).AheadAsync(ct))
        {
            var named = Named(shard, page);
            var changed = database.FindChangedRecords(named.ConvertAll(n => (n.Id.ToString(), n.Record.ETag)));
            var read = await ReadAsync(shard, [.. changed.Select(i => named[i].Record)], ct);
            database.UpsertCached(read, asOf);
            heartbeat($"rebuild: {_read} records read");
        }

        // Without a single record, the host lacks the permission, and another host may have it.
        if (_read == 0 && _fault is { Fault: CloudFault.Denied } && database.GetMeta(MetaKeys.RebuiltAt) is null)
            throw _fault;

        // Only a complete rebuild counts. The next acquire retries the records that were not read.
        if (_unread == 0) database.SetMeta(MetaKeys.RebuiltAt, asOf);
        else notes.Outage($"{_unread} records could not be read, and their rows were not changed: {_fault!.Message}");
        return _read;
    }

    private List<(RecordObject Record, InstanceId Id)> Named(ShardRef shard, IReadOnlyList<RecordObject> page)
    {
        var named = new List<(RecordObject, InstanceId)>(page.Count);
        foreach (var item in page)
        {
            if (RecordKey.TryParse(shard, item.Key, out _, out var id)) named.Add((item, id));
            else notes.Invalid($"object {item.Key} is not named like a record; skipped");
        }

        return named;
    }

    private async Task<IReadOnlyCollection<ReadRecord>> ReadAsync(
        ShardRef shard, RecordObject[] wanted, CancellationToken ct)
    {
        var read = new ConcurrentBag<ReadRecord>();
        var invalid = new ConcurrentBag<string>();
        await Parallel.ForEachAsync(wanted, IRecordStore.InParallel(ct), async (item, token) =>
        {
            try
            {
                switch (await records.GetAsync(shard, item.Key, token))
                {
                    case RecordRead.Found found:
                        read.Add(new(found.ETag, found.Record));
                        break;
                    case RecordRead.Invalid { Why: var why }:
                        invalid.Add($"record {item.Key} {why}; skipped");
                        break;
                }
            }
            catch (CloudException e)
            {
                // A bucket may refuse one object only, such as an archived one.
                Interlocked.Increment(ref _unread);
                _fault ??= e;
            }
        });
        _read += read.Count;
        foreach (var problem in invalid.Order(StringComparer.Ordinal)) notes.Invalid(problem);
        return read;
    }
}
