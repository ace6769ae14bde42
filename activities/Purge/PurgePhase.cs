using Nstance.Temporal.Activities.Audit;
using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Activities.Records;
using Nstance.Temporal.Activities.Rules;
using Nstance.Temporal.Activities.Telemetry;

namespace Nstance.Temporal.Activities.Purge;

/// <summary>
/// Deletes the record, then the row, of what was deleted longer ago than the retention (contract, 4), and before the last
/// complete sync, which knows whether its machine is gone: while a machine carries its id, the row stays. A row outlives its
/// record, never the other way round: a failure leaves the row, and the next cycle finds it again.
/// </summary>
internal sealed class PurgePhase(
    ShardDatabase database, IRecordStore records, AuditTrail audit, Action<PhaseProgress> heartbeat)
{
    // As many as one call of S3 deletes.
    private const int PageSize = 1000;

    private readonly PhaseNotes _notes = new();
    private IReadOnlyDictionary<InstanceId, IReadOnlyList<string>>? _keys;
    private bool _isLookedUp;

    /// <param name="input">The cycle.</param>
    /// <param name="before">What an attempt before this one purged.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<PurgeResult> RunAsync(PhaseInput input, PurgeResult? before, CancellationToken cancellationToken)
    {
        var deletedBefore = input.AsOf - input.Timings.DeletedRecordRetention;
        if (PauseRules.Window(input) is { } window)
        {
            _notes.Problem(window);
            return new() { Problems = _notes.Problems };
        }

        // A mark that no complete sync has looked at is no evidence: it may have been set in an outage, of a machine that runs.
        if (!input.DryRun)
        {
            if (database.GetMetaTime(MetaKeys.SyncedAt) is not { } synced) return new();
            var looked = synced - input.Timings.SettleTime;
            if (looked < deletedBefore) deletedBefore = looked;
        }

        var result = before ?? new PurgeResult();
        foreach (var problem in database.FindUnusableDeleted(input.AsOf).Select(row => PhaseNotes.InvalidRow(row, input.AsOf)).OfType<string>())
        {
            _notes.Problem(problem);
            result = result with { Invalid = result.Invalid + 1 };
        }

        var all = database.FindExpired(deletedBefore);
        foreach (var expired in all.Chunk(PageSize))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var page = expired.Where(row => !IsHeld(row, input)).ToList();
            if (page.Count == 0) continue;
            result = result with { Expired = result.Expired + page.Count };
            if (input.DryRun)
            {
                foreach (var row in page) _notes.Sample(row, "would purge", Why(row));
                audit.Tell(page.Select(row => Entry(row, "would-purge")));
                continue;
            }

            if (!_isLookedUp && page.Exists(row => IsWithoutTenant(row, input.Shard)))
            {
                _keys = await KeysWithoutTenantAsync(input.Shard, all, cancellationToken);
                _isLookedUp = true;
            }

            result = await PurgeAsync(input.Shard, page, result, cancellationToken);
            heartbeat(new($"purge: {result.Purged} of {result.Expired}")
            {
                // What failed is found again, and counted then.
                Purged = result with { Expired = result.Purged, Failed = 0 },
            });
        }

        if (await audit.TryFlushAsync(cancellationToken) is { } waits) _notes.Problem(waits);
        return result with { Samples = _notes.Samples, Problems = _notes.Problems };
    }

    private async Task<PurgeResult> PurgeAsync(
        ShardRef shard, List<InstanceRow> page, PurgeResult result, CancellationToken cancellationToken)
    {
        // Null: may have a record, and we could not find out which.
        var keys = page.ToDictionary(row => row.Id, row => KeysOf(shard, row));
        var known = keys.Values.OfType<IReadOnlyList<string>>().SelectMany(k => k).ToList();
        var failed = known.Count == 0
            ? new Dictionary<string, string>()
            : await records.DeleteAsync(shard, known, cancellationToken);
        foreach (var (key, why) in failed) _notes.Problem($"record {key} could not be deleted: {why}");

        var done = page.Where(row => keys[row.Id] is { } own && !own.Any(failed.ContainsKey)).ToList();
        var purged = database.Purge([.. done.Select(row => (row.Id, AuditTrail.Line(Entry(row, "purged"))))]).ToHashSet();
        foreach (var row in done)
        {
            if (purged.Contains(row.Id)) _notes.Sample(row, "purged", Why(row));
            else _notes.Problem($"row {row.Id} could not be removed: something still refers to it, or it is live again");
        }

        return result with
        {
            Purged = result.Purged + purged.Count,
            Failed = result.Failed + page.Count - purged.Count,
            WithoutRecord = result.WithoutRecord + done.Count(row => keys[row.Id]!.Count == 0),
        };
    }

    private IReadOnlyList<string>? KeysOf(ShardRef shard, InstanceRow row)
    {
        if (row.InstanceId is not { } id) return [];
        if (row.RecordKeyIn(shard.Shard) is { } key) return [key];
        return _keys is null ? null : _keys.GetValueOrDefault(id) ?? [];
    }

    /// <summary>It may have a record, of which only the bucket's listing knows the key.</summary>
    private static bool IsWithoutTenant(InstanceRow row, ShardRef shard) =>
        row.InstanceId is not null && row.RecordKeyIn(shard.Shard) is null;

    /// <summary>Keys of all such rows, by one listing.</summary>
    private async Task<IReadOnlyDictionary<InstanceId, IReadOnlyList<string>>?> KeysWithoutTenantAsync(
        ShardRef shard, IReadOnlyList<InstanceRow> rows, CancellationToken cancellationToken)
    {
        var wanted = rows.Where(row => IsWithoutTenant(row, shard)).Select(row => row.InstanceId!.Value).ToHashSet();
        try
        {
            return await RecordKeys.FindAsync(records, shard, wanted, cancellationToken);
        }
        catch (CloudException e)
        {
            _notes.Problem($"records of {wanted.Count} instances without tenant could not be looked for: {e.Message}");
            return null;
        }
    }

    private bool IsHeld(InstanceRow row, PhaseInput input)
    {
        if (PauseRules.Of(input, Sweep.Purge, row.Tenant, row.Group) is not { } held) return false;
        _notes.Sample(row, "skipped", held);
        return true;
    }

    private AuditEntry Entry(InstanceRow row, string action) => audit.Of(row, action, "retention", Why(row));

    private static string Why(InstanceRow row) => $"deleted at {row.DeletedAt:yyyy-MM-dd HH:mm:ss}Z, past the retention";
}
