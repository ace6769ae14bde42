using System.Text;
using Nstance.Temporal.Activities.Audit;

namespace Nstance.Temporal.Activities.Collect;

internal sealed record ReleaseResult(CloudInstance? Released, string? Refused, DateTimeOffset ProtectedUntil)
{
    /// <summary>Why the audit lacks the release; null if it has it.</summary>
    public string? Untold { get; init; }
}

/// <summary>Takes one instance out of quarantine, and adds the operator to the audit.</summary>
internal sealed class Release(ICloud cloud, IAuditStore audit, ShardRef shard)
{
    /// <summary>
    /// Releases an instance, by nstance's id or the cloud's. The tag protects it for a time from another quarantine.
    /// </summary>
    /// <exception cref="CloudException">The cloud did not answer; safe to retry.</exception>
    public async Task<ReleaseResult> RunAsync(
        string instance, string by, string comment, DateTimeOffset now, TimeSpan protectFor,
        CancellationToken ct)
    {
        var until = now + protectFor;
        var found = (await FindAsync(instance, ct))
            .Where(i => i.IsOwn(shard) && i.Status != InstanceStatus.Deleted).ToArray();
        if (found.Length != 1)
        {
            var why = found.Length == 0
                ? "no such instance of this shard at the cloud"
                : $"{found.Length} instances carry this id";
            return new(null, $"{instance}: {why}", until);
        }

        var one = found[0];
        if (!one.Tags.ContainsKey(CloudTags.GcQuarantined))
            return new(null, $"{one.ProviderId} is not in quarantine: it is {one.State}", until);
        await cloud.ReleaseAsync(one, until, ct);
        try
        {
            await TellAsync(one, by, comment, now, until, ct);
            return new(one, null, until);
        }
        catch (CloudException e)
        {
            return new(one, null, until) { Untold = e.Message };
        }
    }

    private async Task<IEnumerable<CloudInstance>> FindAsync(string instance, CancellationToken ct)
    {
        if (InstanceId.TryParse(instance, out _))
            return await cloud.FindByInstanceIdAsync(shard, [instance], ct);
        var answer = await cloud.DescribeAsync([instance], ct);
        return answer.Unknown.TryGetValue(instance, out var why)
            ? throw new CloudException(
                CloudFault.Transient, $"the cloud could not say anything about {instance}: {why}")
            : answer.Found.Values;
    }

    private Task TellAsync(
        CloudInstance one, string by, string comment, DateTimeOffset now, DateTimeOffset until,
        CancellationToken ct)
    {
        var entry = new AuditEntry
        {
            Id = AuditEntry.IdOf(now, one.TrackingId, null, "released"),
            At = now,
            DoneAt = now,
            Cluster = shard.Cluster,
            Shard = shard.Shard,
            Instance = one.TrackingId,
            ProviderId = one.ProviderId,
            Group = one.Group,
            Action = "released",
            Why = $"{comment}; protected until {until:yyyy-MM-dd HH:mm:ss}Z",
            Evidence = new(null, $"{one.ProviderId} {one.State}", null),
            ApprovedBy = by,
            ApprovalComment = comment,
        };
        var line = Encoding.UTF8.GetBytes(entry.ToLine() + "\n");
        return audit.PutAsync(shard, AuditKey.For(shard, now, entry.Id), line, ct);
    }
}
