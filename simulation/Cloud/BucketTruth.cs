using System.Security.Cryptography;

namespace Nstance.Temporal.Simulation.Cloud;

/// <summary>An object of a bucket.</summary>
internal sealed record StoredObject(byte[] Body, string ETag, DateTimeOffset LastModified);

/// <summary>A deletion: which key, when, by which access key (or name of the simulation).</summary>
internal sealed record Deletion(string Bucket, string Key, DateTimeOffset At, string By);

/// <summary>All buckets as they really are.</summary>
internal sealed class BucketTruth(SimulatedCloudOptions options)
{
    private readonly Lock _gate = new();
    private readonly List<Deletion> _deletions = [];
    private readonly Dictionary<string, Contents> _buckets =
        options.Buckets.ToDictionary(name => name, _ => new Contents(), StringComparer.Ordinal);

    /// <summary>Gets every deletion of an object that was there, in order.</summary>
    public IReadOnlyList<Deletion> Deletions
    {
        get { lock (_gate) return [.. _deletions]; }
    }

    public bool Exists(string bucket) => _buckets.ContainsKey(bucket);

    public StoredObject? Get(string bucket, string key)
    {
        lock (_gate) return _buckets.GetValueOrDefault(bucket)?.Objects.GetValueOrDefault(key);
    }

    public StoredObject Put(string bucket, string key, byte[] body)
    {
#pragma warning disable CA5351 // An ETag is an MD5 by S3's contract; nothing is protected by it.
        var etag = $"\"{Convert.ToHexStringLower(MD5.HashData(body))}\"";
#pragma warning restore CA5351
        lock (_gate)
        {
            var contents = _buckets[bucket];
            contents.Keys.Add(key);
            return contents.Objects[key] = new StoredObject(body, etag, options.Clock.GetUtcNow());
        }
    }

    public void Delete(string bucket, string key, string by)
    {
        lock (_gate)
        {
            if (!_buckets.TryGetValue(bucket, out var contents) || !contents.Objects.Remove(key)) return;
            contents.Keys.Remove(key);
            _deletions.Add(new Deletion(bucket, key, options.Clock.GetUtcNow(), by));
        }
    }

    /// <summary>Returns a copy of the keys under a prefix in order, after <paramref name="after"/>.</summary>
    public IReadOnlyList<string> Keys(string bucket, string prefix, string after = "", int take = int.MaxValue)
    {
        lock (_gate)
        {
            if (!_buckets.TryGetValue(bucket, out var contents)) return [];
            var from = Utf8Order.Instance.Compare(after, prefix) > 0 ? after : prefix;
            return
            [
                .. contents.Keys.GetViewBetween(from, Utf8Order.Last)
                    .SkipWhile(key => after.Length > 0 && Utf8Order.Instance.Compare(key, after) <= 0)
                    .TakeWhile(key => key.StartsWith(prefix, StringComparison.Ordinal))
                    .Take(take),
            ];
        }
    }

    private sealed class Contents
    {
        public SortedSet<string> Keys { get; } = new(Utf8Order.Instance);

        public Dictionary<string, StoredObject> Objects { get; } = new(StringComparer.Ordinal);
    }
}
