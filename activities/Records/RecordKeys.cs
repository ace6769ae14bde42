
namespace Nstance.Temporal.Activities.Records;

/// <summary>
/// Finds the keys of records whose tenant is unknown. Only the key names the tenant, so it lists all keys, once for all
/// ids of a call. It remembers the answers.
/// </summary>
internal sealed class RecordKeys(IRecordStore records, ShardRef shard)
{
    private readonly Dictionary<InstanceId, IReadOnlyList<string>> _keys = [];

    /// <exception cref="CloudException">The listing is not complete; safe to retry.</exception>
    public async Task<ILookup<InstanceId, string>> FindAsync(IEnumerable<InstanceId> ids, CancellationToken ct)
    {
        InstanceId[] asked = [.. ids.Distinct()];
        var wanted = asked.Where(id => !_keys.ContainsKey(id)).ToHashSet();
        if (wanted.Count > 0)
        {
            var found = new List<(InstanceId Id, string Key)>();
            await foreach (var page in records.ListAsync(shard, ct))
            {
                foreach (var (key, _) in page)
                {
                    if (RecordKey.TryParse(shard, key, out _, out var id) && wanted.Contains(id))
                        found.Add((id, key));
                }
            }

            var keys = found.ToLookup(f => f.Id, f => f.Key);
            foreach (var id in wanted) _keys[id] = [.. keys[id]];
        }

        return asked.SelectMany(id => _keys[id].Select(key => (id, key))).ToLookup(k => k.id, k => k.key);
    }
}
