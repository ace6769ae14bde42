
namespace Nstance.Temporal.Activities.Aws;

/// <summary>
/// Terminates instances in batches of one zone. EC2 terminates none of a batch with a bad id, and only some of a batch
/// of several zones with a protected instance. After a failure it describes the batch and removes the instances that
/// the message names. Otherwise it halves the batch until the bad ones are isolated.
/// </summary>
/// <param name="terminate">Makes one call, and returns the ids that the cloud accepted.</param>
/// <param name="describe">Describes instances by id.</param>
/// <param name="time">The clock; null: the system's.</param>
internal sealed class TerminateInBatches(
    Func<IReadOnlyList<string>, Task<IReadOnlySet<string>>> terminate,
    Func<IReadOnlyList<string>, Task<DescribeResult>> describe,
    TimeProvider? time = null)
{
    /// <summary>EC2's maximum for a call.</summary>
    public const int MaxIds = 1000;

    /// <summary>Maximum number of calls. It isolates dozens of bad ids in a batch of a thousand.</summary>
    private const int MaxCalls = 500;

    /// <summary>Maximum time after the first call, because the evidence gets old.</summary>
    internal static readonly TimeSpan MaxDuration = TimeSpan.FromMinutes(1);

    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly Dictionary<string, TerminateResult> _results = [];

    /// <returns>A result for each instance.</returns>
    public async Task<IReadOnlyDictionary<string, TerminateResult>> RunAsync(
        IReadOnlyCollection<CloudInstance> instances)
    {
        var open = new Queue<IReadOnlyList<string>>(instances
            .DistinctBy(i => i.ProviderId)
            .GroupBy(i => i.Zone ?? "")
            .SelectMany(zone => zone.Select(i => i.ProviderId).Chunk(MaxIds)));
        var began = _time.GetTimestamp();
        for (var calls = 0; open.TryDequeue(out var batch); calls++)
        {
            if (_time.GetElapsedTime(began) > MaxDuration)
                Set(batch, TerminateOutcome.Failed, "not tried: terminating the others took too long");
            else if (calls >= MaxCalls)
                Set(batch, TerminateOutcome.Failed, "not tried: too many of the batch could not be terminated");
            else
                foreach (var rest in await TerminateAsync(batch)) open.Enqueue(rest);
        }

        return _results;
    }

    /// <returns>The smaller batches to try next.</returns>
    private async Task<IReadOnlyList<string>[]> TerminateAsync(IReadOnlyList<string> batch)
    {
        CloudException? failure = null;
        try
        {
            var accepted = await terminate(batch);
            Set(batch.Where(accepted.Contains), TerminateOutcome.Terminated, null);
        }
        catch (CloudException e)
        {
            failure = e;
        }

        var left = await DescribeAsync(Open(batch));
        if (left.Count == 0) return [];
        if (failure is null || !IsAboutSome(failure))
        {
            var why = failure?.Message ?? "the cloud's answer left it out";
            Set(left, TerminateOutcome.Failed, why, isOutage: failure is not null);
            return [];
        }

        var named = DescribeByIds.NamedIn(failure, left);
        var bad = named.Count > 0 ? named : batch.Count == 1 ? left : [];
        if (failure.Fault == CloudFault.Protected)
            Set(bad, TerminateOutcome.Protected, TerminationProtection.WhyOf(failure));
        else
            Set(bad, TerminateOutcome.Failed, failure.Message);

        // A smaller rest is tried as a whole: the call failed because of the removed ids.
        var rest = Open(left);
        return rest.Count == 0 ? [] : rest.Count < batch.Count ? [rest] : DescribeByIds.Halves(rest);
    }

    /// <summary>
    /// True for a failure of some instances. A policy that refuses one must not keep its whole batch running.
    /// </summary>
    private static bool IsAboutSome(CloudException failure) =>
        failure.Fault is CloudFault.Protected or CloudFault.Gone or CloudFault.Malformed or CloudFault.Invalid
        || failure is { Fault: CloudFault.Denied, Code: "UnauthorizedOperation" };

    /// <returns>The ids that are not known to be terminated.</returns>
    private async Task<IReadOnlyList<string>> DescribeAsync(IReadOnlyList<string> ids)
    {
        if (ids.Count == 0) return ids;
        var now = await describe(ids);
        foreach (var id in ids)
        {
            if (now.NotFound.Contains(id))
                Set([id], TerminateOutcome.AlreadyGone, "not found at the cloud");
            else if (now.Found.TryGetValue(id, out var instance)
                && instance.Status is InstanceStatus.Deleting or InstanceStatus.Deleted)
                Set([id], TerminateOutcome.Terminated, $"is {instance.State} now");
        }

        return Open(ids);
    }

    private IReadOnlyList<string> Open(IReadOnlyList<string> ids) => [.. ids.Where(id => !_results.ContainsKey(id))];

    private void Set(IEnumerable<string> ids, TerminateOutcome outcome, string? why, bool isOutage = false)
    {
        foreach (var id in ids) _results[id] = new TerminateResult(outcome, why) { IsOutage = isOutage };
    }
}
