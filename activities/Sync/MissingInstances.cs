using Nstance.Temporal.Activities.Audit;
using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Rules;

namespace Nstance.Temporal.Activities.Sync;

/// <summary>Result for the machines that are missing in a listing.</summary>
/// <param name="Marked">Rows marked as deleted.</param>
/// <param name="Skipped">Rows that were not marked.</param>
/// <param name="Updated">Machines that are alive.</param>
/// <param name="SawOwn">True if the cloud showed an own instance by id.</param>
/// <param name="Suspect">Why the listing is suspect; null if it is not.</param>
internal sealed record MissingResult(int Marked, int Skipped, int Updated, bool SawOwn, string? Suspect);

/// <summary>
/// Handles machines that are missing in a complete listing: known from the listing before, or named by an active row.
/// The listing alone is not evidence, because it may lag. The cloud must say by id that a machine is terminated or not
/// found, and a row must be older than the settle time before it is marked.
/// </summary>
internal sealed class MissingInstances(
    ShardDatabase database, ICloud cloud, PhaseNotes notes, AuditTrail audit, PhaseInput input,
    Action<string> heartbeat)
{
    private const int PageSize = 1000;

    private readonly Dictionary<string, MissingMachine> _machines = [];
    private readonly Dictionary<string, MachineRow> _alive = [];
    private readonly HashSet<string> _terminating = [];
    private readonly List<(InstanceRow Row, Verdict Verdict)> _judged = [];

    /// <summary>Checks the missing machines after a listing of <paramref name="listed"/> machines.</summary>
    public async Task<MissingResult> RunAsync(int listed, IReadOnlyCollection<MachineRow> missing, CancellationToken ct)
    {
        _terminating.UnionWith(missing.Where(m => m.Status == InstanceStatus.Deleting).Select(m => m.ProviderId));
        var checks = database.FindRowsToCheck();
        var rows = Settled(checks.Where(c => c.TaggedAs is null).Select(c => c.Row));
        string[] asked = [.. missing.Select(m => m.ProviderId).Concat(rows.Select(row => row.ProviderId!)).Distinct()];
        foreach (var chunk in asked.Chunk(PageSize))
        {
            await AskAsync(chunk, ct);
            heartbeat("asking for machines that were not listed");
        }

        var suspect = Suspect(listed, asked.Length);
        database.WriteMachines([.. _alive.Values.Select(m => new MachineChange(m, IsInsert: true))], input.AsOf);

        // A machine that lost its tags stays: while it exists, its row and record must not be purged.
        database.DeleteMachines(_machines.Where(m => IsGone(m.Key)).Select(m => m.Key));
        rows.AddRange(Settled(missing.Where(m => IsGone(m.ProviderId)).Select(RowOf).OfType<InstanceRow>()));
        var carriers = database.FindCarriers(rows.Where(row => IsGone(row.ProviderId!)).Select(row => row.Id));
        foreach (var row in rows) Judge(row, carriers[row.Id].FirstOrDefault());
        var elsewhere = checks.Where(c => c.TaggedAs is { } tag && tag != c.Row.Id);
        await JudgeReplacedAsync([.. elsewhere.Where(c => MissingRules.IsSettled(c.Row, input))], ct);
        var isGone = _judged.ToLookup(j => j.Verdict.Kind == VerdictKind.CleanUp);
        Skip([.. isGone[false]]);
        var marked = Mark([.. isGone[true]]);
        return new(marked, isGone[false].Count(), _alive.Count, _alive.Count > 0, suspect);
    }

    private bool IsGone(string providerId) =>
        _machines.GetValueOrDefault(providerId) is MissingMachine.NotFound or MissingMachine.Terminated;

    private string? Suspect(int listed, int missing)
    {
        var notFound = _machines.Where(m => m.Value == MissingMachine.NotFound).Select(m => m.Key).ToArray();
        if (SafetyGuard.OfPlace(listed, notFound.Length, sawOwn: _alive.Count > 0) is { } wrong)
        {
            notes.Problem($"{wrong} No row was marked");
            foreach (var id in notFound) _machines[id] = MissingMachine.Unknown;
            return wrong;
        }

        if (SafetyGuard.OfListing(listed, missing) is not { } shrank) return null;
        notes.Problem($"{shrank}; only rows whose machine is terminated or not found by id were marked");
        return shrank;
    }

    private InstanceRow? RowOf(MachineRow machine) =>
        database.Find(machine.InstanceId) is { NamesMachine: true, DeletedAt: null } row
        && row.ProviderId == machine.ProviderId ? row : null;

    /// <summary>Returns the rows that are old enough for a listing to name their machines.</summary>
    private List<InstanceRow> Settled(IEnumerable<InstanceRow> rows)
    {
        var all = rows.ToList();
        var isSettled = all.ToLookup(row => MissingRules.IsSettled(row, input));

        // A row with an invalid time counts as new.
        foreach (var row in isSettled[false])
        {
            if (row.InvalidTimes(input.AsOf) is { } invalid)
                _judged.Add((row, Verdict.Skip($"not listed; {invalid}")));
        }

        return [.. isSettled[true]];
    }

    private async Task AskAsync(string[] ids, CancellationToken ct)
    {
        DescribeResult described;
        try
        {
            described = await cloud.DescribeAsync(ids, ct);
        }
        catch (CloudException e)
        {
            notes.Outage(
                $"{ids.Length} machines that were not listed were skipped, because the cloud did not answer by id: "
                + e.Message);
            return;
        }

        foreach (var id in ids)
        {
            var found = described.Found.GetValueOrDefault(id);
            _machines[id] = MissingRules.Of(found, described.NotFound.Contains(id), input.Shard);
            if (_machines[id] == MissingMachine.Alive) _alive[id] = MachineRow.Of(found!);
        }
    }

    private void Judge(InstanceRow row, string? carrier)
    {
        var machine = _machines.GetValueOrDefault(row.ProviderId!);
        _judged.Add((row, MissingRules.Judge(row, machine, _alive.GetValueOrDefault(row.ProviderId!), carrier)));
    }

    /// <summary>Judges rows whose machine is tagged as another instance.</summary>
    private async Task JudgeReplacedAsync(IReadOnlyList<RowToCheck> elsewhere, CancellationToken ct)
    {
        if (elsewhere.Count == 0) return;
        HashSet<string> carried;
        try
        {
            var found = await cloud.FindByInstanceIdAsync(input.Shard, [.. elsewhere.Select(e => e.Row.Id)], ct);
            carried = [.. found.Where(i => i.Status != InstanceStatus.Deleted).Select(i => i.TrackingId)];
        }
        catch (CloudException e)
        {
            notes.Outage(
                $"{elsewhere.Count} rows whose machine is tagged as another instance were skipped: {e.Message}");
            return;
        }

        foreach (var (row, tag) in elsewhere)
        {
            var verdict = MissingRules.JudgeReplaced(row, tag!, database.Find(tag!), carried.Contains(row.Id));
            _judged.Add((row, verdict));
        }
    }

    /// <summary>
    /// Returns the group of a machine that shut down. Collect did not terminate it, so its group has no event yet.
    /// </summary>
    private string? EventOf(InstanceRow row) =>
        _terminating.Contains(row.ProviderId!) ? GroupName.Of(row.Tenant, row.Group) : null;

    private void Skip(List<(InstanceRow Row, Verdict Verdict)> skipped)
    {
        foreach (var (row, verdict) in skipped) notes.Sample(row, "skipped", verdict.Why);
        audit.AddNews(skipped.Select(s => audit.Of(s.Row, "skipped", "sync", s.Verdict.Why)));
    }

    private int Mark(List<(InstanceRow Row, Verdict Verdict)> marks)
    {
        foreach (var (row, verdict) in marks)
            notes.Sample(row, input.DryRun ? "would mark deleted" : "marked deleted", verdict.Why);
        if (input.DryRun)
        {
            audit.AddNews(marks.Select(m => audit.Of(m.Row, "would-mark-deleted", "sync", m.Verdict.Why)));
            if (marks.Count > 0) notes.Problem($"dry run: {marks.Count} rows were not marked deleted");
            return 0;
        }

        var lines = marks.ConvertAll(m =>
            (m.Row, EventOf(m.Row), AuditTrail.Line(audit.Of(m.Row, "marked-deleted", "sync", m.Verdict.Why))));
        return database.MarkGone(lines, input.AsOf);
    }
}
