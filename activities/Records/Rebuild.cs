using System.Collections.Concurrent;
using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Activities.Telemetry;

namespace Nstance.Temporal.Activities.Records;

/// <summary>
/// Fills a file of our own from the bucket's records. It adds and completes rows and never removes one: a record that
/// was not read, or does not exist, says nothing about a machine. The sync after it asks the cloud.
/// </summary>
internal sealed class Rebuild(ShardDatabase database, IRecordStore records, PhaseNotes notes, Action<string> heartbeat)
{
    private int _read;
    private int _unread;

    /// <summary>Reads all records after the shard came to this host. Returns how many were read.</summary>
    public async Task<int> RunAsync(ShardRef shard, DateTimeOffset asOf, CancellationToken cancellationToken)
    {
        // First, so that after a rebuild that is cut health is not evaluated for the time before it.
        database.SetMeta(MetaKeys.HealthFrom, asOf);
        return await RereadAsync(shard, asOf, cancellationToken);
    }

    /// <summary>
    /// Reads records that are new or changed since they were read last. A record whose machine never was, or went
    /// before a sync saw it, has no row otherwise, and would stay for ever.
    /// </summary>
    public async Task<int> RereadAsync(ShardRef shard, DateTimeOffset asOf, CancellationToken cancellationToken)
    {
        await foreach (var page in records.ListAsync(shard, cancellationToken).AheadAsync(cancellationToken))
        {
            var named = Named(shard, page);
            var changed = database.FindChangedRecords(named.ConvertAll(n => (n.Id.ToString(), n.Record.ETag)));
            var read = await ReadAsync(shard, [.. changed.Select(i => named[i].Record)], cancellationToken);
            database.UpsertCached(read, asOf);
            heartbeat($"rebuild: {_read} records read");
        }

        // Only a complete one counts: the next acquire tries again what this one could not read.
        if (_unread == 0) database.SetMeta(MetaKeys.RebuiltAt, asOf);
        else notes.Outage($"{_unread} records could not be read: their rows are as they were");
        return _read;
    }

    internal static bool IsNamedBy(InstanceRecord record, ShardRef shard, string key) =>
        RecordKey.For(shard, record.Tenant, record.InstanceId) == key;

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
        ShardRef shard, RecordObject[] wanted, CancellationToken cancellationToken)
    {
        var read = new ConcurrentBag<ReadRecord>();
        var invalid = new ConcurrentBag<string>();
        var options = new ParallelOptions
        {
            MaxDegreeOfParallelism = IRecordStore.MaxParallelReads,
            CancellationToken = cancellationToken,
        };
        await Parallel.ForEachAsync(wanted, options, async (item, token) =>
        {
            try
            {
                switch (await records.GetAsync(shard, item.Key, token))
                {
                    case RecordRead.Found found when IsNamedBy(found.Record, shard, item.Key):
                        read.Add(new(found.ETag, found.Record));
                        break;
                    case RecordRead.Found:
                        invalid.Add($"record {item.Key} names another instance or tenant; skipped");
                        break;
                    case RecordRead.Invalid { Why: var why }:
                        invalid.Add($"record {item.Key} {why}; skipped");
                        break;
                }
            }
            catch (CloudException e) when (e.Fault != CloudFault.Denied)
            {
                Interlocked.Increment(ref _unread);
            }
        });
        _read += read.Count;
        foreach (var problem in invalid.Order(StringComparer.Ordinal)) notes.Invalid(problem);
        return read;
    }
}
