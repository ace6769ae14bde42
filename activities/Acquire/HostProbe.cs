using Nstance.Temporal.Activities.Records;

namespace Nstance.Temporal.Activities.Acquire;

/// <summary>
/// Asks the bucket and the cloud before this host accepts a shard. A host that cannot reach them declines, so that
/// another host gets the shard.
/// </summary>
internal sealed class HostProbe(IConnections connections, string host, TimeSpan waited)
{
    /// <summary>Time since the first attempt of this acquire on any host.</summary>
    public TimeSpan Waited => waited;

    /// <summary>Returns the shard's configuration after both services have answered.</summary>
    public async Task<ShardConfig> RunAsync(IRecordStore records, AcquireShardInput input, CancellationToken ct)
    {
        var configuration = new ShardConfiguration(records, input.Shard, connections.Provider);
        var config = await AskAsync("S3", input, () => configuration.RequireAsync(ct));
        var timings = (input.Settings ?? new GcSettings()).Over(config.Timings);
        var cloud = connections.Cloud(config.Region, timings.RequestTimeout);
        return await AskAsync("EC2", input, async () =>
        {
            await cloud.ProbeAsync(input.Shard, ct);
            return config;
        });
    }

    private async Task<T> AskAsync<T>(string service, AcquireShardInput input, Func<Task<T>> ask)
    {
        try
        {
            return await ask();
        }
        catch (CloudException e) when (e.Fault == CloudFault.Transient)
        {
            throw HostOrder.Decline(
                host, $"{service} did not answer: {e.Message}. Check this host's network, DNS and {service} endpoint");
        }
        catch (CloudException e) when (e.Fault == CloudFault.Denied && waited < HostOrder.Wait(input))
        {
            // Later the failure is final: no host has the permission, and the cycle must report it.
            throw HostOrder.Decline(
                host, $"{service} refused it: {e.Message}. Check this host's AWS credentials and role");
        }
    }
}
