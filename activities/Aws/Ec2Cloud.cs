using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Amazon.EC2;
using Amazon.EC2.Model;
using Nstance.Temporal.Activities.Ports;
using InstanceStatus = Nstance.Temporal.Activities.Domain.InstanceStatus;

namespace Nstance.Temporal.Activities.Aws;

/// <summary>The cloud as EC2 in one region.</summary>
/// <param name="client">EC2's.</param>
/// <param name="aws">Makes the calls.</param>
/// <param name="inParts">The worker's, which bounds what its shards list at a time; null: one of its own.</param>
internal sealed class Ec2Cloud(IAmazonEC2 client, AwsCall aws, ListInParts? inParts = null) : ICloud
{
    private const int PageSize = 1000;
    private const int MaxFilterValues = 200;
    private const int MaxParallel = 4;

    /// <summary>So many instances are worth another part of a listing (ADR 0014).</summary>
    private const int InstancesForPart = 4_000;

    private static readonly string[] StatesNotTerminated =
        ["pending", "running", "shutting-down", "stopping", "stopped"];

    private readonly ListInParts _inParts = inParts ?? new();

    public IAsyncEnumerable<IReadOnlyList<CloudInstance>> ListAsync(
        ShardRef shard, int expected, CancellationToken cancellationToken) => _inParts.ListAsync(
            (part, ct) => ListAsync(shard, part, ct), PartsOf(expected), cancellationToken);

    /// <summary>In how many parts a fleet is listed, side by side.</summary>
    internal static int PartsOf(int instances) => Math.Clamp(instances / InstancesForPart, 1, ListInParts.MaxParts);

    private async IAsyncEnumerable<IReadOnlyList<CloudInstance>> ListAsync(
        ShardRef shard, IdPart part, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var filters = OwnFilters(shard);
        filters.Add(new Filter("instance-state-name", [.. StatesNotTerminated]));
        if (part != IdPart.Whole) filters.Add(new Filter("instance-id", [.. part.Patterns]));
        var seen = new HashSet<string>();
        await foreach (var page in PagesAsync(filters, cancellationToken))
        {
            // Asked by filter, yet checked again: a machine of somebody else must never enter the database.
            yield return page
                .Where(i => i.IsOwn(shard) && i.Status != InstanceStatus.Deleted && seen.Add(i.ProviderId))
                .ToArray();
        }
    }

    public Task<DescribeResult> DescribeAsync(
        IReadOnlyCollection<string> providerIds, CancellationToken cancellationToken) =>
        DescribeByIds.RunAsync(providerIds, async ids =>
        {
            var request = new DescribeInstancesRequest { InstanceIds = [.. ids] };
            var instances = new List<CloudInstance>();
            do
            {
                var (page, next) = await DescribeAsync(request, cancellationToken);
                instances.AddRange(page);
                request.NextToken = Advance(request.NextToken, next);
            }
            while (request.NextToken is not null);
            return instances;
        });

