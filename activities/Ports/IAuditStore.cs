using System.Globalization;

namespace Nstance.Temporal.Activities.Ports;

/// <summary>
/// The shard's audit in the bucket: objects of JSON lines, a folder for each day. Objects are never changed or deleted;
/// a rule of the bucket may expire them. All calls are safe to retry and throw <see cref="CloudException"/>.
/// </summary>
internal interface IAuditStore
{
    /// <summary>Writes an object of lines. The same key always has the same content.</summary>
    Task PutAsync(ShardRef shard, string key, ReadOnlyMemory<byte> lines, CancellationToken ct);

    /// <summary>Returns the keys of a day, in order.</summary>
    Task<IReadOnlyList<string>> ListAsync(ShardRef shard, DateOnly day, CancellationToken ct);

    /// <summary>Reads an object; null if it no longer exists.</summary>
    Task<byte[]?> GetAsync(ShardRef shard, string key, CancellationToken ct);
}

/// <summary>Keys of the audit.</summary>
internal static class AuditKey
{
    public static string Prefix(ShardRef shard) => ShardKeys.Root(shard) + "gc/audit/";

    public static string Day(ShardRef shard, DateOnly day) =>
        Prefix(shard) + day.ToString("yyyy'/'MM'/'dd'/'", CultureInfo.InvariantCulture);

    /// <summary>Returns a key. The name orders the objects of a second and holds a hash of the lines.</summary>
    public static string For(ShardRef shard, DateTimeOffset at, string name) =>
        $"{Day(shard, DateOnly.FromDateTime(at.UtcDateTime))}{at.UtcDateTime:HHmmss}-{name}.jsonl";
}
