using Nstance.Temporal.Activities.Audit;
using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Records;
using Nstance.Temporal.Activities.Rules;

namespace Nstance.Temporal.Activities.Sync;

/// <summary>
/// Copies the cloud's state into <c>gc_machines</c> (design, "A cycle"): loads the last listing, lists, writes the
/// difference. Then it asks by id for missing machines, and adds rows of recorded machines without one. It lists before
/// it reads rows and records, so that it finds what nstance makes meanwhile in one of them.
/// </summary>
internal sealed class SyncPhase(
    ShardDatabase database, ICloud cloud, IRecordStore records, PhaseNotes notes, AuditTrail audit, PhaseInput input,
    Action<PhaseProgress> heartbeat)
{
    /// <summary>
    /// Interval at which a file of our own searches the bucket for records without a machine. Until then such a record
    /// costs only a few hundred bytes of S3.
    /// </summary>
    internal static readonly TimeSpan RecordsReread = TimeSpan.FromHours(1);

    /// <summary>Maximum number of changes in memory, so that memory does not grow with the fleet.</summary>
    private const int MaxChanges = 250_000;

    private readonly List<MachineChange> _changes = [];
    private readonly Dictionary<string, long> _states =
        Enum.GetValues<InstanceStatus>().ToDictionary(s => s.Name(), _ => 0L);

    private readonly SortedSet<string> _groups = new(StringComparer.Ordinal);

    private int _listed;
    private int _updated;

    /// <summary>Number of listed instances for each state, including zero.</summary>
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
        database.SetMeta(MetaKeys.SawOwn, _listed > 0 || marked.SawOwn ? "1" : "0");
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

    /// <summary>Lists the machines, and returns those that are missing since the last listing.</summary>
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
        // A time in the future was written while Temporal's clock was ahead, and does not count.
        var last = database.GetMetaTime(MetaKeys.RebuiltAt);
        if (!database.IsOwn || (last > input.AsOf - RecordsReread && last <= input.AsOf)) return;
        try
        {
            await new Rebuild(database, records, notes, Beat).RereadAsync(input.Shard, input.AsOf, ct);
        }
        catch (CloudException e)
        {
            notes.Outage($"records without a machine were not read; the next cycle retries: {e.Message}");
        }
    }

    private void Beat(string doing) => heartbeat(new($"sync: {doing}, {_listed} listed") { Listed = _listed });
}
