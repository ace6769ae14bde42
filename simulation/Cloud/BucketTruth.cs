using System.Security.Cryptography;

namespace Nstance.Temporal.Simulation.Cloud;

/// <summary>An object of a bucket.</summary>
internal sealed record StoredObject(byte[] Body, string ETag, DateTimeOffset LastModified, string? ContentType)
{
    /// <summary>Is it the version that an <c>If-Match</c> asks for?</summary>
    public bool IsMatch(string asked) => asked == "*" || asked.Trim('"') == ETag.Trim('"');
}

/// <summary>A deletion: which key, when, by which access key (or what the simulation says).</summary>
internal sealed record Deletion(string Bucket, string Key, DateTimeOffset At, string By);

/// <summary>All buckets as they really are.</summary>
internal sealed class BucketTruth(SimulatedCloudOptions options)
{
    private readonly Lock _gate = new();
    private readonly List<Deletion> _deletions = [];
    private readonly Dictionary<string, (SortedSet<string> Keys, Dictionary<string, StoredObject> Objects)> _buckets =
        options.Buckets.ToDictionary(name => name, _ => Empty(), StringComparer.Ordinal);

    public IReadOnlyList<string> Names
    {
        get
        {
            lock (_gate)
                return [.. _buckets.Keys.Order(StringComparer.Ordinal)];
        }
    }

    /// <summary>Every deletion of an object that was there, in order.</summary>
    public IReadOnlyList<Deletion> Deletions
    {
        get
        {
            lock (_gate)
                return [.. _deletions];
        }
    }

    public bool Exists(string bucket)
    {
        lock (_gate)
            return _buckets.ContainsKey(bucket);
    }

    /// <summary>False: it was there already.</summary>
    public bool Create(string bucket)
    {
        lock (_gate)
            return _buckets.TryAdd(bucket, Empty());
    }

    public StoredObject? Get(string bucket, string key)
    {
        lock (_gate)
            return _buckets.TryGetValue(bucket, out var found) ? found.Objects.GetValueOrDefault(key) : null;
    }

    /// <summary>Writes if <paramref name="condition"/>, asked with what is there now, agrees.</summary>
    public StoredObject? Put(
        string bucket, string key, byte[] body, string? contentType = null, Func<StoredObject?, bool>? condition = null)
    {
#pragma warning disable CA5351 // An ETag is an MD5 by S3's contract; nothing is protected by it.
        var etag = $"\"{Convert.ToHexStringLower(MD5.HashData(body))}\"";
#pragma warning restore CA5351
        lock (_gate)
        {
            var (keys, objects) = _buckets[bucket];
            if (condition?.Invoke(objects.GetValueOrDefault(key)) == false)
                return null;
            keys.Add(key);
            return objects[key] = new StoredObject(body, etag, options.Clock.GetUtcNow(), contentType);
        }
    }

    /// <summary>Deletes if <paramref name="condition"/>, asked with what is there now, agrees. False: it was not there, or did not.</summary>
    public bool Delete(string bucket, string key, string by, Func<StoredObject, bool>? condition = null)
    {
        lock (_gate)
        {
            if (!_buckets.TryGetValue(bucket, out var found) || !found.Objects.TryGetValue(key, out var current)
                || condition?.Invoke(current) == false)
                return false;
            found.Objects.Remove(key);
            found.Keys.Remove(key);
            _deletions.Add(new Deletion(bucket, key, options.Clock.GetUtcNow(), by));
            return true;
        }
    }

    /// <summary>Keys under a prefix in order, after <paramref name="after"/>; a copy.</summary>
    public IReadOnlyList<string> Keys(string bucket, string prefix, string after = "", int take = int.MaxValue)
    {
        lock (_gate)
        {
            if (!_buckets.TryGetValue(bucket, out var found))
                return [];
            var from = Utf8Order.Instance.Compare(after, prefix) > 0 ? after : prefix;
            return
            [
                .. found.Keys.GetViewBetween(from, Utf8Order.Last)
                    .SkipWhile(key => after.Length > 0 && Utf8Order.Instance.Compare(key, after) <= 0)
                    .TakeWhile(key => key.StartsWith(prefix, StringComparison.Ordinal))
                    .Take(take),
            ];
        }
    }

    private static (SortedSet<string> Keys, Dictionary<string, StoredObject> Objects) Empty() =>
        (new SortedSet<string>(Utf8Order.Instance), new Dictionary<string, StoredObject>(StringComparer.Ordinal));
}
