using Nstance.Temporal.Activities.Audit;
using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Activities.Telemetry;

namespace Nstance.Temporal.Activities.Sync;

/// <summary>
/// Machines that a complete listing does not name: known from the listing before, or named by a live row. The listing
/// alone proves nothing, it may lag or be cut. The cloud, asked by id, must say terminated or not found, and a row must be
/// older than the settle time before it is marked.
/// </summary>
internal sealed class MissingInstances(
    ShardDatabase database, ICloud cloud, PhaseNotes notes, AuditTrail audit, Action<string> heartbeat)
{
    private const int PageSize = 1000;

    /// <summary>So many may always be missing; more than these and half of all is a listing that shrank implausibly.</summary>
    private const int MaxPlausible = 10;

    private readonly Dictionary<string, string> _gone = [];
    private readonly HashSet<string> _notFound = [];
    private readonly List<MachineChange> _alive = [];
    private readonly List<string> _lost = [];
    private readonly List<(InstanceRow Row, string Why)> _skipped = [];

    /// <summary>One own instance, asked by id, proves that we ask in the right place.</summary>
    public bool SawOwn { get; private set; }

    /// <param name="input">The phase's.</param>
    /// <param name="result">So far.</param>
    /// <param name="unlisted">Known machines that the listing does not name.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<SyncResult> RunAsync(
        PhaseInput input, SyncResult result, IReadOnlyCollection<MachineRow> unlisted, CancellationToken cancellationToken)
    {
        var checks = database.FindRowsToCheck();
        var rows = Settled(checks.Where(c => c.TaggedAs is null).Select(c => c.Row), input);
        var asked = unlisted.Select(m => m.ProviderId).Concat(rows.Select(row => row.ProviderId!)).Distinct().ToList();
        foreach (var chunk in asked.Chunk(PageSize))
        {
            await AskAsync(chunk, input, cancellationToken);
            heartbeat("sync: asked for machines that were not listed");
        }

        var suspect = Suspect(result.Listed, asked.Count);
        database.WriteMachines(_alive, input.AsOf);

        // One that lost its tags is kept: while it exists, its row and record must not be purged.
        database.DeleteMachines(_gone.Keys);
        rows.AddRange(Settled(unlisted.Where(m => _gone.ContainsKey(m.ProviderId)).Select(RowOf).OfType<InstanceRow>(), input));
        var marks = Marks(rows);
        var elsewhere = checks.Where(c => c.TaggedAs is { } tag && tag != c.Row.Id);
        marks.AddRange(await FindReplacedAsync([.. elsewhere.Where(c => IsSettled(c.Row, input))], input, cancellationToken));
        audit.Tell(_skipped.Select(s => audit.Of(s.Row, "skipped", "sync", s.Why)));
        return result with
        {
            MarkedDeleted = Mark(marks, input),
            Suspect = suspect,
            Skipped = result.Skipped + _skipped.Count,
            Updated = result.Updated + _alive.Count,
        };
    }

    /// <summary>
    /// Asked in the wrong account or region, a cloud finds nothing at all. One own instance proves that we asked in the
    /// right place; without one, many "not found" are no evidence.
    /// </summary>
    private string? Suspect(int listed, int missing)
    {
        if (_notFound.Count > 0 && listed == 0 && !SawOwn)
        {
            var blind = $"the cloud lists nothing and finds none of {_notFound.Count} instances: wrong account or region?";
            notes.Problem($"{blind} No row was marked");
            foreach (var id in _notFound) _gone.Remove(id);
            return blind;
        }

        if (missing <= MaxPlausible || missing <= listed) return null;
        var shrank = $"the listing shrank implausibly: {missing} of {listed + missing} machines are not in it";
        notes.Problem($"{shrank}; only rows whose machine is terminated or not found by id were marked");
        return shrank;
    }

    /// <summary>The live row that names a machine.</summary>
    private InstanceRow? RowOf(MachineRow machine) =>
        database.Find(machine.InstanceId) is { NamesMachine: true, DeletedAt: null } row && row.ProviderId == machine.ProviderId ? row : null;

    /// <summary>Rows that are old enough for a listing to know their machines.</summary>
    private List<InstanceRow> Settled(IEnumerable<InstanceRow> rows, PhaseInput input)
    {
        var all = rows.ToList();
        foreach (var row in all.Where(row => row.UpdatedAt == DateTimeOffset.MaxValue))
            Skip(row, "not listed; invalid updated_at, so the row may be new");
        return all.FindAll(row => IsSettled(row, input));
    }

    private static bool IsSettled(InstanceRow row, PhaseInput input)
    {
        var settled = input.AsOf - input.Timings.SettleTime;
        return row.Issued < settled && row.CreatedAt < settled && !(row.UpdatedAt >= settled);
    }

    private async Task AskAsync(string[] ids, PhaseInput input, CancellationToken cancellationToken)
    {
        DescribeResult described;
        try
        {
            described = await cloud.DescribeAsync(ids, cancellationToken);
        }
        catch (CloudException e)
        {
            notes.Problem($"{ids.Length} machines that were not listed were skipped, because the cloud did not answer by id: {e.Message}");
            return;
        }

        foreach (var id in ids)
        {
            if (described.NotFound.Contains(id))
            {
                _notFound.Add(id);
                _gone[id] = "not listed, and not found by id";
            }
            else if (described.Found.TryGetValue(id, out var now))
            {
                SawOwn |= now.IsOwn(input.Shard);
                if (now.Status == InstanceStatus.Deleted) _gone[id] = "terminated";
                else if (now.IsOwn(input.Shard)) _alive.Add(new(MachineRow.Of(now), IsInsert: true));
                else _lost.Add(id);
            }
        }
    }

    /// <summary>Rows whose machine is gone, and not replaced by another that carries the same id.</summary>
    private List<(InstanceRow Row, string Why)> Marks(List<InstanceRow> rows)
    {
        var alive = _alive.ToDictionary(change => change.Machine.ProviderId, change => change.Machine);
        var carriers = database.FindCarriers(rows.Where(row => _gone.ContainsKey(row.ProviderId!)).Select(row => row.Id));
        var marks = new List<(InstanceRow, string)>();
        foreach (var row in rows)
        {
            if (!_gone.TryGetValue(row.ProviderId!, out var why)) Skip(row, WhyAlive(row, alive));
            else if (carriers[row.Id].FirstOrDefault() is { } carrier)
                Skip(row, $"its machine {row.ProviderId} is gone, and {carrier} carries its id; manual review required");
            else marks.Add((row, why));
        }

        return marks;
    }

    private string WhyAlive(InstanceRow row, Dictionary<string, MachineRow> alive) =>
        alive.TryGetValue(row.ProviderId!, out var machine) && machine.InstanceId != row.Id ? $"its machine is tagged as {machine.InstanceId}"
        : alive.TryGetValue(row.ProviderId!, out machine) ? $"not listed, but the cloud says {machine.Status.Name()}"
        : _lost.Contains(row.ProviderId!) ? "not listed: no longer tagged as ours"
        : "not listed; the cloud could not say more";

    /// <summary>
    /// Rows whose machine is tagged as another instance. Marked only when that instance has a live row of its own for the
    /// machine (else a changed tag would orphan it) and no machine carries the row's id.
    /// </summary>
    private async Task<List<(InstanceRow Row, string Why)>> FindReplacedAsync(
        IReadOnlyList<RowToCheck> elsewhere, PhaseInput input, CancellationToken cancellationToken)
    {
        var replaced = new List<(InstanceRow, string)>();
        if (elsewhere.Count == 0) return replaced;
        HashSet<string> tagged;
        try
        {
            var found = await cloud.FindByInstanceIdAsync(input.Shard, [.. elsewhere.Select(e => e.Row.Id)], cancellationToken);
            tagged = [.. found.Where(i => i.Status != InstanceStatus.Deleted).Select(i => i.TrackingId)];
        }
        catch (CloudException e)
        {
            notes.Problem($"{elsewhere.Count} rows whose machine is tagged as another instance were skipped: {e.Message}");
            return replaced;
        }

        foreach (var (row, tag) in elsewhere)
        {
            var owner = database.Find(tag!);
            if (!tagged.Contains(row.Id) && owner is { DeletedAt: null, NamesMachine: true } && owner.ProviderId == row.ProviderId)
                replaced.Add((row, $"its machine belongs to {tag}"));
            else Skip(row, $"its machine is tagged as {tag}");
        }

        return replaced;
    }

    private int Mark(List<(InstanceRow Row, string Why)> marks, PhaseInput input)
    {
        foreach (var (row, why) in marks) notes.Sample(row, input.DryRun ? "would mark deleted" : "marked deleted", why);
        if (input.DryRun)
        {
            audit.Tell(marks.Select(m => audit.Of(m.Row, "would-mark-deleted", "sync", m.Why)));
            if (marks.Count > 0) notes.Problem($"dry run: {marks.Count} rows were not marked deleted");
            return 0;
        }

        return database.MarkGone(
            marks.ConvertAll(m => (
                new LiveRow(m.Row.Id, m.Row.ProviderId!),
                AuditTrail.Line(audit.Of(m.Row, "marked-deleted", "sync", m.Why)))),
            input.AsOf);
    }

    private void Skip(InstanceRow row, string why)
    {
        _skipped.Add((row, why));
        notes.Sample(row, "skipped", why);
    }
}
