using Nstance.Temporal.Activities.Ports;

namespace Nstance.Temporal.Activities.Records;

/// <summary>
/// Finds the keys of records whose tenant is not known: there is no tenant tag, the key alone tells it. One walk over the
/// listing for all of them, keeping only what was asked for.
/// </summary>
internal static class RecordKeys
{
    public static async Task<IReadOnlyDictionary<InstanceId, IReadOnlyList<string>>> FindAsync(
        IRecordStore records, ShardRef shard, IReadOnlySet<InstanceId> wanted, CancellationToken cancellationToken)
    {
        var found = new Dictionary<InstanceId, IReadOnlyList<string>>();
        if (wanted.Count == 0) return found;
        await foreach (var page in records.ListAsync(shard, cancellationToken))
        {
            foreach (var (key, _) in page)
            {
                if (!RecordKey.TryParse(shard.Shard, key, out _, out var id) || !wanted.Contains(id)) continue;
                found[id] = [.. found.GetValueOrDefault(id) ?? [], key];
            }
        }

        return found;
    }
}
