using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Simulation.Chaos;

namespace Nstance.Temporal.Tests.Support;

/// <summary>A shard's plans, in memory, with faults.</summary>
internal sealed class FakePlanStore : IPlanStore
{
    private readonly PlanShelf _shelf = new();

    public Dictionary<string, byte[]> Objects => _shelf.Plans;

    /// <summary>The fault of every call; null for none.</summary>
    public CloudException? Fault { get; set; }

    public int Calls { get; private set; }

    public Task PutAsync(ShardRef shard, string hash, ReadOnlyMemory<byte> plan, CancellationToken cancellationToken) =>
        Called().PutAsync(shard, hash, plan, cancellationToken);

    public Task<byte[]?> GetAsync(ShardRef shard, string hash, CancellationToken cancellationToken) =>
        Called().GetAsync(shard, hash, cancellationToken);

    public Task<IReadOnlyDictionary<string, string>> DeleteAsync(
        ShardRef shard, IReadOnlyCollection<string> hashes, CancellationToken cancellationToken) =>
        Called().DeleteAsync(shard, hashes, cancellationToken);

    private PlanShelf Called()
    {
        Calls++;
        return Fault is { } fault ? throw fault : _shelf;
    }
}
