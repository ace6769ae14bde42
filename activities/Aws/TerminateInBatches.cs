using Nstance.Temporal.Activities.Ports;

namespace Nstance.Temporal.Activities.Aws;

/// <summary>
/// Ends instances in batches of one zone. EC2 ends none of a batch when one id is bad, and only some when zones are
/// mixed and one instance is protected; so after any failure it is asked what became of each, the named ones are taken
/// out, else the batch is halved until the bad ones stand alone.
/// </summary>
internal sealed class TerminateInBatches(
    Func<IReadOnlyList<string>, Task<IReadOnlySet<string>>> terminate,
    Func<IReadOnlyList<string>, Task<DescribeResult>> describe,
    TimeProvider? time = null)
{
    public const int MaxIds = 1000;

    // Enough to isolate dozens of bad ids in a batch of a thousand, and an end to it when all are bad.
    private const int MaxCalls = 500;

    /// <summary>No call begins later than this after the first: what the caller knows about the instances grows old.</summary>
    internal static readonly TimeSpan MaxDuration = TimeSpan.FromMinutes(1);

    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly Dictionary<string, TerminateResult> _results = [];
    private int _calls;

    /// <returns>An answer for each instance.</returns>
    public async Task<IReadOnlyDictionary<string, TerminateResult>> RunAsync(IReadOnlyCollection<CloudInstance> instances)
    {
        var open = new Queue<IReadOnlyList<string>>(instances
            .DistinctBy(i => i.ProviderId)
            .GroupBy(i => i.Zone ?? "")
            .SelectMany(zone => zone.Select(i => i.ProviderId).Chunk(MaxIds)));
        var began = _time.GetTimestamp();
        while (open.TryDequeue(out var batch))
        {
            if (_time.GetElapsedTime(began) > MaxDuration)
            {
                Fail(batch, "not tried: ending the others took too long");
                continue;
            }

            if (++_calls > MaxCalls)
            {
                Fail(batch, "not tried: too many of the batch could not be terminated");
                continue;
            }

            foreach (var again in await EndAsync(batch)) open.Enqueue(again);
        }

        return _results;
    }

    /// <returns>Smaller batches to try.</returns>
    private async Task<IReadOnlyList<IReadOnlyList<string>>> EndAsync(IReadOnlyList<string> batch)
    {
        CloudException failure;
        try
        {
            var ending = await terminate(batch);
            var missing = batch.Where(id => !ending.Contains(id)).ToArray();
            foreach (var id in batch.Where(ending.Contains)) _results[id] = new TerminateResult(TerminateOutcome.Terminated, null);
            if (missing.Length > 0) Fail(await LookAgainAsync(missing), "the cloud's answer left it out");
            return [];
        }
        catch (CloudException e)
        {
            failure = e;
        }

        var left = await LookAgainAsync(batch);
        if (left.Count == 0) return [];
        var named = DescribeByIds.NamedIn(failure, left);
        var isolated = named.Count > 0 ? named : batch.Count == 1 ? left : [];
        switch (failure.Fault)
        {
            case CloudFault.Protected:
                foreach (var id in isolated)
                    _results[id] = new TerminateResult(TerminateOutcome.Protected, TerminationProtection.Why);
                break;
            case CloudFault.Gone or CloudFault.Malformed or CloudFault.Invalid:
            // One instance that a policy refuses must not keep its whole batch alive.
            case CloudFault.Denied when failure.Code == "UnauthorizedOperation":
                Fail(isolated, failure.Message);
                break;
            default:
                Fail(left, failure.Message);
                return [];
        }

        var rest = left.Where(id => !_results.ContainsKey(id)).ToArray();
        if (rest.Length == 0) return [];
        // Smaller already: the call failed because of what was taken out, and says nothing about the rest.
        return rest.Length < batch.Count
            ? [rest]
            : [rest.Take(rest.Length / 2).ToArray(), rest.Skip(rest.Length / 2).ToArray()];
    }

    /// <returns>Those that still stand, or of which nothing can be said.</returns>
    private async Task<IReadOnlyList<string>> LookAgainAsync(IReadOnlyList<string> ids)
    {
        var now = await describe(ids);
        foreach (var id in ids)
        {
            if (now.NotFound.Contains(id))
                _results[id] = new TerminateResult(TerminateOutcome.AlreadyGone, "the cloud knows no such instance");
            else if (now.Found.TryGetValue(id, out var instance)
                && instance.Status is Domain.InstanceStatus.Deleting or Domain.InstanceStatus.Deleted)
                _results[id] = new TerminateResult(TerminateOutcome.Terminated, $"is {instance.State} now");
        }

        return ids.Where(id => !_results.ContainsKey(id)).ToArray();
    }

    private void Fail(IEnumerable<string> ids, string why)
    {
        foreach (var id in ids) _results[id] = new TerminateResult(TerminateOutcome.Failed, why);
    }
}
