using Nstance.Temporal.Activities.Audit;
using Nstance.Temporal.Activities.Cloud;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.LocalDb;
using Nstance.Temporal.Activities.Records;
using Nstance.Temporal.Workflows.Contracts;

namespace Nstance.Temporal.Activities.Collection;

/// <summary>
/// Brings the cloud's truth into the database (contract, "What one collection does" 1). The cloud is listed before the
/// records and before the rows are judged: what is made while pages are read is then known to one of them.
/// </summary>
internal sealed class SyncPhase(
    ShardDatabase database, ICloud cloud, IRecordStore records, Notes notes, AuditTrail audit, Action<PhaseProgress> heartbeat)
{
    private readonly List<CloudInstance> _unknown = [];
    private readonly List<(LiveRow Row, CloudInstance Listed)> _moved = [];

    public async Task<SyncResult> RunAsync(PhaseInput input, CancellationToken cancellationToken)
    {
        var result = new SyncResult();
        database.BeginListing();
        await foreach (var page in cloud.ListAsync(input.Shard, cancellationToken).AheadAsync(cancellationToken))
        {
            result = Take([.. page.Where(i => i.IsOwn(input.Shard))], input, result);
            heartbeat(new($"sync: {result.Listed} listed") { Listed = result.Listed });
        }

        // The listing is complete: only now may anything be said about what it does not name.
        var updated = database.RefreshNoted(
            input.AsOf, () => heartbeat(new($"sync: {result.Listed} listed, writing") { Listed = result.Listed }));
        result = result with { Updated = result.Updated + updated };
        result = await MoveAsync(input, result, cancellationToken);
        var added = await new UnknownInstances(database, records, notes).AddAsync(_unknown, input, cancellationToken);
        heartbeat(new($"sync: {added.Added} added") { Listed = result.Listed });
        result = result with { Added = added.Added, Invalid = result.Invalid + added.Invalid };
        var notListed = new NotListed(database, cloud, notes, audit, doing => heartbeat(new(doing)));
        result = await notListed.JudgeAsync(input, result, cancellationToken);
        var sawOwn = result.Listed > 0 || notListed.SawOwn ? "1" : "0";
        if (database.GetMeta(MetaKeys.SawOwn) != sawOwn) database.SetMeta(MetaKeys.SawOwn, sawOwn);
        if (!input.DryRun) database.SetMeta(MetaKeys.SyncedAt, input.AsOf);
        if (await audit.TryFlushAsync(cancellationToken) is { } waits) notes.Problem(waits);
        return result with { Samples = notes.Samples, Problems = notes.Problems };
    }

    /// <summary>What the cloud says of a row's instance.</summary>
    public static Refreshed Truth(string id, string? state, CloudInstance instance, ShardRef shard) => new(
        id,
        instance.ProviderId,
        ShardDatabase.StateJson(state, instance.Status, new Dictionary<string, string>
        {
            ["instance_id"] = id,
            ["provider_instance_id"] = instance.ProviderId,
            ["cluster_id"] = shard.Cluster,
            ["shard"] = shard.Shard,
        }),
        instance.PrivateIpv4, instance.Ipv6, instance.Hostname);

    private SyncResult Take(IReadOnlyList<CloudInstance> page, PhaseInput input, SyncResult result)
    {
        var differences = database.Compare([.. page.Select(Listed)]);
        var inPage = new HashSet<string>();
        var (changed, found) = (new List<(Refreshed, string?)>(), new List<Refreshed>());
        for (var n = 0; n < page.Count; n++)
        {
            var (instance, difference) = (page[n], differences.GetValueOrDefault(n));
            var id = instance.TrackingId;
            result = result with { Listed = result.Listed + 1 };
            if (difference is { Row: null } && instance.InstanceId is not null && !InstanceId.TryParse(id, out _))
            {
                result = Invalid(result, $"instance {instance.ProviderId} carries an instance id that is no puidv7: left alone");
                continue;
            }

            var isFirst = inPage.Add(id) && difference?.SeenBefore != true;
            if (!isFirst) result = Invalid(result, $"instance {instance.ProviderId} carries the id of another, {id}: left alone");
            if (difference is null) continue;
            if (difference.Row is not { } row)
            {
                _unknown.Add(instance);
            }
            else if (row.ProviderId is { } provider && provider != instance.ProviderId)
            {
                if (isFirst) _moved.Add((new(id, provider), instance));
            }
            else if (row.ProviderId is not null || isFirst)
            {
                if (row.DeletedAt is not null && !Revive(row, instance, input)) continue;
                if (!Differs(row, instance)) continue;
                var truth = Truth(id, row.ProviderState, instance, input.Shard);
                if (row.ProviderId is null) found.Add(truth);
                else changed.Add((truth, row.ProviderState));
            }
        }

        database.NoteChanges(changed);
        return result with { Updated = result.Updated + database.Refresh(found, input.AsOf) };
    }

    private static Listed Listed(CloudInstance instance) => new(
        instance.TrackingId, instance.ProviderId, instance.Status.Name(),
        Text(instance.PrivateIpv4), Text(instance.Ipv6), Text(instance.Hostname));

    private static string? Text(string? text) => text is { Length: > 0 } ? text : null;

    /// <summary>A row marked deleted whose machine runs: the mark was wrong, or the ending never took hold.</summary>
    private bool Revive(InstanceRow row, CloudInstance instance, PhaseInput input)
    {
        if (!IsAlive(instance) || !(row.DeletedAt < input.AsOf - input.Timings.SettleTime)) return false;
        notes.Sample(row, input.DryRun ? "would revive" : "revived", $"marked deleted, but the cloud says {instance.State}");
        if (input.DryRun) return false;
        database.Revive([row.Id], input.AsOf);
        return true;
    }

    /// <summary>Rows whose id is listed under another provider id: moved only when the old instance is gone.</summary>
    private async Task<SyncResult> MoveAsync(PhaseInput input, SyncResult result, CancellationToken cancellationToken)
    {
        foreach (var chunk in _moved.Chunk(1000))
        {
            DescribeResult described;
            try
            {
                described = await cloud.DescribeAsync([.. chunk.Select(m => m.Row.ProviderId)], cancellationToken);
            }
            catch (CloudException e)
            {
                notes.Problem($"{chunk.Length} rows name another instance than the listing, and could not be checked: {e.Message}");
                continue;
            }

            foreach (var (row, listed) in chunk)
            {
                var isGone = described.NotFound.Contains(row.ProviderId)
                    || (described.Found.TryGetValue(row.ProviderId, out var old) && old.Status == InstanceStatus.Deleted);
                if (!isGone)
                {
                    result = Invalid(result, $"instance {listed.ProviderId} carries the id {row.Id}, whose row names {row.ProviderId}: left alone");
                }
                else if (database.ReplaceProviderId(row, listed.ProviderId, input.AsOf) && database.Find(row.Id) is { } now)
                {
                    database.Refresh([Truth(row.Id, now.ProviderState, listed, input.Shard)], input.AsOf);
                    result = result with { Updated = result.Updated + 1 };
                }
            }
        }

        return result;
    }

    private SyncResult Invalid(SyncResult result, string problem)
    {
        notes.Problem(problem);
        return result with { Invalid = result.Invalid + 1 };
    }

    internal static bool IsAlive(CloudInstance instance) => instance.Status is
        InstanceStatus.Pending or InstanceStatus.Running or InstanceStatus.Stopping or InstanceStatus.Stopped;

    /// <summary>Only rows that differ are written. What the cloud does not say is no difference.</summary>
    private static bool Differs(InstanceRow row, CloudInstance instance) =>
        row.ProviderId is null
        || row.Status != instance.Status
        || row.ProviderState is null
        || (instance.PrivateIpv4 is { Length: > 0 } ip4 && ip4 != row.Ip4)
        || (instance.Ipv6 is { Length: > 0 } ip6 && ip6 != row.Ip6)
        || (instance.Hostname is { Length: > 0 } host && host != row.Hostname);
}
