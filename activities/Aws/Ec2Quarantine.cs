using System.Collections.Concurrent;
using System.Globalization;
using Amazon.EC2;
using Amazon.EC2.Model;

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
            ids,
            batch => TagAsync(batch, CloudTags.GcQuarantined, at, ct),
            whenDone: null,
            whenFailed: e => new(TerminateOutcome.Failed, e.Message) { IsOutage = e.WorthRetrying });

        // An instance that cannot be stopped, such as a spot instance, runs until its quarantine is over.
        await EachBatchAsync(
            ids,
            batch => aws.RunAsync(
                client.StopInstancesAsync, new StopInstancesRequest { InstanceIds = [.. batch] }, ct, batch.Count),
            whenDone: new(TerminateOutcome.Quarantined, null),
            whenFailed: e => e.Fault == CloudFault.Protected
                ? new(TerminateOutcome.Protected, TerminationProtection.WhyOf(e))
                : new(TerminateOutcome.Quarantined, $"it runs on, because it could not be stopped: {e.Message}"));
        return _results;
    }

    public async Task ReleaseAsync(string id, DateTimeOffset protectedUntil, CancellationToken ct)
    {
        var hasNoRoom = false;
        try
        {
            await TagAsync([id], CloudTags.GcProtect, protectedUntil, ct);
        }
        catch (CloudException e) when (e.Code == TagLimit)
        {
            hasNoRoom = true;
        }

        var start = new StartInstancesRequest { InstanceIds = [id] };
        await aws.RunAsync(client.StartInstancesAsync, start, ct, instances: 1);
        var untag = new DeleteTagsRequest { Resources = [id], Tags = [new Tag(CloudTags.GcQuarantined)] };
        await aws.RunAsync(client.DeleteTagsAsync, untag, ct);

        // The removed tag leaves room for this one.
        if (hasNoRoom) await TagAsync([id], CloudTags.GcProtect, protectedUntil, ct);
    }

    private Task<CreateTagsResponse> TagAsync(
        IReadOnlyList<string> ids, string key, DateTimeOffset time, CancellationToken ct)
    {
        var value = time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        return aws.RunAsync(client.CreateTagsAsync, new CreateTagsRequest([.. ids], [new Tag(key, value)]), ct);
    }

    private async Task EachBatchAsync(
        IEnumerable<string> ids, Func<IReadOnlyList<string>, Task> call, TerminateResult? whenDone,
        Func<CloudException, TerminateResult> whenFailed)
    {
        foreach (var batch in ids.Where(id => !_results.ContainsKey(id)).Distinct().Chunk(MaxIds).ToArray())
            await HalvedAsync(batch);

        async Task HalvedAsync(IReadOnlyList<string> batch)
        {
            // Old evidence must not stop an instance.
            if (_time.GetElapsedTime(_began) > TerminateInBatches.MaxDuration)
            {
                Set(batch, new(TerminateOutcome.Failed, "not stopped: asking and tagging took too long"));
                return;
            }

            try
            {
                await call(batch);
                if (whenDone is { } done) Set(batch, done);
            }
            catch (CloudException e) when (batch.Count > 1 && !e.WorthRetrying && e.Fault != CloudFault.Denied)
            {
                foreach (var half in DescribeByIds.Halves(batch)) await HalvedAsync(half);
            }
            catch (CloudException e)
            {
                Set(batch, whenFailed(e));
            }
        }
    }

    private void Set(IEnumerable<string> ids, TerminateResult result)
    {
        foreach (var id in ids) _results[id] = result;
    }
}
