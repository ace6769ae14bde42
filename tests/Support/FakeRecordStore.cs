using System.Runtime.CompilerServices;
using System.Text;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Ports;

namespace Nstance.Temporal.Tests.Support;

/// <summary>A shard's part of a bucket, in memory.</summary>
internal sealed class FakeRecordStore : IRecordStore
{
    /// <summary>Bytes by key. The ETag is made from them.</summary>
    public Dictionary<string, byte[]> Objects { get; } = [];

    public byte[]? Config { get; set; }

    /// <summary>Content of <c>leader.json</c>. Default null: no leader file.</summary>
    public Func<byte[]?> Leader { get; set; } = () => null;

    public CloudException? LeaderFault { get; set; }

    public CloudException? ListFault { get; set; }

    public CloudException? ConfigFault { get; set; }

    /// <summary>Keys whose reading fails with <see cref="CloudFault.Transient"/>.</summary>
    public HashSet<string> Unreadable { get; } = [];

    /// <summary>Keys whose reading fails with <see cref="CloudFault.Denied"/>.</summary>
    public HashSet<string> Refused { get; } = [];

    /// <summary>Keys whose deletion fails.</summary>
    public HashSet<string> Undeletable { get; } = [];

    /// <summary>Runs when a listing begins: to change the world meanwhile.</summary>
    public Action? BeforeList { get; set; }

    /// <summary>The fault of the next call that deletes, such as a cancellation.</summary>
    public Exception? DeleteFault { get; set; }

    public List<string> Reads { get; } = [];

    /// <summary>Keys that a caller asked to delete, in order.</summary>
    public List<string> Deletes { get; } = [];

    public void Put(string key, string text) => Objects[key] = Encoding.UTF8.GetBytes(text);

    public async IAsyncEnumerable<IReadOnlyList<RecordObject>> ListAsync(
        ShardRef shard, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        BeforeList?.Invoke();
        var listed = Objects.Keys.Where(k => k.StartsWith(RecordKey.Prefix(shard), StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(k => new RecordObject(k, ETag(k)))
            .Chunk(1000)
            .ToList();
        foreach (var page in listed)
        {
            yield return page;
            if (ListFault is not null) throw ListFault;
        }

        if (ListFault is not null) throw ListFault;
    }

    public Task<RecordRead> GetAsync(ShardRef shard, string key, CancellationToken cancellationToken)
    {
        lock (Reads) Reads.Add(key);
        if (Unreadable.Contains(key)) throw new CloudException(CloudFault.Transient, $"{key}: no answer");
        if (Refused.Contains(key)) throw new CloudException(CloudFault.Denied, $"{key}: refused");
        if (!Objects.TryGetValue(key, out var bytes)) return Task.FromResult<RecordRead>(new RecordRead.Missing());
        return Task.FromResult(RecordRead.Parse(shard, key, bytes, ETag(key)));
    }

    public Task<IReadOnlyDictionary<string, string>> DeleteAsync(
        ShardRef shard, IReadOnlyCollection<string> keys, CancellationToken cancellationToken)
    {
        if (DeleteFault is { } fault)
        {
            DeleteFault = null;
            throw fault;
        }

        var failed = new Dictionary<string, string>();
        foreach (var key in keys)
        {
            Assert.StartsWith(RecordKey.Prefix(shard), key, StringComparison.Ordinal);
            Deletes.Add(key);
            if (Undeletable.Contains(key)) failed[key] = "no answer";
            else Objects.Remove(key);
        }

        return Task.FromResult<IReadOnlyDictionary<string, string>>(failed);
    }

    public Task<byte[]?> GetConfigAsync(ShardRef shard, CancellationToken cancellationToken) =>
        ConfigFault is null ? Task.FromResult(Config) : throw ConfigFault;

    public Task<byte[]?> GetLeaderAsync(ShardRef shard, CancellationToken cancellationToken) =>
        LeaderFault is null ? Task.FromResult(Leader()) : throw LeaderFault;

    private string ETag(string key) =>
        Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(Objects[key]))[..32];
}
