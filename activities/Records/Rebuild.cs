using System.Collections.Concurrent;
using Nstance.Temporal.Activities.Aws;
using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Activities.Telemetry;

namespace Nstance.Temporal.Activities.Records;

/// <summary>What a rebuild read.</summary>
internal sealed record RebuildResult(int Read, int Unchanged, int Invalid, int Unread);

/// <summary>
/// Fills an own database from the bucket's records. It adds and completes rows, and never takes one away: a record that
/// was not read, or is not there, says nothing about a machine; the sync after it asks the cloud.
/// </summary>
internal sealed class Rebuild(ShardDatabase database, IRecordStore records, PhaseNotes notes, Action<string> heartbeat)
{
    private List<ReadRecord> _read = [];
    private Task _writing = Task.CompletedTask;
    private RebuildResult _result = new(0, 0, 0, 0);

    public async Task<RebuildResult> RunAsync(ShardRef shard, DateTimeOffset asOf, CancellationToken cancellationToken)
    {
        // First, so that a rebuild that is cut leaves nobody judged for the time before it.
        database.SetMeta(MetaKeys.HealthFrom, asOf);
        return await ReadAsync(shard, asOf, database.IsEmpty, cancellationToken);
    }

    /// <summary>
    /// Reads what came to the bucket, or changed there, since all of it was read last. A record whose machine never was, or went
    /// before a sync saw it, has no row otherwise, and would stay for ever.
    /// </summary>
    public Task<RebuildResult> RereadAsync(ShardRef shard, DateTimeOffset asOf, CancellationToken cancellationToken) =>
        ReadAsync(shard, asOf, isLoad: false, cancellationToken);

    private async Task<RebuildResult> ReadAsync(ShardRef shard, DateTimeOffset asOf, bool isLoad, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var page in records.ListAsync(shard, cancellationToken).AheadAsync(cancellationToken))
            {
                // Into an empty database, nothing is known of any: then writing, which takes as long as reading, waits for nothing.
                var named = Named(shard, page);
                var wanted = isLoad ? named.ConvertAll(n => n.Record) : await ChangedAsync(named);
                if (_read.Count >= ShardDatabase.OwnBatchSize) await WriteAsync(asOf);
                await ReadAsync(shard, wanted, cancellationToken);
                heartbeat($"rebuild: {_result.Read} records read");
            }

            await WriteAsync(asOf);
            await _writing;
        }
        finally
        {
            // The caller closes the connection.
            await _writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        // Only a complete one counts: the next acquire tries again what this one could not read.
        if (_result.Unread == 0) database.SetMeta(MetaKeys.RebuiltAt, asOf);
        else notes.Problem($"{_result.Unread} records could not be read: their rows are as they were");
        return _result;
    }

    internal static bool IsNamedBy(InstanceRecord record, ShardRef shard, string key) =>
        RecordKey.For(shard.Shard, record.Tenant, record.InstanceId) == key;

    private List<(RecordObject Record, InstanceId Id)> Named(ShardRef shard, IReadOnlyList<RecordObject> page)
    {
        var named = new List<(RecordObject, InstanceId)>(page.Count);
        foreach (var item in page)
        {
            if (RecordKey.TryParse(shard.Shard, item.Key, out _, out var id))
            {
                named.Add((item, id));
                continue;
            }

            _result = _result with { Invalid = _result.Invalid + 1 };
            notes.Problem($"object {item.Key} is not named like a record: left alone");
        }

        return named;
    }

    /// <summary>
    /// Those of a page that were not read in this version. What a row has from its record is never taken out of it again,
    /// so a row that is there and knows this version is what another read would make it.
    /// </summary>
    private async Task<IReadOnlyList<RecordObject>> ChangedAsync(List<(RecordObject Record, InstanceId Id)> named)
    {
        await _writing;
        var changed = database.FindChangedRecords(named.ConvertAll(n => (n.Id.ToString(), n.Record.ETag)));
        _result = _result with { Unchanged = _result.Unchanged + named.Count - changed.Count };
        return [.. changed.Select(place => named[place].Record)];
    }

    private async Task ReadAsync(ShardRef shard, IReadOnlyList<RecordObject> wanted, CancellationToken cancellationToken)
    {
        var read = new ConcurrentBag<ReadRecord>();
        var invalid = new ConcurrentBag<string>();
        var (unread, beats) = (0, 0);
        var options = new ParallelOptions { MaxDegreeOfParallelism = AdaptiveLimit.Max, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(wanted, options, async (item, token) =>
        {
            try
            {
                switch (await records.GetAsync(shard, item.Key, token))
                {
                    case RecordRead.Found { Record: var record, ETag: var etag } when IsNamedBy(record, shard, item.Key):
                        read.Add(new(etag, record));
                        break;
                    case RecordRead.Found:
                        invalid.Add($"record {item.Key} names another instance or tenant: left alone");
                        break;
                    case RecordRead.Invalid { Why: var why }:
                        invalid.Add($"record {item.Key} {why}: left alone");
                        break;
                }
            }
            catch (CloudException e) when (e.Fault != CloudFault.Denied)
            {
                Interlocked.Increment(ref unread);
            }

            if (Interlocked.Increment(ref beats) % AdaptiveLimit.Start == 0) heartbeat($"rebuild: {_result.Read + beats} records");
        });

        _read.AddRange(read);
        foreach (var problem in invalid.Order(StringComparer.Ordinal)) notes.Problem(problem);
        _result = _result with
        {
            Read = _result.Read + read.Count,
            Invalid = _result.Invalid + invalid.Count,
            Unread = _result.Unread + unread,
        };
    }

    private async Task WriteAsync(DateTimeOffset asOf)
    {
        await _writing;
        var batch = _read;
        _read = [];
        _writing = Task.Run(() => database.UpsertCached(batch, asOf), CancellationToken.None);
    }
}
