using System.Runtime.CompilerServices;
using Nstance.Temporal.Activities.Aws;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Ports;

namespace Nstance.Temporal.Simulation.Chaos;

/// <summary>The cloud at the collector's port. Batches and unknown ids go through the collector's own code for them.</summary>
internal sealed class ChaosCloud(ChaosWorld world, ChaosCall call, Invariants invariants, Bounds bounds) : ICloud
{
    public async IAsyncEnumerable<IReadOnlyList<CloudInstance>> ListAsync(
        ShardRef shard, int expected, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await call.BeforeAsync("list", looks: true);
        call.CloudFaults("list");
        var all = Seen().Where(i => i.IsOwn(shard) && i.State != "terminated").ToArray();
        foreach (var page in all.Chunk(world.Story.Setup.PageSize))
        {
            if (world.Strikes(Deed.ShortListing, page[0].ProviderId, call.Count())) continue;
            yield return page;
            await call.BeforeAsync("page", looks: true);
            if (world.Strikes(Deed.CutListing, "page", call.Count()))
                throw new CloudException(CloudFault.Transient, "EC2: connection lost");
        }
    }

    public async Task ProbeAsync(ShardRef shard, CancellationToken cancellationToken)
    {
        await call.BeforeAsync("probe", looks: true);
        call.CloudFaults("probe");
    }

    public Task<DescribeResult> DescribeAsync(IReadOnlyCollection<string> providerIds, CancellationToken cancellationToken) =>
        DescribeByIds.RunAsync(providerIds, async ids =>
        {
            await call.BeforeAsync("describe", looks: true);
            call.CloudFaults("describe");
            var seen = Seen().ToDictionary(i => i.ProviderId);
            if (ids.Where(id => !seen.ContainsKey(id)).ToArray() is { Length: > 0 } missing)
                throw new CloudException(CloudFault.Gone, $"The instance IDs '{string.Join(", ", missing)}' do not exist");
            return [.. ids.Select(id => seen[id])];
        });

    public async Task<IReadOnlyList<CloudInstance>> FindByInstanceIdAsync(
        ShardRef shard, IReadOnlyCollection<string> instanceIds, CancellationToken cancellationToken)
    {
        await call.BeforeAsync("find", looks: true);
        call.CloudFaults("find");
        return [.. Seen().Where(i => i.IsOwn(shard) && i.InstanceId is { } id && instanceIds.Contains(id))];
    }

    public Task<IReadOnlyDictionary<string, TerminateResult>> TerminateAsync(
        IReadOnlyCollection<CloudInstance> instances, CancellationToken cancellationToken) =>
        new TerminateInBatches(TerminateAsync, ids => DescribeAsync(ids, cancellationToken), world.Clock).RunAsync(instances);

    public async Task<IReadOnlyDictionary<string, TerminateResult>> FindProtectedAsync(
        IReadOnlyCollection<CloudInstance> instances, CancellationToken cancellationToken)
    {
        await call.BeforeAsync("protection", looks: true);
        return instances.Where(i => world.Machines[i.ProviderId].ApiProtected)
            .ToDictionary(i => i.ProviderId, _ => new TerminateResult(TerminateOutcome.Protected, "protected"));
    }

    public async Task<IReadOnlyDictionary<string, TerminateResult>> QuarantineAsync(
        IReadOnlyCollection<CloudInstance> instances, DateTimeOffset at, CancellationToken cancellationToken)
    {
        await call.BeforeAsync("quarantine", looks: false);
        var results = new Dictionary<string, TerminateResult>();
        foreach (var machine in instances.Select(i => world.Machines[i.ProviderId]))
        {
            if (machine.ApiProtected)
            {
                results[machine.ProviderId] = new(TerminateOutcome.Protected, "protected");
                continue;
            }

            invariants.Ends(machine, bounds);
            machine.Tags[CloudTags.GcQuarantined] = $"{at:yyyy-MM-ddTHH:mm:ssZ}";
            machine.Stop(world.Now);
            results[machine.ProviderId] = new(TerminateOutcome.Quarantined, null);
        }

        call.After();
        return results;
    }

    public Task ReleaseAsync(string providerId, DateTimeOffset protectedUntil, CancellationToken cancellationToken) =>
        throw new NotSupportedException("no story has a person who releases");

    private async Task<IReadOnlySet<string>> TerminateAsync(IReadOnlyList<string> ids)
    {
        await call.BeforeAsync("terminate", looks: false);
        call.CloudFaults("terminate");
        if (ids.FirstOrDefault(id => world.Strikes(Deed.RefusedEnd, id, 0)) is { } refused)
            throw new CloudException(CloudFault.Denied, $"EC2: not authorized for {refused}") { Code = "UnauthorizedOperation" };
        if (ids.Where(id => world.Machines[id].ApiProtected).ToArray() is { Length: > 0 } shielded)
            throw new CloudException(CloudFault.Protected, $"The instance '{shielded[0]}' may not be terminated");
        foreach (var id in ids)
        {
            invariants.Ends(world.Machines[id], bounds);
            world.Machines[id].Terminate(world.Now);
        }

        call.After();
        return ids.Where(id => !world.Strikes(Deed.LeftOutEnd, id, call.Count())).ToHashSet();
    }

    private IEnumerable<CloudInstance> Seen() =>
        world.Machines.Values.Select(m => m.SeenAt(world.Now - world.Lag)).OfType<CloudInstance>();
}
