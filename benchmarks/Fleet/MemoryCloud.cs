using System.Runtime.CompilerServices;
using Nstance.Temporal.Activities.Aws;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Simulation.Fleet;
using Instances = System.Collections.Generic.IReadOnlyCollection<Nstance.Temporal.Activities.Domain.CloudInstance>;
using Results = System.Collections.Generic.IReadOnlyDictionary<
    string, Nstance.Temporal.Activities.Ports.TerminateResult>;

namespace Nstance.Temporal.Benchmarks.Fleet;

/// <summary>The cloud over a fleet in memory, with EC2's page and batch sizes, so with as many calls.</summary>
internal sealed class MemoryCloud(MeasuredFleet fleet, Calls calls, Action<ShardRef>? onList = null) : ICloud
{
    public const int PageSize = 1000;
    private const int MaxFilterValues = 200;
    private const int MaxSearches = 4;

    private readonly ListInParts _inParts = new();

    public IAsyncEnumerable<IReadOnlyList<CloudInstance>> ListAsync(ShardRef shard, int expected, CancellationToken ct)
    {
        onList?.Invoke(shard);
        return _inParts.ListAsync((part, token) => ListAsync(shard, part, token), Ec2Cloud.PartsOf(expected), ct);
    }

    public Task ProbeAsync(ShardRef shard, CancellationToken ct) => Task.CompletedTask;

    public async Task<DescribeResult> DescribeAsync(IReadOnlyCollection<string> providerIds, CancellationToken ct)
    {
        foreach (var _ in providerIds.Chunk(PageSize)) await calls.MakeAsync(ct);
        var found = providerIds.Distinct().Select(fleet.Find).OfType<Member>()
            .ToDictionary(m => m.ProviderId!, m => fleet.Instance(m));
        var missing = providerIds.Except(found.Keys).ToHashSet();
        return new(found, missing, new Dictionary<string, string>()) { At = DateTimeOffset.UtcNow };
    }

    public async Task<IReadOnlyList<CloudInstance>> FindByInstanceIdAsync(
        ShardRef shard, IReadOnlyCollection<string> instanceIds, CancellationToken ct)
    {
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = MaxSearches, CancellationToken = ct };
        await Parallel.ForEachAsync(
            instanceIds.Chunk(MaxFilterValues), parallel, async (_, token) => await calls.MakeAsync(token));
        return []; // The collector searches for the machines of pre-inserts, and these have none.
    }

    public async Task<Results> TerminateAsync(Instances instances, CancellationToken ct)
    {
        foreach (var chunk in instances.GroupBy(i => i.Zone).SelectMany(zone => zone.Chunk(PageSize)))
        {
            await calls.MakeAsync(ct);
            foreach (var instance in chunk) fleet.End(instance.ProviderId);
        }

        return instances.ToDictionary(i => i.ProviderId, _ => new TerminateResult(TerminateOutcome.Terminated, null));
    }

    public Task<Results> FindProtectedAsync(Instances instances, CancellationToken ct) =>
        throw new NotSupportedException("no run is dry");

    public Task<Results> QuarantineAsync(Instances instances, DateTimeOffset at, CancellationToken ct) =>
        throw new NotSupportedException("no run quarantines");

    public Task ReleaseAsync(CloudInstance instance, DateTimeOffset protectedUntil, CancellationToken ct) =>
        throw new NotSupportedException("no run releases");

    private async IAsyncEnumerable<IReadOnlyList<CloudInstance>> ListAsync(
        ShardRef shard, IdPart part, [EnumeratorCancellation] CancellationToken ct)
    {
        foreach (var page in fleet.MachinesOf(part).Chunk(PageSize))
        {
            await calls.MakeAsync(ct);
            yield return [.. page.Select(member => fleet.Instance(member, shard))];
        }
    }
}
