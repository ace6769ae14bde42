using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Amazon.EC2;
using Amazon.EC2.Model;
using InstanceStatus = Nstance.Temporal.Activities.Domain.InstanceStatus;

namespace Nstance.Temporal.Activities.Aws;

/// <summary>EC2 in one region as the collector's cloud.</summary>
internal sealed class Ec2Cloud(IAmazonEC2 client, AwsCall aws, ListInParts inParts) : ICloud
{
    private const int PageSize = 1000;
    private const int MaxFilterValues = 200;

    /// <summary>The smallest page that EC2 gives.</summary>
    private const int ProbePageSize = 5;

    private const int MaxParallel = 4;

    /// <summary>Number of instances that justifies another part of a listing (ADR 0014).</summary>
    private const int InstancesForPart = 4_000;

    public IAsyncEnumerable<IReadOnlyList<CloudInstance>> ListAsync(
        ShardRef shard, int expected, CancellationToken ct) =>
        inParts.ListAsync((part, token) => ListAsync(shard, part, token), PartsOf(expected), ct);

    internal static int PartsOf(int instances) => Math.Clamp(instances / InstancesForPart, 1, ListInParts.MaxParts);

    public Task ProbeAsync(ShardRef shard, CancellationToken ct)
    {
        var request = OwnInstances(shard, new Filter("instance-state-name", [.. Ec2State.NotTerminated]));
        request.MaxResults = ProbePageSize;
        return aws.RunAsync(client.DescribeInstancesAsync, request, ct);
    }

    public async Task<DescribeResult> DescribeAsync(IReadOnlyCollection<string> providerIds, CancellationToken ct)
    {
        DateTimeOffset? earliest = null;
        var result = await DescribeByIds.RunAsync(providerIds, async ids =>
        {
            var instances = new List<CloudInstance>();
            var request = new DescribeInstancesRequest { InstanceIds = [.. ids] };
            await foreach (var page in PagesAsync(request, ct)) instances.AddRange(page);
            if (AnswerTimes.Of(request) is { } time && !(time >= earliest)) earliest = time;
            return instances;
        });
        return result with { At = earliest };
    }

    public async Task<IReadOnlyList<CloudInstance>> FindByInstanceIdAsync(
        ShardRef shard, IReadOnlyCollection<string> instanceIds, CancellationToken ct)
    {
        var asked = instanceIds.ToHashSet();
        var found = new ConcurrentDictionary<string, CloudInstance>();
        var options = new ParallelOptions { MaxDegreeOfParallelism = MaxParallel, CancellationToken = ct };
        await Parallel.ForEachAsync(asked.Chunk(MaxFilterValues), options, async (ids, token) =>
        {
            var request = OwnInstances(shard, new Filter($"tag:{CloudTags.InstanceId}", [.. ids.Select(Literal)]));
            await foreach (var page in PagesAsync(request, token))
            {
                foreach (var i in page.Where(i => i.IsOwn(shard) && i.InstanceId is { } id && asked.Contains(id)))
                    found[i.ProviderId] = i;
            }
        });
        return [.. found.Values];
    }

    public Task<IReadOnlyDictionary<string, TerminateResult>> TerminateAsync(
        IReadOnlyCollection<CloudInstance> instances, CancellationToken ct) =>
        new TerminateInBatches(
            ids => TerminateAsync(ids, ct),
            ids => DescribeAsync(ids, ct)).RunAsync(instances);

    public async Task<IReadOnlyDictionary<string, TerminateResult>> FindProtectedAsync(
        IReadOnlyCollection<CloudInstance> instances, CancellationToken ct) =>
        await new TerminationProtection(client, aws).RunAsync(instances.Select(i => i.ProviderId), ct);

    public Task<IReadOnlyDictionary<string, TerminateResult>> QuarantineAsync(
        IReadOnlyCollection<CloudInstance> instances, DateTimeOffset at, CancellationToken ct) =>
        new Ec2Quarantine(client, aws).RunAsync([.. instances.Select(i => i.ProviderId)], at, ct);

