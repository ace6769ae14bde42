using System.Collections.Concurrent;
using System.Globalization;
using Amazon.EC2;
using Amazon.EC2.Model;
using Nstance.Temporal.Activities.Ports;

namespace Nstance.Temporal.Activities.Aws;

/// <summary>
/// Quarantine at EC2: a tag, and a stop. Stopping pays no heed to termination protection, so that is asked first, for each
/// instance; a refused batch is halved until the bad ones stand alone.
/// </summary>
internal sealed class Ec2Quarantine(IAmazonEC2 client, AwsCall aws, TimeProvider? time = null)
{
    private const int MaxIds = 500;

    /// <summary>EC2's word for an instance that has all the tags it may have, 50.</summary>
    private const string TagLimit = "TagLimitExceeded";

    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private ConcurrentDictionary<string, TerminateResult> _results = new();
    private long _began;

    public async Task<IReadOnlyDictionary<string, TerminateResult>> RunAsync(
        IReadOnlyList<string> ids, DateTimeOffset at, CancellationToken cancellationToken)
    {
        _began = _time.GetTimestamp();
        _results = await new TerminationProtection(client, aws).RunAsync(ids, cancellationToken);
        foreach (var batch in Open(ids).Chunk(MaxIds)) await TagAsync(batch, at, cancellationToken);
        foreach (var batch in Open(ids).Chunk(MaxIds)) await StopAsync(batch, cancellationToken);
        return _results;
    }

    public async Task ReleaseAsync(string id, DateTimeOffset protectedUntil, CancellationToken cancellationToken)
    {
        var full = false;
        try
        {
            await ProtectAsync();
        }
        catch (CloudException e) when (e.Code == TagLimit)
        {
            full = true;
        }

        await aws.RunAsync("StartInstances", ct => client.StartInstancesAsync(
            new StartInstancesRequest { InstanceIds = [id] }, ct), cancellationToken, instances: 1);
        await aws.RunAsync("DeleteTags", ct => client.DeleteTagsAsync(
            new DeleteTagsRequest { Resources = [id], Tags = [new Tag(CloudTags.GcQuarantined)] }, ct), cancellationToken);

        // The tag of the quarantine held the last place.
        if (full) await ProtectAsync();

        Task ProtectAsync() => aws.RunAsync("CreateTags", ct => client.CreateTagsAsync(
            new CreateTagsRequest([id], [new Tag(CloudTags.GcProtect, Text(protectedUntil))]), ct), cancellationToken);
    }

    private static string Text(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private string[] Open(IEnumerable<string> ids) => [.. ids.Where(id => !_results.ContainsKey(id)).Distinct()];

    /// <summary>The tag before the stop: a stopped machine that nobody can explain is worse than a tagged one that runs.</summary>
    private Task TagAsync(string[] ids, DateTimeOffset at, CancellationToken cancellationToken) => HalvedAsync(
        ids,
        batch => aws.RunAsync("CreateTags", ct => client.CreateTagsAsync(
            new CreateTagsRequest([.. batch], [new Tag(CloudTags.GcQuarantined, Text(at))]), ct), cancellationToken),
        whenDone: null,
        whenFailed: e => new(TerminateOutcome.Failed, e.Message));

    /// <summary>One that cannot be stopped (a spot instance, for one) has its wait all the same, running.</summary>
    private Task StopAsync(string[] ids, CancellationToken cancellationToken) => HalvedAsync(
        ids,
        batch => aws.RunAsync("StopInstances", ct => client.StopInstancesAsync(
            new StopInstancesRequest { InstanceIds = [.. batch] }, ct), cancellationToken, batch.Length),
        whenDone: new(TerminateOutcome.Quarantined, null),
        whenFailed: e => new(TerminateOutcome.Quarantined, $"it runs on, because it could not be stopped: {e.Message}"));

    private async Task HalvedAsync(
        string[] ids, Func<string[], Task> call, TerminateResult? whenDone, Func<CloudException, TerminateResult> whenFailed)
    {
        // What the caller knows about them grows old, as with an end.
        if (_time.GetElapsedTime(_began) > TerminateInBatches.MaxDuration)
        {
            foreach (var id in ids) _results[id] = new(TerminateOutcome.Failed, "not stopped: asking and tagging took too long");
            return;
        }

        try
        {
            await call(ids);
            if (whenDone is not { } done) return;
            foreach (var id in ids) _results[id] = done;
        }
        catch (CloudException e) when (ids.Length > 1 && !e.WorthRetrying && e.Fault != CloudFault.Denied)
        {
            await HalvedAsync(ids[..(ids.Length / 2)], call, whenDone, whenFailed);
            await HalvedAsync(ids[(ids.Length / 2)..], call, whenDone, whenFailed);
        }
        catch (CloudException e)
        {
            foreach (var id in ids) _results[id] = whenFailed(e);
        }
    }
}
