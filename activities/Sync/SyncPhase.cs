using Nstance.Temporal.Activities.Audit;
using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Records;
using Nstance.Temporal.Activities.Rules;

namespace Nstance.Temporal.Activities.Sync;

/// <summary>
/// Brings the cloud's state into <c>gc_machines</c> (design, "A cycle"): load the last listing, list, write the
/// difference. The listing is then complete, so machines that it misses are asked for by id, and recorded machines
/// without a row get one. Listing comes before rows and records are read: what nstance makes meanwhile is then known to
/// one of them.
/// </summary>
internal sealed class SyncPhase(
    ShardDatabase database, ICloud cloud, IRecordStore records, PhaseNotes notes, AuditTrail audit, PhaseInput input,
    Action<PhaseProgress> heartbeat)
{
    /// <summary>
    /// How often a file of our own looks for records without a machine, by a listing of the bucket. Such a record costs
    /// a few hundred bytes of S3 while it waits.
    /// </summary>
    internal static readonly TimeSpan RecordsReread = TimeSpan.FromHours(1);

    /// <summary>
    /// Changes that are held in memory; more are written at once, so that memory does not grow with the fleet.
    /// </summary>
    private const int MaxChanges = 250_000;

    private readonly List<MachineChange> _changes = [];
    private readonly Dictionary<string, long> _states =
        Enum.GetValues<InstanceStatus>().ToDictionary(s => s.Name(), _ => 0L);

    private readonly SortedSet<string> _groups = new(StringComparer.Ordinal);

    private int _listed;
    private int _updated;

    /// <summary>Own instances of the listing by state; each state is there, also with zero.</summary>
    public IReadOnlyDictionary<string, long> States => _states;

    public async Task<SyncResult> RunAsync(CancellationToken ct)
    {
        await RereadRecordsAsync(ct);
        var missing = await ListAsync(ct);
        var marked = await new MissingInstances(database, cloud, notes, audit, input, Beat)
            .RunAsync(_listed, missing, ct);
        var added = await new Backfill(database, cloud, records, notes, input, Beat).RunAsync(ct);
        foreach (var id in database.FindInvalidIds())
            notes.Invalid($"row with the id x'{id}': invalid id; row skipped");
        foreach (var (id, count) in database.FindDuplicateIds())
            notes.Invalid($"{count} machines carry the instance id {id}; manual review required");
        database.ChangeMeta(MetaKeys.SawOwn, _listed > 0 || marked.SawOwn ? "1" : "0");
        if (!input.DryRun && marked.Suspect is null) database.SetMeta(MetaKeys.SyncedAt, input.AsOf);
        if (await audit.TryFlushAsync(ct) is { } waits) notes.Outage(waits);
        return new()
        {
            Listed = _listed,
            Added = added,
            Updated = _updated + marked.Updated,
            MarkedDeleted = marked.Marked,
            Skipped = marked.Skipped,
            Invalid = notes.InvalidCount,
            Suspect = marked.Suspect,
            Groups = _groups.Count <= SyncResult.MaxGroups ? [.. _groups] : null,
            Samples = notes.Samples,
            Problems = notes.Problems,
            Outage = notes.FirstOutage,
        };
    }

    /// <summary>Returns the machines of the last listing that this one does not name.</summary>
    private async Task<IReadOnlyCollection<MachineRow>> ListAsync(CancellationToken ct)
    {
        var known = database.LoadMachines();
        var expected = known.Count > 0 ? known.Count : database.CountLiveByGroup().Values.Sum();
        var difference = new ListingDifference(known);
        await foreach (var page in cloud.ListAsync(input.Shard, expected, ct))
        {
            foreach (var instance in page.Where(i => i.IsOwn(input.Shard)))
            {
                _listed++;
                _states[instance.Status.Name()]++;
                if (instance.Group is { } group && _groups.Count <= SyncResult.MaxGroups) _groups.Add(group);
                if (difference.Of(instance) is { } change) _changes.Add(change);
            }

            if (_changes.Count >= MaxChanges) Write();
            Beat("listing");
        }

        Write();
        return difference.Missing;
    }

    private void Write()
    {
        _updated += _changes.Count;
        database.WriteMachines(_changes, input.AsOf, () => Beat("writing"));
        _changes.Clear();
    }

    private async Task RereadRecordsAsync(CancellationToken ct)
    {
        // A time that lies ahead was written while Temporal's clock was ahead: it is no reason to wait.
        var last = database.GetMetaTime(MetaKeys.RebuiltAt);
        if (!database.IsOwn || (last > input.AsOf - RecordsReread && last <= input.AsOf)) return;
        try
        {
            await new Rebuild(database, records, notes, Beat).RereadAsync(input.Shard, input.AsOf, ct);
        }
        catch (CloudException e)
        {
            notes.Outage($"records without a machine were not looked for; the next cycle retries: {e.Message}");
        }
    }

    private void Beat(string doing) => heartbeat(new($"sync: {doing}, {_listed} listed") { Listed = _listed });
}
