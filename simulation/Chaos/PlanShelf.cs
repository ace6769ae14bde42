using Nstance.Temporal.Activities.Ports;

namespace Nstance.Temporal.Simulation.Chaos;

/// <summary>Plans in memory, for every host.</summary>
internal sealed class PlanShelf : IPlanStore
{
    public Dictionary<string, byte[]> Plans { get; } = [];

    public Task PutAsync(ShardRef shard, string hash, ReadOnlyMemory<byte> plan, CancellationToken cancellationToken)
    {
        Plans[hash] = plan.ToArray();
        return Task.CompletedTask;
    }

    public Task<byte[]?> GetAsync(ShardRef shard, string hash, CancellationToken cancellationToken) =>
        Task.FromResult(Plans.GetValueOrDefault(hash));

    public Task<IReadOnlyDictionary<string, string>> DeleteAsync(
        ShardRef shard, IReadOnlyCollection<string> hashes, CancellationToken cancellationToken)
    {
        foreach (var hash in hashes) Plans.Remove(hash);
        return Task.FromResult<IReadOnlyDictionary<string, string>>(new Dictionary<string, string>());
    }
}
