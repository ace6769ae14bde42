using System.Collections.Concurrent;

namespace Nstance.Temporal.Activities.Aws;

/// <summary>
/// The buckets whose store refuses <c>DeleteObjects</c>, for example because the SDK sends no Content-MD5. Their
/// objects are deleted one by one. All shards of a process share it; thread-safe.
/// </summary>
/// <param name="notice">Takes one sentence for each such bucket.</param>
internal sealed class SingleDeletes(Action<string> notice)
{
    private readonly ConcurrentDictionary<string, bool> _buckets = new(StringComparer.Ordinal);

    public bool Contains(string bucket) => _buckets.ContainsKey(bucket);

    /// <summary>Remembers a bucket until the process ends, and notes it once.</summary>
    public void Add(string bucket, string why)
    {
        if (!_buckets.TryAdd(bucket, true)) return;
        notice($"the store of bucket {bucket} refuses DeleteObjects ({why}); objects are deleted one by one");
    }
}
