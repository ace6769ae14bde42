using System.Runtime.CompilerServices;
using Nstance.Temporal.Activities.Cloud;
using Nstance.Temporal.Workflows.Contracts;

namespace Nstance.Temporal.Simulation.Chaos;

/// <summary>The cloud at the collector's port. Batches and unknown ids go through the collector's own code for them.</summary>
internal sealed class ChaosCloud(ChaosWorld world, ChaosCall call, Invariants invariants) : ICloud
{
    public async IAsyncEnumerable<IReadOnlyList<CloudInstance>> ListAsync(
        ShardRef shard, [EnumeratorCancellation] CancellationToken cancellationToken)
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

    public Task<IReadOnlyDictionary<string, EndResult>> TerminateAsync(
        IReadOnlyCollection<CloudInstance> instances, CancellationToken cancellationToken) =>
        new TerminateInBatches(TerminateAsync, ids => DescribeAsync(ids, cancellationToken)).RunAsync(instances);

    public async Task<IReadOnlyDictionary<string, EndResult>> QuarantineAsync(
        IReadOnlyCollection<CloudInstance> instances, DateTimeOffset at, CancellationToken cancellationToken)
    {
        await call.BeforeAsync("quarantine", looks: false);
        var results = new Dictionary<string, EndResult>();
        foreach (var machine in instances.Select(i => world.Machines[i.ProviderId]))
        {
            if (machine.ApiProtected)
            {
                results[machine.ProviderId] = new(EndOutcome.Protected, "protected");
                continue;
            }

            invariants.Ends(machine);
            machine.Tags[CloudTags.GcQuarantined] = $"{at:yyyy-MM-ddTHH:mm:ssZ}";
            machine.Stop(world.Now);
            results[machine.ProviderId] = new(EndOutcome.Quarantined, null);
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
            invariants.Ends(world.Machines[id]);
            world.Machines[id].Terminate(world.Now);
        }

        call.After();
        return ids.Where(id => !world.Strikes(Deed.LeftOutEnd, id, call.Count())).ToHashSet();
    }

    private IEnumerable<CloudInstance> Seen() =>
        world.Machines.Values.Select(m => m.SeenAt(world.Now - world.Lag)).OfType<CloudInstance>();
}

/// <summary>The bucket at the collector's port. Reads may run in parallel: what strikes them depends on their key alone.</summary>
internal sealed class ChaosBucket(ChaosWorld world, ChaosCall call, Invariants invariants) : Activities.Records.IRecordStore
{
    private readonly int _time = (int)world.Elapsed.TotalMinutes;

    public async IAsyncEnumerable<IReadOnlyList<Activities.Records.RecordObject>> ListAsync(
        ShardRef shard, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await call.BeforeAsync("list records", looks: true);
        Fail("list records");
        foreach (var page in world.Bucket.Select(o => new Activities.Records.RecordObject(o.Key, $"{o.Value.Version}")).ToArray().Chunk(50))
        {
            yield return page;
            Fail("page of records");
        }
    }

    public Task<Activities.Records.RecordRead> GetAsync(ShardRef shard, string key, CancellationToken cancellationToken)
    {
        Fail(key);
        if (!world.Bucket.TryGetValue(key, out var found)) return Task.FromResult<Activities.Records.RecordRead>(new Activities.Records.RecordRead.Missing());
        return Task.FromResult<Activities.Records.RecordRead>(
            Activities.Domain.InstanceRecord.TryParse(System.Text.Encoding.UTF8.GetBytes(found.Body), out var record, out var why)
                ? new Activities.Records.RecordRead.Found(record!, $"{found.Version}")
                : new Activities.Records.RecordRead.Invalid(why!));
    }

    public async Task<IReadOnlyDictionary<string, string>> DeleteAsync(
        ShardRef shard, IReadOnlyCollection<string> keys, CancellationToken cancellationToken)
    {
        await call.BeforeAsync("delete records", looks: false);
        if (world.Strikes(Deed.BucketError, "delete", _time)) return keys.ToDictionary(k => k, _ => "S3: 503");
        var failed = new Dictionary<string, string>();
        foreach (var key in keys)
        {
            if (world.Strikes(Deed.BucketRefusesDelete, key, _time))
            {
                failed[key] = "S3: AccessDenied";
                continue;
            }

            invariants.DeletesRecord(key);
            world.Bucket.Remove(key);
        }

        call.After();
        return failed;
    }

    public async Task<byte[]?> GetConfigAsync(ShardRef shard, CancellationToken cancellationToken)
    {
        await call.BeforeAsync("config", looks: true);
        Fail("config");
        return System.Text.Encoding.UTF8.GetBytes(world.Config);
    }

    private void Fail(string what)
    {
        if (world.Strikes(Deed.BucketError, what, _time)) throw new CloudException(CloudFault.Transient, "S3: 503 SlowDown");
    }
}
