using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Rules;

namespace Nstance.Temporal.Activities.Reconcile;

/// <summary>
/// Checks instances whose reports are missing. It writes and terminates nothing, because the next sync finds unhealthy
/// and missing machines. Safe to retry.
/// </summary>
internal sealed class CheckPhase(ShardDatabase db, ICloud cloud, ShardTimings timings)
{
    public async Task<CheckInstancesResult> RunAsync(CheckInstancesInput input, CancellationToken ct)
    {
        var rows = input.Events.Select(e => e.InstanceId is { } id ? db.Find(id) : null).ToArray();
        var ids = rows.Select(r => r?.ProviderId).OfType<string>().Distinct().ToArray();
        DescribeResult? answer = null;
        string? silent = null;
        try
        {
            if (ids.Length > 0) answer = await cloud.DescribeAsync(ids, ct);
        }
        catch (CloudException e)
        {
            silent = e.Message;
        }

        var since = db.HealthKnownSince(new(input.Shard, input.AsOf, timings));
        return new([.. input.Events.Select((e, i) =>
        {
            var (verdict, why) = Judge(e, rows[i], answer, silent, since, input);
            return new CheckedInstance(e.InstanceId ?? "", verdict, why);
        })]);
    }

    private (CheckVerdict Verdict, string Why) Judge(
        ReconcileEvent e, InstanceRow? known, DescribeResult? answer, string? silent, DateTimeOffset? since,
        CheckInstancesInput input)
    {
        if (known is null) return (CheckVerdict.Unknown, "the database has no such row");

        // Read the row again: its agent may have reported meanwhile.
        var row = db.FindForHealth(known.Id) ?? known;
        if (row.DeletedAt is not null) return (CheckVerdict.Fine, "was deleted meanwhile");
        if (row.ProviderId is not { } provider) return (CheckVerdict.Unknown, "the row has no provider id");
        if (provider != known.ProviderId) return (CheckVerdict.Unknown, "the row names another instance by now");
        if (answer is null) return (CheckVerdict.Unknown, silent ?? "the cloud was not asked");
        if (answer.NotFound.Contains(provider)) return (CheckVerdict.Collectable, "not found at the cloud");
        if (!answer.Found.TryGetValue(provider, out var instance))
        {
            var why = answer.Unknown.GetValueOrDefault(provider);
            return (CheckVerdict.Unknown, why ?? "the cloud did not answer about it");
        }

        if (!instance.IsOwn(input.Shard) || instance.TrackingId != row.Id)
            return (CheckVerdict.Unknown, $"{provider} is not this instance at the cloud");
        if (instance.Status.IsUnhealthy()) return (CheckVerdict.Collectable, $"{instance.State} at the cloud");
        if (instance.Status == InstanceStatus.Unknown)
            return (CheckVerdict.Unknown, "in a state that is not understood");
        if (since is null) return (CheckVerdict.Unknown, "no agent reports into this host's database");

        // The check may be old, and another host's: its agent may have reported since, or nstance reset all reports.
        var last = row.LastSign > since ? row.LastSign : since.Value;
        var missed = Math.Min(e.Attempt, HealthRules.Missed(last, input.AsOf, timings));
        if (missed < 1) return (CheckVerdict.Fine, "reports again");
        return instance.Status == InstanceStatus.Running && missed >= Deadlines.MissedReports
            ? (CheckVerdict.Replace, $"running, but {missed} reports are missing")
            : (CheckVerdict.Fine,
                $"{instance.State}; {missed} reports are missing, {Deadlines.MissedReports} would be too many");
    }
}
