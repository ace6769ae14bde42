using System.Text;
using Nstance.Temporal.Activities.Audit;
using Nstance.Temporal.Activities.Ports;

namespace Nstance.Temporal.Simulation.Chaos;

/// <summary>The audit at the collector's port: only written, and searched for secrets and announcements.</summary>
internal sealed class ChaosAudit(ChaosWorld world, ChaosCall call, Invariants invariants) : IAuditStore
{
    public async Task PutAsync(
        ShardRef shard, string key, ReadOnlyMemory<byte> lines, CancellationToken cancellationToken)
    {
        // The call may last: the collector must read evidence again before it terminates.
        await call.BeforeAsync("put audit", looks: true);
        if (world.Strikes(ChaosEvent.BucketError, "audit", (int)world.Elapsed.TotalMinutes))
            throw new CloudException(CloudFault.Transient, "S3: 503 SlowDown");
        var text = Encoding.UTF8.GetString(lines.Span);
        invariants.Says(text);
        foreach (var entry in text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(AuditEntry.Parse))
        {
            if (entry is { Action: "terminating" or "quarantining", ProviderId: { } provider })
                world.Announced.Add(provider);
        }

        call.After();
    }

    public Task<IReadOnlyList<string>> ListAsync(ShardRef shard, DateOnly day, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<string>>([]);

    public Task<byte[]?> GetAsync(ShardRef shard, string key, CancellationToken cancellationToken) =>
        Task.FromResult<byte[]?>(null);
}
