using System.Collections.Concurrent;
using Amazon.EC2;
using Amazon.EC2.Model;
using InstanceStatus = Nstance.Temporal.Activities.Domain.InstanceStatus;

namespace Nstance.Temporal.Activities.Aws;

/// <summary>
/// Quarantine at EC2: a tag, then a stop. EC2 stops an instance despite termination protection, so each instance is
/// checked for protection first. A refused batch is halved until the bad instances are isolated.
/// </summary>
internal sealed class Ec2Quarantine(IAmazonEC2 client, AwsCall aws, TimeProvider? time = null)
{
    private const int MaxIds = 500;

    /// <summary>EC2's code for an instance that has its maximum of 50 tags.</summary>
    private const string TagLimit = "TagLimitExceeded";

    /// <summary>EC2's code for an instance that it can never stop, such as a spot instance.</summary>
    private const string NotSupported = "UnsupportedOperation";

    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private ConcurrentDictionary<string, TerminateResult> _results = new();
    private long _began;

    public async Task<IReadOnlyDictionary<string, TerminateResult>> RunAsync(
        IReadOnlyList<string> ids, DateTimeOffset at, CancellationToken ct)
    {
        _began = _time.GetTimestamp();
        _results = await new TerminationProtection(client, aws).RunAsync(ids, ct);

        // The tag explains the stop, so it comes first.
        await EachBatchAsync(
            ids, batch => TagAsync(batch, CloudTags.GcQuarantined, new QuarantineTag(at).ToString(), ct),
            whenDone: _ => null, whenFailed: (_, e) => Failed(e));
        var refused = new Dictionary<string, string>();
        await EachBatchAsync(
            ids,
            batch => aws.RunAsync(
                client.StopInstancesAsync, new StopInstancesRequest { InstanceIds = [.. batch] }, ct, batch.Count),
            whenDone: _ => new(TerminateOutcome.Quarantined, null),
            whenFailed: (id, e) =>
            {
                if (e.Fault == CloudFault.Protected)
                    return new(TerminateOutcome.Protected, TerminationProtection.WhyOf(e));
                if (e.Code != NotSupported) return Failed(e); // The next cycle stops it.
                refused[id] = $"it runs on, because it could not be stopped: {e.Message}";
                return null;
            });

        // It runs until its quarantine is over. The tag says so to the next cycle.
        await EachBatchAsync(
            [.. refused.Keys],
            batch => TagAsync(batch, CloudTags.GcQuarantined, new QuarantineTag(at, RunsOn: true).ToString(), ct),
            whenDone: id => new(TerminateOutcome.Quarantined, refused[id]), whenFailed: (_, e) => Failed(e));
        return _results;
    }

    public async Task ReleaseAsync(CloudInstance instance, DateTimeOffset protectedUntil, CancellationToken ct)
    {
        var id = instance.ProviderId;
        var until = CloudInstance.FormatTime(protectedUntil);
        var hasNoRoom = false;
        try
        {
            await TagAsync([id], CloudTags.GcProtect, until, ct);
        }
        catch (CloudException e) when (e.Code == TagLimit)
        {
            hasNoRoom = true;
        }

        // EC2 does not start a spot instance that runs on.
        var start = new StartInstancesRequest { InstanceIds = [id] };
        if (instance.Status != InstanceStatus.Running)
            await aws.RunAsync(client.StartInstancesAsync, start, ct, instances: 1);
        var untag = new DeleteTagsRequest { Resources = [id], Tags = [new Tag(CloudTags.GcQuarantined)] };
        await aws.RunAsync(client.DeleteTagsAsync, untag, ct);

        // The removed tag leaves room for this one.
        if (hasNoRoom) await TagAsync([id], CloudTags.GcProtect, until, ct);
    }

    private Task<CreateTagsResponse> TagAsync(
        IReadOnlyList<string> ids, string key, string value, CancellationToken ct) =>
        aws.RunAsync(client.CreateTagsAsync, new CreateTagsRequest([.. ids], [new Tag(key, value)]), ct);

    private static TerminateResult Failed(CloudException e) =>
        new(TerminateOutcome.Failed, $"not in quarantine: {e.Message}") { IsOutage = e.WorthRetrying };

    private async Task EachBatchAsync(
        IEnumerable<string> ids, Func<IReadOnlyList<string>, Task> call, Func<string, TerminateResult?> whenDone,
        Func<string, CloudException, TerminateResult?> whenFailed)
    {
        foreach (var batch in ids.Where(id => !_results.ContainsKey(id)).Distinct().Chunk(MaxIds).ToArray())
            await HalvedAsync(batch);

        async Task HalvedAsync(IReadOnlyList<string> batch)
        {
            // Old evidence must not stop an instance.
            if (_time.GetElapsedTime(_began) > TerminateInBatches.MaxDuration)
            {
                Set(batch, _ => new(TerminateOutcome.Failed, "not stopped: asking and tagging took too long"));
                return;
            }

            try
            {
                await call(batch);
                Set(batch, whenDone);
            }
            catch (CloudException e) when (batch.Count > 1 && !e.WorthRetrying && e.Fault != CloudFault.Denied)
            {
                foreach (var half in DescribeByIds.Halves(batch)) await HalvedAsync(half);
            }
            catch (CloudException e)
            {
                Set(batch, id => whenFailed(id, e));
            }
        }
    }

    private void Set(IEnumerable<string> ids, Func<string, TerminateResult?> resultOf)
    {
        foreach (var id in ids)
        {
            if (resultOf(id) is { } result) _results[id] = result;
        }
    }
}
