using System.Globalization;

namespace Nstance.Temporal.Activities.Ports;

/// <summary>
/// The shard's audit in the bucket: objects of JSON lines, one folder for each day. Objects are added, never changed or
/// deleted (a rule of the bucket may expire them). All calls are safe to retry and throw
/// <see cref="CloudException"/> when they fail.
/// </summary>
internal interface IAuditStore
{
    /// <summary>Puts an object of lines; the same key has the same content.</summary>
    Task PutAsync(ShardRef shard, string key, ReadOnlyMemory<byte> lines, CancellationToken cancellationToken);

    /// <summary>Keys of a day, in order.</summary>
    Task<IReadOnlyList<string>> ListAsync(ShardRef shard, DateOnly day, CancellationToken cancellationToken);

    /// <summary>An object of the audit; null: it is gone.</summary>
    Task<byte[]?> GetAsync(ShardRef shard, string key, CancellationToken cancellationToken);
}

/// <summary>Keys of the audit.</summary>
internal static class AuditKey
{
    public static string Prefix(ShardRef shard) => ShardKeys.Root(shard) + "gc/audit/";

    public static string Day(ShardRef shard, DateOnly day) =>
        Prefix(shard) + day.ToString("yyyy'/'MM'/'dd'/'", CultureInfo.InvariantCulture);

    /// <summary>
    /// The name orders a second's objects and holds a hash of the lines: the same lines have the same key.
    /// </summary>
    public static string For(ShardRef shard, DateTimeOffset at, string name) =>
        $"{Day(shard, DateOnly.FromDateTime(at.UtcDateTime))}{at.UtcDateTime:HHmmss}-{name}.jsonl";
}
