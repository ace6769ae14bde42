using System.Text;
using Nstance.Temporal.Activities.Ports;

namespace Nstance.Temporal.Simulation.Chaos;

/// <summary>The plans at the collector's port: calls fail and last, and no secret is among what is written.</summary>
internal sealed class ChaosPlans(ChaosWorld world, ChaosCall call, Invariants invariants, PlanShelf shelf) : IPlanStore
{
    public async Task PutAsync(
        ShardRef shard, string hash, ReadOnlyMemory<byte> plan, CancellationToken cancellationToken)
    {
        await BeforeAsync("put plan");
        invariants.Says(Encoding.UTF8.GetString(plan.Span));
        await shelf.PutAsync(shard, hash, plan, cancellationToken);
        call.After();
    }

    public async Task<byte[]?> GetAsync(ShardRef shard, string hash, CancellationToken cancellationToken)
    {
        await BeforeAsync("get plan");
        return await shelf.GetAsync(shard, hash, cancellationToken);
    }

    public async Task<IReadOnlyDictionary<string, string>> DeleteAsync(
        ShardRef shard, IReadOnlyCollection<string> hashes, CancellationToken cancellationToken)
    {
        await BeforeAsync("delete plans");
        return await shelf.DeleteAsync(shard, hashes, cancellationToken);
    }

    private async Task BeforeAsync(string what)
    {
        await call.BeforeAsync(what, looks: true);
        if (world.Strikes(ChaosEvent.BucketError, "plans", (int)world.Elapsed.TotalMinutes))
            throw new CloudException(CloudFault.Transient, "S3: 503 SlowDown");
    }
}
