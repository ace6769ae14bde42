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
    /// <summary>
    /// A database of our own learns of a new record by its machine. Of records without one it learns so often, by a listing of
    /// the bucket: what they cost while they wait is a few hundred bytes of S3.
    /// </summary>
    internal static readonly TimeSpan RecordsReread = TimeSpan.FromHours(1);

    private KnownRows? _known;
    private UnreadableRows? _unreadable;
    private readonly List<CloudInstance> _unknown = [];
    private readonly List<(LiveRow Row, CloudInstance Listed)> _moved = [];
    private readonly Dictionary<string, long> _states = Enum.GetValues<InstanceStatus>().ToDictionary(s => s.Name(), _ => 0L);

    /// <summary>The worker's, which bounds what its shards ask at a time.</summary>
    public ListInParts InParts { get; init; } = new();

    /// <summary>Own instances of the listing by state; each state is there, also with zero.</summary>
    public IReadOnlyDictionary<string, long> States => _states;

    public async Task<SyncResult> RunAsync(PhaseInput input, CancellationToken cancellationToken)
    {
        var result = await RereadAsync(input, cancellationToken);
        result = await ListAsync(input, result, cancellationToken);
        result = await WriteAsync(input, result);

        // The listing is complete: only now may anything be said about what it does not name.
        result = await MoveAsync(input, result, cancellationToken);
        var added = await new UnknownInstances(database, records, notes).AddAsync(_unknown, input, cancellationToken);
        heartbeat(new($"sync: {added.Added} added") { Listed = result.Listed });
        result = result with { Added = added.Added, Invalid = result.Invalid + added.Invalid };
        var notListed = new NotListed(database, cloud, notes, audit, doing => heartbeat(new(doing)));
        result = await notListed.JudgeAsync(input, result, _known, cancellationToken);
        result = await new Vanished(database, cloud, records, notes, audit, doing => heartbeat(new(doing))).JudgeAsync(input, result, cancellationToken);
        result = Unreadable(result);
        var sawOwn = result.Listed > 0 || notListed.SawOwn ? "1" : "0";
        if (database.GetMeta(MetaKeys.SawOwn) != sawOwn) database.SetMeta(MetaKeys.SawOwn, sawOwn);
        if (!input.DryRun && result.Suspect is null) database.SetMeta(MetaKeys.SyncedAt, input.AsOf);
        if (await audit.TryFlushAsync(cancellationToken) is { } waits) notes.Problem(waits);
        return result with { Samples = notes.Samples, Problems = notes.Problems };
    }

    /// <summary>What the cloud says of a row's instance.</summary>
    public static Refreshed Truth(string id, string? state, CloudInstance instance, ShardRef shard) => new(
        id,
        instance.ProviderId,
        ProviderState.With(state, StateWords.Of(id, instance.ProviderId, instance.Status, shard)),
        instance.PrivateIpv4, instance.Ipv6, instance.Hostname);

    private async Task<SyncResult> ListAsync(PhaseInput input, SyncResult result, CancellationToken cancellationToken)
    {
        database.BeginListing();
        var live = database.CountLive();
        var parts = Math.Clamp(live / database.Many, 1, ListInParts.MostParts);
        var ahead = await RowsAhead.BeginAsync(database, live, Notes.Limit);
        await using (ahead)
        {
            await foreach (var page in InParts.ListAsync(cloud, input.Shard, parts, cancellationToken))
            {
                result = Take([.. page.Where(i => i.IsOwn(input.Shard))], ahead.Rows, input, result);
                if (database.IsNotedFull) result = await WriteAsync(input, result);
                heartbeat(new($"sync: {result.Listed} listed") { Listed = result.Listed });
            }
        }

        (_known, _unreadable) = (ahead.Rows, ahead.Unreadable);
        return result;
    }

    private async Task<SyncResult> RereadAsync(PhaseInput input, CancellationToken cancellationToken)
    {
        if (!database.IsOwn || database.GetMetaTime(MetaKeys.RebuiltAt) > input.AsOf - RecordsReread) return new();
        try
        {
            var reread = new RebuildPhase(database, records, notes, doing => heartbeat(new(doing)));
            return new() { Invalid = (await reread.RereadAsync(input.Shard, input.AsOf, cancellationToken)).Invalid };
        }
        catch (CloudException e)
        {
            notes.Problem($"the bucket could not be looked through for records without a machine: {e.Message}: the next cycle tries again");
            return new();
        }
    }

    private async Task<SyncResult> WriteAsync(PhaseInput input, SyncResult result)
    {
        var writer = new NotedWriter(database, input.Shard, input.AsOf);
        var written = await writer.WriteAsync(() => heartbeat(new($"sync: {result.Listed} listed, writing") { Listed = result.Listed }));
        return result with { Updated = result.Updated + written };
    }

    private SyncResult Take(IReadOnlyList<CloudInstance> page, KnownRows? rows, PhaseInput input, SyncResult result)
    {
        result = result with { Listed = result.Listed + page.Count };
        var listed = page.Select(Listed.Of).ToArray();
        foreach (var instance in page) _states[instance.Status.Name()]++;
        var found = new List<Refreshed>();
        foreach (var (place, seenBefore, known) in database.Compare(listed, rows))
        {
            var (instance, id) = (page[place], page[place].TrackingId);
            if (known is null && instance.InstanceId is not null && !InstanceId.TryParse(id, out _))
            {
                result = Invalid(result, $"instance {instance.ProviderId} carries an instance id that is no puidv7: left alone");
                continue;
            }

            if (seenBefore) result = Invalid(result, $"instance {instance.ProviderId} carries the id of another, {id}: left alone");
            if (known is not { } row)
            {
                _unknown.Add(instance);
            }
            else if (row.ProviderId is { } provider && provider != instance.ProviderId)
            {
                if (!seenBefore) _moved.Add((new(id, provider), instance));
            }
            else if (row.ProviderId is not null || !seenBefore)
            {
                if (row.DeletedAt is not null && !Revive(row, instance, input)) continue;
                if (row.ProviderId is null) found.Add(Truth(id, row.ProviderState, instance, input.Shard));
                else if (Differs(row, listed[place])) database.NoteChange(listed[place], row.ProviderState);
            }
        }

        return result with { Updated = result.Updated + database.Refresh(found, input.AsOf) };
    }

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
                foreach (var (row, listed) in chunk) Postpone(row.Id, listed, input);
                continue;
            }

            foreach (var (row, listed) in chunk)
            {
                var isGone = described.NotFound.Contains(row.ProviderId)
                    || (described.Found.TryGetValue(row.ProviderId, out var old) && old.Status == InstanceStatus.Deleted);
                if (!isGone)
                {
                    result = Invalid(result, $"instance {listed.ProviderId} carries the id {row.Id}, whose row names {row.ProviderId}: left alone");
                    Postpone(row.Id, listed, input);
                }
                else if (database.ReplaceProviderId(row, listed.ProviderId, input.AsOf) && database.Find(row.Id) is { } now)
                {
                    // Now, not in the next cycle: this one's purge would take its record away.
                    if (now.DeletedAt is not null) Revive(now, listed, input);
                    database.Refresh([Truth(row.Id, now.ProviderState, listed, input.Shard)], input.AsOf);
                    result = result with { Updated = result.Updated + 1 };
                }
                else
                {
                    // Somebody was quicker, or what the row names is no text and equals nothing.
                    result = Invalid(result, $"row {row.Id} could not be given its instance {listed.ProviderId}: left alone");
                    Postpone(row.Id, listed, input);
                }
            }
        }

        return result;
    }

    /// <summary>While a machine that lives wears the id of a deleted row, its record must not be purged: it may be that machine's.</summary>
    private void Postpone(string id, CloudInstance listed, PhaseInput input)
    {
        if (!input.DryRun && IsAlive(listed)) database.Postpone([id], input.AsOf);
    }

    /// <summary>Nobody judges such a row: who can mend it must hear of it.</summary>
    private SyncResult Unreadable(SyncResult result)
    {
        var (count, rows) = _unreadable ?? database.FindUnreadable(Notes.Limit);
        foreach (var (id, columns) in rows) notes.Problem($"row {id}: {columns} cannot be understood: it is not judged by that");
        return result with { Invalid = result.Invalid + count };
    }

    private SyncResult Invalid(SyncResult result, string problem)
    {
        notes.Problem(problem);
        return result with { Invalid = result.Invalid + 1 };
    }

    internal static bool IsAlive(CloudInstance instance) => instance.Status is
        InstanceStatus.Pending or InstanceStatus.Running or InstanceStatus.Stopping or InstanceStatus.Stopped;

    private static bool Differs(InstanceRow row, Listed listed) =>
        row.ProviderState is null || ProviderState.IsAmbiguous(row.ProviderState) || listed.Differs(row.Status, row.Ip4, row.Ip6, row.Hostname);
}
