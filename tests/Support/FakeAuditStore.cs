using System.Text;
using Nstance.Temporal.Activities.Audit;
using Nstance.Temporal.Activities.Ports;

namespace Nstance.Temporal.Tests.Support;

/// <summary>The audit of a shard, in memory.</summary>
internal sealed class FakeAuditStore : IAuditStore
{
    public SortedDictionary<string, byte[]> Objects { get; } = new(StringComparer.Ordinal);

    /// <summary>The fault of every put; null for none.</summary>
    public CloudException? PutFault { get; set; }

    /// <summary>Runs before each put: to change the world, or the time, while the audit is written.</summary>
    public Action? BeforePut { get; set; }

    /// <summary>
    /// Every line, each once, as readers order them: by cycle, and within it in the order of the objects.
    /// </summary>
    public IReadOnlyList<AuditEntry> Entries =>
        [.. Objects.Values
            .SelectMany(o => Encoding.UTF8.GetString(o).Split('\n', StringSplitOptions.RemoveEmptyEntries))
            .Select(line => AuditEntry.Parse(line)!).DistinctBy(e => e.Id).OrderBy(e => e.At)];

    /// <summary>Returns the actions of one instance, in order.</summary>
    public IReadOnlyList<string> Of(string instance) =>
        [.. Entries.Where(e => e.Instance == instance).Select(e => e.Action)];

    public Task PutAsync(ShardRef shard, string key, ReadOnlyMemory<byte> lines, CancellationToken cancellationToken)
    {
        BeforePut?.Invoke();
        if (PutFault is not null) throw PutFault;
        Assert.StartsWith($"shard/{shard.Shard}/gc/audit/", key, StringComparison.Ordinal);
        Objects[key] = lines.ToArray();
        return Task.CompletedTask;
    }

    public Task<IReadOnlyList<string>> ListAsync(ShardRef shard, DateOnly day, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<string>>(
            [.. Objects.Keys.Where(k => k.StartsWith(AuditKey.Day(shard, day), StringComparison.Ordinal))]);

    public Task<byte[]?> GetAsync(ShardRef shard, string key, CancellationToken cancellationToken) =>
        Task.FromResult(Objects.GetValueOrDefault(key));
}