    public Task ReleaseAsync(CloudInstance instance, DateTimeOffset protectedUntil, CancellationToken ct) =>
        new Ec2Quarantine(client, aws).ReleaseAsync(instance, protectedUntil, ct);

    private async IAsyncEnumerable<IReadOnlyList<CloudInstance>> ListAsync(
        ShardRef shard, IdPart part, [EnumeratorCancellation] CancellationToken ct)
    {
        var request = OwnInstances(shard, new Filter("instance-state-name", [.. Ec2State.NotTerminated]));
        if (part != IdPart.Whole) request.Filters.Add(new Filter("instance-id", part.Patterns()));
        var seen = new HashSet<string>();
        await foreach (var page in PagesAsync(request, ct))
        {
            // The filter alone is not trusted: a foreign machine must never enter the database.
            yield return
            [
                .. page.Where(i =>
                    i.IsOwn(shard) && i.Status != InstanceStatus.Deleted && seen.Add(i.ProviderId)),
            ];
        }
    }

    private async Task<IReadOnlySet<string>> TerminateAsync(IReadOnlyList<string> ids, CancellationToken ct)
    {
        var request = new TerminateInstancesRequest { InstanceIds = [.. ids] };
        var answer = await aws.RunAsync(client.TerminateInstancesAsync, request, ct, ids.Count);
        return (answer.TerminatingInstances ?? [])
            .Where(change => Ec2State.Parse(change.CurrentState?.Name?.Value)
                is InstanceStatus.Deleting or InstanceStatus.Deleted)
            .Select(change => change.InstanceId)
            .ToHashSet();
    }

    private async IAsyncEnumerable<IReadOnlyList<CloudInstance>> PagesAsync(
        DescribeInstancesRequest request, [EnumeratorCancellation] CancellationToken ct)
    {
        do
        {
            var answer = await aws.RunAsync(client.DescribeInstancesAsync, request, ct);
            yield return [.. (answer.Reservations ?? []).SelectMany(r => r.Instances ?? []).Select(Read)];

            // The same token again would never end.
            if (answer.NextToken is { Length: > 0 } next && next == request.NextToken)
                throw new CloudException(CloudFault.Transient, $"EC2 at {aws.Place} gave the same page twice");
            request.NextToken = answer.NextToken;
        }
        while (!string.IsNullOrEmpty(request.NextToken));
    }

    private static CloudInstance Read(Instance i)
    {
        if (string.IsNullOrEmpty(i.InstanceId))
            throw new CloudException(CloudFault.Transient, "EC2 answered with an instance that has no id");
        var state = i.State?.Name?.Value ?? "";
        return new CloudInstance(
            i.InstanceId,
            state,
            Ec2State.Parse(state),
            i.LaunchTime is { } launched ? new DateTimeOffset(launched.ToUniversalTime()) : null,
            Text(i.Placement?.AvailabilityZone),
            Text(i.PrivateIpAddress),
            Text(i.Ipv6Address),
            Text(i.PrivateDnsName),
            (i.Tags ?? []).DistinctBy(t => t.Key).ToDictionary(t => t.Key, t => t.Value ?? ""));
    }

    private static string? Text(string? text) => string.IsNullOrEmpty(text) ? null : text;

    private static DescribeInstancesRequest OwnInstances(ShardRef shard, Filter filter) => new()
    {
        MaxResults = PageSize,
        Filters =
        [
            new($"tag:{CloudTags.Managed}", ["true"]),
            new($"tag:{CloudTags.ClusterId}", [Literal(shard.Cluster)]),
            new($"tag:{CloudTags.Shard}", [Literal(shard.Shard)]),
            filter,
        ],
    };

    // In the value of a filter, * and ? are wildcards.
    private static string Literal(string value) => value
        .Replace(@"\", @"\\", StringComparison.Ordinal)
        .Replace("*", @"\*", StringComparison.Ordinal)
        .Replace("?", @"\?", StringComparison.Ordinal);
}
