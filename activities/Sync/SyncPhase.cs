using Nstance.Temporal.Activities.Audit;
using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Activities.Records;
using Nstance.Temporal.Activities.Telemetry;

namespace Nstance.Temporal.Activities.Sync;

/// <summary>
/// Brings the cloud's state into <c>gc_machines</c> (design, "A cycle"): load what the last listing said, list, write the
/// differences. Then, since the listing is complete: ask by id for the machines that it does not name, and add rows for
/// recorded machines that have none. Listing comes before reading rows and records: what nstance makes while pages are
/// read is then known to one of them.
/// </summary>
internal sealed class SyncPhase(
    ShardDatabase database, ICloud cloud, IRecordStore records, PhaseNotes notes, AuditTrail audit, Action<PhaseProgress> heartbeat)
{
    /// <summary>
    /// How often a file of our own looks for records without a machine, by a listing of the bucket. What such a record costs
    /// while it waits is a few hundred bytes of S3.
    /// </summary>
    internal static readonly TimeSpan RecordsReread = TimeSpan.FromHours(1);

    /// <summary>Changes are written when there are so many: memory does not grow with the fleet.</summary>
    private const int MaxChanges = 250_000;

    private readonly List<MachineChange> _changes = [];
    private readonly Dictionary<string, long> _states = Enum.GetValues<InstanceStatus>().ToDictionary(s => s.Name(), _ => 0L);

    /// <summary>Own instances of the listing by state; each state is there, also with zero.</summary>
    public IReadOnlyDictionary<string, long> States => _states;

    public async Task<SyncResult> RunAsync(PhaseInput input, CancellationToken cancellationToken)
    {
        var result = await RereadAsync(input, cancellationToken);
        var machines = database.LoadMachines();
        var expected = machines.Count > 0 ? machines.Count : database.CountLive();
        await foreach (var page in cloud.ListAsync(input.Shard, expected, cancellationToken))
        {
            foreach (var instance in page.Where(i => i.IsOwn(input.Shard))) result = Take(instance, machines, result);
            if (_changes.Count >= MaxChanges) Write(input, result);
            heartbeat(new($"sync: {result.Listed} listed") { Listed = result.Listed });
        }

        Write(input, result);

        // The listing is complete: only now may anything be said about what it does not name.
        var missing = new MissingInstances(database, cloud, notes, audit, doing => heartbeat(new(doing)));
        result = await missing.RunAsync(input, result, machines.Values, cancellationToken);
        result = await new Backfill(database, cloud, records, notes, doing => heartbeat(new(doing))).RunAsync(input, result, cancellationToken);
        heartbeat(new($"sync: {result.Added} added") { Listed = result.Listed });
        var rows = new RowsWithoutMachine(database, cloud, records, notes, audit);
        result = await rows.RunAsync(input, result, database.FindUnnamed(), cancellationToken);
        foreach (var id in database.FindInvalidIds()) result = notes.Invalid(result, $"row with the id x'{id}': invalid id; row skipped");
        foreach (var (id, count) in database.FindDuplicateIds())
            result = notes.Invalid(result, $"{count} machines carry the instance id {id}; manual review required");
        var sawOwn = result.Listed > 0 || missing.SawOwn ? "1" : "0";
        if (database.GetMeta(MetaKeys.SawOwn) != sawOwn) database.SetMeta(MetaKeys.SawOwn, sawOwn);
        if (!input.DryRun && result.Suspect is null) database.SetMeta(MetaKeys.SyncedAt, input.AsOf);
        if (await audit.TryFlushAsync(cancellationToken) is { } waits) notes.Problem(waits);
        return result with { Samples = notes.Samples, Problems = notes.Problems };
    }

    /// <summary>What is listed leaves <paramref name="machines"/>: what stays there is missing.</summary>
    private SyncResult Take(CloudInstance instance, Dictionary<string, MachineRow> machines, SyncResult result)
    {
        _states[instance.Status.Name()]++;
        result = result with { Listed = result.Listed + 1 };
        if (!machines.Remove(instance.ProviderId, out var known)) _changes.Add(new(MachineRow.Of(instance), IsInsert: true));
        else if (!known.Matches(instance)) _changes.Add(new(known.Now(instance), known.InstanceId != instance.TrackingId));
        else return result;
        return result with { Updated = result.Updated + 1 };
    }

    private void Write(PhaseInput input, SyncResult result)
    {
        database.WriteMachines(
            _changes, input.AsOf, () => heartbeat(new($"sync: {result.Listed} listed, writing") { Listed = result.Listed }));
        _changes.Clear();
    }

    private async Task<SyncResult> RereadAsync(PhaseInput input, CancellationToken cancellationToken)
    {
        if (!database.IsOwn || database.GetMetaTime(MetaKeys.RebuiltAt) > input.AsOf - RecordsReread) return new();
        try
        {
            var reread = new Rebuild(database, records, notes, doing => heartbeat(new(doing)));
            return new() { Invalid = (await reread.RereadAsync(input.Shard, input.AsOf, cancellationToken)).Invalid };
        }
        catch (CloudException e)
        {
            notes.Problem($"records without a machine were not looked for; the next cycle retries: {e.Message}");
            return new();
        }
    }
}
