using System.Runtime.CompilerServices;
using Nstance.Temporal.Activities.Aws;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Simulation.Cloud;

namespace Nstance.Temporal.Simulation.Chaos;

/// <summary>The cloud at the collector's port. Batches and unknown ids go through the collector's own code.</summary>
/// <param name="call">The attempt.</param>
/// <param name="clock">The clock that the answers carry.</param>
internal sealed class ChaosCloud(ChaosCall call, TimeProvider clock) : ICloud
{
    /// <summary>By this name the collector terminates and deletes.</summary>
    public const string Hand = "collector";

    private static readonly TerminateResult Protected = new(TerminateOutcome.Protected, "protected");

    private readonly ChaosWorld _world = call.World;

    /// <summary>Returns a machine as the collector's port describes it.</summary>
    public static CloudInstance Read(Machine m) => new(
        m.Id, m.StateName, Ec2State.Parse(m.StateName), m.LaunchedAt, m.Zone, null, null, null,
        new Dictionary<string, string>(m.Tags));

    public async IAsyncEnumerable<IReadOnlyList<CloudInstance>> ListAsync(
        ShardRef shard, int expected, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await LookAsync("list");
        var all = Seen().Where(i => i.IsOwn(shard) && i.State != "terminated").ToArray();
        foreach (var page in all.Chunk(_world.Story.Setup.PageSize))
        {
            if (_world.Strikes(ChaosEvent.ShortListing, page[0].ProviderId, call.Count())) continue;
            yield return page;
            await call.BeforeAsync("page", looks: true);
            if (_world.Strikes(ChaosEvent.CutListing, "page", call.Count()))
                throw new CloudException(CloudFault.Transient, "EC2: connection lost");
        }
    }

    public Task ProbeAsync(ShardRef shard, CancellationToken cancellationToken) => LookAsync("probe");

    public async Task<DescribeResult> DescribeAsync(
        IReadOnlyCollection<string> providerIds, CancellationToken cancellationToken)
    {
        var result = await DescribeByIds.RunAsync(providerIds, async ids =>
        {
            await LookAsync("describe");
            var seen = Seen().ToDictionary(i => i.ProviderId);
            var missing = string.Join(", ", ids.Where(id => !seen.ContainsKey(id)));
            if (missing.Length > 0)
                throw new CloudException(CloudFault.Gone, $"The instance IDs '{missing}' do not exist");
            return [.. ids.Select(id => seen[id])];
        });
        return result with { At = clock.GetUtcNow() };
    }

    public async Task<IReadOnlyList<CloudInstance>> FindByInstanceIdAsync(
        ShardRef shard, IReadOnlyCollection<string> instanceIds, CancellationToken cancellationToken)
    {
        await LookAsync("find");
        return [.. Seen().Where(i => i.IsOwn(shard) && i.InstanceId is { } id && instanceIds.Contains(id))];
    }

    public Task<IReadOnlyDictionary<string, TerminateResult>> TerminateAsync(
        IReadOnlyCollection<CloudInstance> instances, CancellationToken cancellationToken) =>
        new TerminateInBatches(TerminateAsync, ids => DescribeAsync(ids, cancellationToken), _world.Clock)
            .RunAsync(instances);

    public async Task<IReadOnlyDictionary<string, TerminateResult>> FindProtectedAsync(
        IReadOnlyCollection<CloudInstance> instances, CancellationToken cancellationToken)
    {
        await call.BeforeAsync("protection", looks: true);
        return instances.Where(i => IsProtected(i.ProviderId)).ToDictionary(i => i.ProviderId, _ => Protected);
    }

    public async Task<IReadOnlyDictionary<string, TerminateResult>> QuarantineAsync(
        IReadOnlyCollection<CloudInstance> instances, DateTimeOffset at, CancellationToken cancellationToken)
    {
        await call.BeforeAsync("quarantine", looks: false);
        var results = new Dictionary<string, TerminateResult>();
        foreach (var id in instances.Select(i => i.ProviderId))
        {
            results[id] = IsProtected(id) ? Protected : new(TerminateOutcome.Quarantined, null);
            if (IsProtected(id)) continue;
            _world.Must.Ends(id, call.Bounds);
            _world.SetTag(id, CloudTags.GcQuarantined, new QuarantineTag(at).ToString());
            if (_world.Strikes(ChaosEvent.DenyTermination, id, 0))
                results[id] = new(TerminateOutcome.Failed, "EC2: not authorized to stop it");
            else _world.Ec2.Stop(id);
        }

        call.After();
        return results;
    }

    public Task ReleaseAsync(
        CloudInstance instance, DateTimeOffset protectedUntil, CancellationToken cancellationToken) =>
        throw new NotSupportedException("no story has a person who releases");

    private async Task<IReadOnlySet<string>> TerminateAsync(IReadOnlyList<string> ids)
    {
        await call.BeforeAsync("terminate", looks: false);
        call.CloudFaults("terminate");
        if (ids.FirstOrDefault(id => _world.Strikes(ChaosEvent.DenyTermination, id, 0)) is { } denied)
        {
            throw new CloudException(CloudFault.Denied, $"EC2: not authorized for {denied}")
            {
                Code = "UnauthorizedOperation",
            };
        }

        if (ids.FirstOrDefault(IsProtected) is { } shielded)
            throw new CloudException(CloudFault.Protected, $"The instance '{shielded}' may not be terminated");
        foreach (var id in ids)
        {
            _world.Must.Ends(id, call.Bounds);
            _world.Must.HaveWaited(id, call.Bounds);
            _world.Ec2.Terminate(id, Hand);
        }

        call.After();
        return ids.Where(id => !_world.Strikes(ChaosEvent.OmitTermination, id, call.Count())).ToHashSet();
    }

    private async Task LookAsync(string action)
    {
        await call.BeforeAsync(action, looks: true);
        call.CloudFaults(action);
    }

    private bool IsProtected(string providerId) => _world.Ec2.Find(providerId)!.TerminationProtected;

    private IEnumerable<CloudInstance> Seen() => _world.Shown(_world.Now - _world.Lag).Select(Read);
}
