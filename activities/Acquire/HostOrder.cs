using Nstance.Temporal.Activities.Database;
using Temporalio.Activities;
using Temporalio.Exceptions;

namespace Nstance.Temporal.Activities.Acquire;

/// <summary>
/// Lets a host that suits the shard better go first. Any worker may take an acquire from the shared queue, so the other
/// hosts decline it for a short time. Temporal's clock alone measures that time.
/// </summary>
internal static class HostOrder
{
    /// <summary>
    /// After this time any host may take the shard: the better host is gone. 30 s are about 30 attempts, and stay below
    /// the 45 s that a lost host costs.
    /// </summary>
    public static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(30);

    /// <summary>Time to the next attempt. Each one may reach another host.</summary>
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    /// <summary>Time since the first attempt began; all the time there is when Temporal does not call.</summary>
    public static TimeSpan Waited()
    {
        if (!ActivityExecutionContext.HasCurrent) return TimeSpan.MaxValue;
        var info = ActivityExecutionContext.Current.Info;
        return info.StartedTime - info.ScheduledTime;
    }

    /// <summary>Declines if another host may still come first.</summary>
    /// <exception cref="ApplicationFailureException">This host declines.</exception>
    public static void Require(ShardDatabases databases, AcquireShardInput input, TimeSpan waited)
    {
        if (WhyLater(databases, input) is { } why && waited < Wait(input)) throw Decline(databases.HostName, why);
    }

    /// <summary>How long a host waits; never more than a quarter of the cycle's time.</summary>
    public static TimeSpan Wait(AcquireShardInput input)
    {
        var quarter = (input.Settings ?? new()).CycleTimeout / 4;
        return quarter < MaxWait ? quarter : MaxWait;
    }

    public static ApplicationFailureException Decline(string host, string why) => new(
        $"host {host} declines: {why}", ErrorTypes.HostDeclined, nextRetryDelay: RetryDelay);

    private static string? WhyLater(ShardDatabases databases, AcquireShardInput input)
    {
        if (input.AvoidHost == databases.HostName) return "its syncs failed, and other hosts go first";
        return input.PreferShared && databases.Find(input.Shard, mustExist: false).Own
            ? "it has no database of nstance's server, and a host with one goes first" : null;
    }
}
