using System.Collections.Concurrent;
using Nstance.Temporal.Activities.Cloud;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.LocalDb;
using Nstance.Temporal.Activities.Records;
using Nstance.Temporal.Workflows.Contracts;

namespace Nstance.Temporal.Activities.Collection;

/// <summary>What a rebuild read.</summary>
internal sealed record RebuildResult(int Read, int Unchanged, int Invalid, int Unread);

/// <summary>
/// Fills an own database from the bucket's records. It adds and completes rows, and never takes one away: a record that
/// was not read, or is not there, says nothing about a machine; the sync after it asks the cloud.
/// </summary>
internal sealed class RebuildPhase(ShardDatabase database, IRecordStore records, Notes notes, Action<string> heartbeat)
{
    private const int ParallelGets = 64;

    public async Task<RebuildResult> RunAsync(ShardRef shard, DateTimeOffset asOf, CancellationToken cancellationToken)
    {
        // First, so that a rebuild that is cut leaves nobody judged for the time before it.
        database.SetMeta(MetaKeys.HealthFrom, asOf);
        var result = new RebuildResult(0, 0, 0, 0);
        await foreach (var page in records.ListAsync(shard, cancellationToken))
        {
            var wanted = new List<RecordObject>();
            foreach (var item in page)
            {
                if (!RecordKey.TryParse(shard.Shard, item.Key, out _, out var id))
                {
                    result = result with { Invalid = result.Invalid + 1 };
                    notes.Problem($"object {item.Key} is not named like a record: left alone");
                }
                else if (database.EtagOf(id.ToString()) == item.ETag)
                {
                    result = result with { Unchanged = result.Unchanged + 1 };
                }
                else
                {
                    wanted.Add(item);
                }
            }

            foreach (var chunk in wanted.Chunk(ShardDatabase.BatchSize))
            {
                result = await ReadAsync(shard, chunk, asOf, result, cancellationToken);
                heartbeat($"rebuild: {result.Read} records read");
            }
        }

        // Only a complete one counts: the next acquire tries again what this one could not read.
        if (result.Unread == 0) database.SetMeta(MetaKeys.RebuiltAt, asOf);
        else notes.Problem($"{result.Unread} records could not be read: their rows are as they were");
        return result;
    }

    private async Task<RebuildResult> ReadAsync(
        ShardRef shard, RecordObject[] chunk, DateTimeOffset asOf, RebuildResult result, CancellationToken cancellationToken)
    {
        var read = new ConcurrentBag<(string Key, string ETag, InstanceRecord Record)>();
        var invalid = new ConcurrentBag<string>();
        var (unread, beats) = (0, 0);
        var options = new ParallelOptions { MaxDegreeOfParallelism = ParallelGets, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(chunk, options, async (item, token) =>
        {
            try
            {
                switch (await records.GetAsync(shard, item.Key, token))
                {
                    case RecordRead.Found { Record: var record, ETag: var etag } when IsNamedBy(record, shard, item.Key):
                        read.Add((item.Key, etag, record));
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

            if (Interlocked.Increment(ref beats) % ParallelGets == 0) heartbeat($"rebuild: {result.Read + beats} records");
        });

        database.UpsertRecords([.. read.OrderBy(r => r.Key, StringComparer.Ordinal)], asOf);
        foreach (var problem in invalid.Order(StringComparer.Ordinal)) notes.Problem(problem);
        return result with
        {
            Read = result.Read + read.Count,
            Invalid = result.Invalid + invalid.Count,
            Unread = result.Unread + unread,
        };
    }

    internal static bool IsNamedBy(InstanceRecord record, ShardRef shard, string key) =>
        RecordKey.For(shard.Shard, record.Tenant, record.InstanceId) == key;
}
