using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Ports;

namespace Nstance.Temporal.Activities.Reconcile;

/// <summary>
/// Looks at instances whose reports are missing. Writes and ends nothing: what is unhealthy or gone, the next cycle's sync
/// sees for itself. Safe to retry.
/// </summary>
internal sealed class CheckPhase(ShardDatabase db, ICloud cloud, TimeSpan healthCheckInterval)
{
    /// <summary>From so many missed reports on, a running instance should be replaced.</summary>
    public const int MissedForReplacement = 3;

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

        return new CheckInstancesResult([.. input.Events.Select((e, i) => Check(e, rows[i], answer, silent, input))]);
    }

    private CheckedInstance Check(
        ReconcileEvent e, InstanceRow? known, DescribeResult? answer, string? silent, CheckInstancesInput input)
    {
        CheckedInstance Says(CheckVerdict verdict, string why) => new(e.InstanceId ?? "", verdict, why);
        if (known is null) return Says(CheckVerdict.Unknown, "the database has no such row");

        // Read after the cloud was asked: an agent that reports by now settles it.
        var row = db.Find(known.Id) ?? known;
        if (row.DeletedAt is not null) return Says(CheckVerdict.Fine, "was deleted meanwhile");
        if (row.ProviderId is not { } provider) return Says(CheckVerdict.Unknown, "the row has no provider id");
        if (provider != known.ProviderId) return Says(CheckVerdict.Unknown, "the row names another instance by now");
        if (answer is null) return Says(CheckVerdict.Unknown, silent ?? "the cloud was not asked");
        if (answer.NotFound.Contains(provider)) return Says(CheckVerdict.Collectable, "the cloud knows no such instance");

        if (!answer.Found.TryGetValue(provider, out var instance))
            return Says(CheckVerdict.Unknown, answer.Unknown.GetValueOrDefault(provider) ?? "the cloud did not answer about it");
        if (!instance.IsOwn(input.Shard) || instance.TrackingId != row.Id)
            return Says(CheckVerdict.Unknown, $"{provider} is not this instance at the cloud");
        if (instance.Status.IsUnhealthy()) return Says(CheckVerdict.Collectable, $"{instance.State} at the cloud");

        if (instance.Status == InstanceStatus.Unknown) return Says(CheckVerdict.Unknown, "in a state that is not understood");
        var reports = row.LastSign >= input.AsOf - healthCheckInterval;
        if (reports) return Says(CheckVerdict.Fine, "reports again");
        return instance.Status == InstanceStatus.Running && e.Attempt >= MissedForReplacement
            ? Says(CheckVerdict.Replace, $"running, but {e.Attempt} reports are missing")
            : Says(CheckVerdict.Fine, $"{instance.State}; {e.Attempt} reports are missing, {MissedForReplacement} would be too many");
    }
}
