using System.Runtime.CompilerServices;
using Nstance.Temporal.Activities.Aws;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Ports;

namespace Nstance.Temporal.Benchmarks.Fleet;

/// <summary>The cloud over a fleet in memory, with EC2's page and batch sizes, so with as many calls.</summary>
/// <param name="fleet">The machines; the same for every shard that asks.</param>
/// <param name="calls">Counts, and makes wait.</param>
/// <param name="listed">Called when a shard begins to list.</param>
internal sealed class MemoryCloud(MeasuredFleet fleet, Calls calls, Action<ShardRef>? listed = null) : ICloud
{
    private const int PageSize = 1000;
    private const int MaxFilterValues = 200;
    private const int MaxSearches = 4;

    private readonly ListInParts _inParts = new();

    public IAsyncEnumerable<IReadOnlyList<CloudInstance>> ListAsync(
        ShardRef shard, int expected, CancellationToken cancellationToken)
    {
        listed?.Invoke(shard);
        return _inParts.ListAsync(
            (part, ct) => ListAsync(shard, part, ct), Ec2Cloud.PartsOf(expected), cancellationToken);
    }

    public Task ProbeAsync(ShardRef shard, CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task<DescribeResult> DescribeAsync(
        IReadOnlyCollection<string> providerIds, CancellationToken cancellationToken)
    {
        foreach (var _ in providerIds.Chunk(PageSize)) await calls.MakeAsync(Calls.Describe, cancellationToken);
        var found = providerIds.Distinct().Where(id => fleet.ByProvider(id) is not null)
            .ToDictionary(id => id, id => fleet.Instance(fleet.ByProvider(id)!.Value, fleet.Shard));
        return new DescribeResult(
            found, providerIds.Where(id => !found.ContainsKey(id)).ToHashSet(), new Dictionary<string, string>())
        {
            At = TimeProvider.System.GetUtcNow(),
        };
    }

    public async Task<IReadOnlyList<CloudInstance>> FindByInstanceIdAsync(
        ShardRef shard, IReadOnlyCollection<string> instanceIds, CancellationToken cancellationToken)
    {
        await Parallel.ForEachAsync(
            instanceIds.Chunk(MaxFilterValues), new ParallelOptions { MaxDegreeOfParallelism = MaxSearches },
            async (_, ct) => await calls.MakeAsync(Calls.Describe, ct));
        return
        [
            .. instanceIds.Select(fleet.ById).OfType<int>().Where(number => fleet.HasMachine(fleet.Members[number]))
                .Select(number => fleet.Instance(number, shard)),
        ];
    }

    public async Task<IReadOnlyDictionary<string, TerminateResult>> TerminateAsync(
        IReadOnlyCollection<CloudInstance> instances, CancellationToken cancellationToken)
    {
        foreach (var chunk in instances.GroupBy(i => i.Zone).SelectMany(zone => zone.Chunk(PageSize)))
        {
            await calls.MakeAsync(Calls.Terminate, cancellationToken);
            foreach (var number in chunk.Select(i => fleet.ByProvider(i.ProviderId)).OfType<int>()) fleet.End(number);
        }

        return instances.ToDictionary(i => i.ProviderId, _ => new TerminateResult(TerminateOutcome.Terminated, null));
    }

    public Task<IReadOnlyDictionary<string, TerminateResult>> FindProtectedAsync(
        IReadOnlyCollection<CloudInstance> instances, CancellationToken cancellationToken) =>
        throw new NotSupportedException("no run is dry");

    public Task<IReadOnlyDictionary<string, TerminateResult>> QuarantineAsync(
        IReadOnlyCollection<CloudInstance> instances, DateTimeOffset at, CancellationToken cancellationToken) =>
        throw new NotSupportedException("no run quarantines");

    public Task ReleaseAsync(string providerId, DateTimeOffset protectedUntil, CancellationToken cancellationToken) =>
        throw new NotSupportedException("no run releases");

    private async IAsyncEnumerable<IReadOnlyList<CloudInstance>> ListAsync(
        ShardRef shard, IdPart part, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var page in fleet.MachinesOf(part).Chunk(PageSize))
        {
            await calls.MakeAsync(Calls.Describe, cancellationToken);
            yield return [.. page.Select(number => fleet.Instance(number, shard))];
        }
    }
}
