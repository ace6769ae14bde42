using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Activities.Rules;

namespace Nstance.Temporal.Simulation.Chaos;

/// <summary>The same ports for every region and timeout.</summary>
internal sealed class Connections(ICloud cloud, IRecordStore records, IAuditStore audit, IPlanStore plans)
    : IConnections
{
    public string Provider => "aws";

    public ICloud Cloud(string? region, TimeSpan requestTimeout) => cloud;

    public IRecordStore Records(TimeSpan requestTimeout) => records;

    public IAuditStore Audit(TimeSpan requestTimeout) => audit;

    public IPlanStore Plans(TimeSpan requestTimeout) => plans;
}

/// <summary>Plans in memory, for every host.</summary>
internal sealed class PlanShelf : IPlanStore
{
    public Dictionary<string, byte[]> Plans { get; } = [];

    /// <summary>Returns a plan; null: it is missing.</summary>
    public Plan? Find(string hash) => Plans.TryGetValue(hash, out var bytes) ? Plan.Read(bytes, hash) : null;

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
