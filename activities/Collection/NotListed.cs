using Nstance.Temporal.Activities.Audit;
using Nstance.Temporal.Activities.Cloud;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.LocalDb;
using Nstance.Temporal.Workflows.Contracts;

namespace Nstance.Temporal.Activities.Collection;

/// <summary>
/// Live rows that a complete listing does not name. The listing alone proves nothing, it may lag or be cut: each row must
/// be older than the settle time, and the cloud, asked by id, must say terminated or not found.
/// </summary>
internal sealed class NotListed(
    ShardDatabase database, ICloud cloud, Notes notes, AuditTrail audit, Action<string> heartbeat)
{
    private const int PageSize = 1000;

    /// <summary>So many may always be missing; more than these and half of all is a listing that shrank implausibly.</summary>
    private const int NeverImplausible = 10;

    private readonly List<(LiveRow Row, string Why)> _gone = [];
    private readonly List<LiveRow> _notFound = [];
    private readonly List<(LiveRow Row, string Why)> _left = [];
    private int _spared;
    private int _refreshed;
    private int _missing;

    /// <summary>One own instance, asked by id, proves that we ask in the right place.</summary>
    public bool SawOwn { get; private set; }

    /// <summary>Marks those that the cloud, asked by id, calls gone; what it weighed is in the result.</summary>
    /// <param name="input">The phase's.</param>
    /// <param name="result">So far.</param>
    /// <param name="known">Rows that were read ahead of the listing; null: all are looked at.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<SyncResult> JudgeAsync(
        PhaseInput input, SyncResult result, KnownRows? known, CancellationToken cancellationToken)
    {
        string? suspect = null;
        var live = database.CountLive();
        foreach (var chunk in Candidates(input, known).ToList().Chunk(PageSize))
        {
            _missing += chunk.Length;
            await AskAsync(chunk, input, cancellationToken);
            heartbeat("sync: asked for what was not listed");
        }

        // Asked in the wrong account or region, a cloud finds nothing at all. One own instance proves that we asked in
        // the right place; without one, many "not found" are no evidence.
        if (_notFound.Count > 0 && result.Listed == 0 && !SawOwn)
        {
            suspect = $"the cloud lists nothing and finds none of {_notFound.Count} instances: wrong account or region?";
            notes.Problem($"{suspect} None was marked");
            _spared += _notFound.Count;
            _notFound.Clear();
        }
        else if (_missing > NeverImplausible && _missing * 2 > live)
        {
            suspect = $"the listing shrank implausibly: {_missing} of {live} live instances are not in it";
            notes.Problem($"{suspect}; only what the cloud calls terminated or unknown by id was marked");
        }

        _gone.AddRange(_notFound.Select(row => (row, "not listed, and not found by id")));
        Tell(_left, "spared");
        var marked = Mark(input);
        return result with
        {
            MarkedDeleted = marked,
            Suspect = suspect,
            Spared = result.Spared + _spared,
            Updated = result.Updated + _refreshed,
        };
    }

    private IEnumerable<LiveRow> Candidates(PhaseInput input, KnownRows? known)
    {
        var settled = input.AsOf - input.Timings.SettleTime;
        foreach (var row in database.FindNotListed(known))
        {
            if (database.Find(row.Id) is not { DeletedAt: null } full) continue;
            if (full.UpdatedAt == DateTimeOffset.MaxValue) Spare(row, "not listed; its updated_at cannot be understood, so it may have been made just now");
            else if (full.Issued < settled && full.CreatedAt < settled && !(full.UpdatedAt >= settled)) yield return row;
        }
    }

    private async Task AskAsync(LiveRow[] rows, PhaseInput input, CancellationToken cancellationToken)
    {
        DescribeResult described;
        var elsewhere = new List<(LiveRow Row, CloudInstance Now)>();
        try
        {
            described = await cloud.DescribeAsync([.. rows.Select(r => r.ProviderId).Distinct()], cancellationToken);
        }
        catch (CloudException e)
        {
            _spared += rows.Length;
            notes.Problem($"{rows.Length} rows not listed were left alone: the cloud could not be asked by id: {e.Message}");
            return;
        }

        foreach (var row in rows)
        {
            if (described.NotFound.Contains(row.ProviderId))
            {
                _notFound.Add(row);
            }
            else if (!described.Found.TryGetValue(row.ProviderId, out var now))
            {
                Spare(row, $"not listed; the cloud cannot say more: {described.Unknown.GetValueOrDefault(row.ProviderId)}");
            }
            else
            {
                SawOwn |= now.IsOwn(input.Shard);
                if (now.Status == InstanceStatus.Deleted) _gone.Add((row, "terminated"));
                else if (now.IsOwn(input.Shard) && now.TrackingId != row.Id) elsewhere.Add((row, now));
                else SpareAlive(row, now, input);
            }
        }

        await JudgeElsewhereAsync(elsewhere, input, cancellationToken);
    }

    /// <summary>
    /// Rows whose provider id belongs to another instance id now. Marked only when that other id has a live row of its own
    /// (else a changed tag would orphan a machine) and no instance carries the row's id.
    /// </summary>
    private async Task JudgeElsewhereAsync(
        List<(LiveRow Row, CloudInstance Now)> elsewhere, PhaseInput input, CancellationToken cancellationToken)
    {
        if (elsewhere.Count == 0) return;
        HashSet<string> tagged;
        try
        {
            var found = await cloud.FindByInstanceIdAsync(
                input.Shard, [.. elsewhere.Select(e => e.Row.Id)], cancellationToken);
            tagged = [.. found.Where(i => i.Status != InstanceStatus.Deleted).Select(i => i.TrackingId)];
        }
        catch (CloudException e)
        {
            _spared += elsewhere.Count;
            notes.Problem($"{elsewhere.Count} rows whose instance is tagged otherwise were left alone: {e.Message}");
            return;
        }

        foreach (var (row, now) in elsewhere)
        {
            if (!tagged.Contains(row.Id) && database.Find(now.TrackingId) is { DeletedAt: null } other
                && other.ProviderId == row.ProviderId) _gone.Add((row, $"its instance belongs to {now.TrackingId}"));
            else Spare(row, $"its instance is now tagged as {now.TrackingId}");
        }
    }

    private int Mark(PhaseInput input)
    {
        if (input.DryRun)
        {
            foreach (var (row, why) in _gone) Note(row, "would mark deleted", why);
            Tell(_gone, "would-mark-deleted");
            if (_gone.Count > 0) notes.Problem($"dry run: {_gone.Count} rows were not marked deleted");
            return 0;
        }

        foreach (var (row, why) in _gone) Note(row, "marked deleted", why);
        var marks = new List<(LiveRow, AuditLine)>();
        foreach (var (row, why) in _gone)
        {
            if (database.Find(row.Id) is { } full)
                marks.Add((row, AuditTrail.Line(audit.Of(full, "marked-deleted", "sync", why))));
        }

        return database.MarkGone(marks, input.AsOf);
    }

    private void SpareAlive(LiveRow row, CloudInstance now, PhaseInput input)
    {
        Spare(row, now.IsOwn(input.Shard) ? $"not listed, but the cloud says {now.State}" : "not listed: no longer tagged as ours");
        if (!now.IsOwn(input.Shard) || database.Find(row.Id) is not { } full || full.Status == now.Status) return;
        _refreshed += database.Refresh([SyncPhase.Truth(row.Id, full.ProviderState, now, input.Shard)], input.AsOf);
    }

    private void Spare(LiveRow row, string why)
    {
        _spared++;
        _left.Add((row, why));
        Note(row, "spared", why);
    }

    private void Tell(IEnumerable<(LiveRow Row, string Why)> rows, string action) => audit.Tell(
        rows.Select(r => database.Find(r.Row.Id) is { } full ? audit.Of(full, action, "sync", r.Why) : null).OfType<AuditEntry>());

    private void Note(LiveRow row, string action, string why)
    {
        if (notes.Samples.Count >= Notes.Limit) return;
        if (database.Find(row.Id) is { } full) notes.Sample(full, action, why);
    }
}
