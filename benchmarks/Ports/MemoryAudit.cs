using Nstance.Temporal.Activities.Ports;

namespace Nstance.Temporal.Benchmarks.Ports;

/// <summary>Takes the audit's objects and keeps none: a phase writes it, and never reads it.</summary>
internal sealed class MemoryAudit(Calls calls) : IAuditStore
{
    public Task PutAsync(ShardRef shard, string key, ReadOnlyMemory<byte> lines, CancellationToken cancellationToken) =>
        calls.MakeAsync(Call.PutAudit, cancellationToken);

    public Task<IReadOnlyList<string>> ListAsync(ShardRef shard, DateOnly day, CancellationToken cancellationToken) =>
        throw new InvalidOperationException("no phase reads the audit");

    public Task<byte[]?> GetAsync(ShardRef shard, string key, CancellationToken cancellationToken) =>
        throw new InvalidOperationException("no phase reads the audit");
}
