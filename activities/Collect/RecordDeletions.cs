using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Rules;

namespace Nstance.Temporal.Activities.Collect;

/// <summary>
/// Deletes the records of terminated instances. Each cycle retries a record that the bucket did not delete, but only in
/// the version that was judged: nstance reuses the ids of NAT instances. While its group or reason is paused, it waits.
/// </summary>
internal sealed class RecordDeletions(ShardDatabase database, IRecordStore records, PhaseInput input)
{
    /// <summary>Deletes each record once. Stores and returns what the bucket did not delete.</summary>
    public async Task<IReadOnlyList<KeptRecord>> DeleteAsync(IEnumerable<KeptRecord> terminated, CancellationToken ct)
    {
        var open = terminated.DistinctBy(record => record.Key).ToArray();
        if (open.Length == 0) return [];
        var answer = await records.DeleteAsync(input.Shard, [.. open.Select(record => record.Key)], ct);
        var failed = open.Where(r => answer.ContainsKey(r.Key)).Select(r => r with { Why = answer[r.Key] }).ToArray();
        database.AddKeptRecords(failed);
        return failed;
    }

    public async Task RetryAsync(CancellationToken ct)
    {
        var kept = FindDue();
        if (kept.Count == 0) return;
        var open = new List<KeptRecord>();
        var failed = new List<KeptRecord>();
        foreach (var record in kept)
        {
            try
            {
                if (await IsToDeleteAsync(record, ct)) open.Add(record);
            }
            catch (CloudException e)
            {
                failed.Add(record with { Why = e.Message });
            }
        }

        database.AddKeptRecords(failed);
        failed.AddRange(await DeleteAsync(open, ct));
        // Last: a pause or a crash meanwhile must lose none.
        database.RemoveKeptRecords(kept.Select(record => record.InstanceId).Except(failed.Select(f => f.InstanceId)));
    }

    /// <summary>
    /// Returns a sentence about the records that the bucket still holds; null if it holds none that is not paused.
    /// </summary>
    public string? Problem()
    {
        if (FindDue() is not [var first, ..] kept) return null;
        var more = kept.Count > 1 ? $" and {kept.Count - 1} more" : "";
        return $"record {first.Key}{more} of terminated instances could not be deleted: {first.Why}; "
            + "the next cycle retries. Allow s3:DeleteObject on the bucket";
    }

    private IReadOnlyList<KeptRecord> FindDue() => [.. database.FindKeptRecords()
        .Where(r => PauseRules.Of(input, Reasons.Of(r.Reason).Pause, r.Tenant, r.Group) is null)];

    /// <summary>False if the record is gone or changed, or its row is active again.</summary>
    private async Task<bool> IsToDeleteAsync(KeptRecord record, CancellationToken ct) =>
        database.Find(record.InstanceId) is not { DeletedAt: null }
        && await records.GetAsync(input.Shard, record.Key, ct) switch
        {
            RecordRead.Found found => found.ETag == record.ETag,
            RecordRead.Invalid => record.ETag is null,
            _ => false,
        };
}