    public async Task<IReadOnlyList<CloudInstance>> FindByInstanceIdAsync(
        ShardRef shard, IReadOnlyCollection<string> instanceIds, CancellationToken cancellationToken)
    {
        var asked = instanceIds.ToHashSet();
        var found = new ConcurrentDictionary<string, CloudInstance>();
        var options = new ParallelOptions { MaxDegreeOfParallelism = MaxParallel, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(asked.Chunk(MaxFilterValues), options, async (ids, ct) =>
        {
            var filters = OwnFilters(shard);
            filters.Add(new Filter($"tag:{CloudTags.InstanceId}", [.. ids.Select(Literal)]));
            await foreach (var page in PagesAsync(filters, ct))
            {
                foreach (var i in page.Where(i => i.IsOwn(shard) && i.InstanceId is { } id && asked.Contains(id)))
                    found[i.ProviderId] = i;
            }
        });
        return [.. found.Values];
    }

    public Task<IReadOnlyDictionary<string, TerminateResult>> TerminateAsync(
        IReadOnlyCollection<CloudInstance> instances, CancellationToken cancellationToken) =>
        new TerminateInBatches(
            ids => TerminateAsync(ids, cancellationToken),
            ids => DescribeAsync(ids, cancellationToken)).RunAsync(instances);

    public async Task<IReadOnlyDictionary<string, TerminateResult>> FindProtectedAsync(
        IReadOnlyCollection<CloudInstance> instances, CancellationToken cancellationToken) =>
        await new TerminationProtection(client, aws).RunAsync(instances.Select(i => i.ProviderId), cancellationToken);

    public Task<IReadOnlyDictionary<string, TerminateResult>> QuarantineAsync(
        IReadOnlyCollection<CloudInstance> instances, DateTimeOffset at, CancellationToken cancellationToken) =>
        new Ec2Quarantine(client, aws).RunAsync([.. instances.Select(i => i.ProviderId)], at, cancellationToken);

    public Task ReleaseAsync(string providerId, DateTimeOffset protectedUntil, CancellationToken cancellationToken) =>
        new Ec2Quarantine(client, aws).ReleaseAsync(providerId, protectedUntil, cancellationToken);

    private async Task<IReadOnlySet<string>> TerminateAsync(IReadOnlyList<string> ids, CancellationToken cancellationToken)
    {
        var request = new TerminateInstancesRequest { InstanceIds = [.. ids] };
        var answer = await aws.RunAsync(
            "TerminateInstances", ct => client.TerminateInstancesAsync(request, ct), cancellationToken, ids.Count);
        return (answer.TerminatingInstances ?? [])
            .Where(change => InstanceStatuses.FromEc2State(change.CurrentState?.Name?.Value)
                is InstanceStatus.Deleting or InstanceStatus.Deleted)
            .Select(change => change.InstanceId)
            .ToHashSet();
    }

    private async IAsyncEnumerable<IReadOnlyList<CloudInstance>> PagesAsync(
        List<Filter> filters, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var request = new DescribeInstancesRequest { Filters = filters, MaxResults = PageSize };
        do
        {
            var (page, next) = await DescribeAsync(request, cancellationToken);
            yield return page;
            request.NextToken = Advance(request.NextToken, next);
        }
        while (request.NextToken is not null);
    }

    private async Task<(IReadOnlyList<CloudInstance> Page, string? Next)> DescribeAsync(
        DescribeInstancesRequest request, CancellationToken cancellationToken)
    {
        var answer = await aws.RunAsync("DescribeInstances", ct => client.DescribeInstancesAsync(request, ct), cancellationToken);
        return ([.. (answer.Reservations ?? []).SelectMany(r => r.Instances ?? []).Select(Read)], answer.NextToken);
    }

    // A token that comes back unchanged would page for ever, and the listing would never be complete.
    private string? Advance(string? token, string? next) => string.IsNullOrEmpty(next) ? null
        : next != token ? next
        : throw new CloudException(CloudFault.Transient, $"EC2 at {aws.Place} gave the same page twice");

    private static CloudInstance Read(Instance i)
    {
        if (string.IsNullOrEmpty(i.InstanceId))
            throw new CloudException(CloudFault.Transient, "EC2 answered with an instance that has no id");
        var state = i.State?.Name?.Value ?? "";
        return new CloudInstance(
            i.InstanceId,
            state,
            InstanceStatuses.FromEc2State(state),
            i.LaunchTime is { } launched ? new DateTimeOffset(launched.ToUniversalTime()) : null,
            Text(i.Placement?.AvailabilityZone),
            Text(i.PrivateIpAddress),
            Text(i.Ipv6Address),
            Text(i.PrivateDnsName),
            (i.Tags ?? []).DistinctBy(t => t.Key).ToDictionary(t => t.Key, t => t.Value ?? ""));
    }

    private static string? Text(string? text) => string.IsNullOrEmpty(text) ? null : text;

    private static List<Filter> OwnFilters(ShardRef shard) =>
    [
        new($"tag:{CloudTags.Managed}", ["true"]),
        new($"tag:{CloudTags.ClusterId}", [Literal(shard.Cluster)]),
        new($"tag:{CloudTags.Shard}", [Literal(shard.Shard)]),
    ];

    // In a filter's value * and ? match anything.
    private static string Literal(string value) => value
        .Replace(@"\", @"\\", StringComparison.Ordinal)
        .Replace("*", @"\*", StringComparison.Ordinal)
        .Replace("?", @"\?", StringComparison.Ordinal);
}
