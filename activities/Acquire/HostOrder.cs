using Nstance.Temporal.Activities.Database;
using Temporalio.Activities;
using Temporalio.Exceptions;

namespace Nstance.Temporal.Activities.Acquire;

/// <summary>
/// Gives a better host for the shard the first chance. Any worker may take an acquire from the shared queue, so other
/// hosts decline it for a short time, measured by Temporal's clock.
/// </summary>
internal static class HostOrder
{
    /// <summary>
    /// After this time any host may take the shard. It allows about 30 attempts, and is less than the 45 s of a lost
    /// host.
    /// </summary>
    public static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(30);

    /// <summary>Time to the next attempt, which may reach another host.</summary>
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    /// <summary>Returns the time since the first attempt; the maximum outside of an activity.</summary>
    public static TimeSpan Waited()
    {
        if (!ActivityExecutionContext.HasCurrent) return TimeSpan.MaxValue;
        var info = ActivityExecutionContext.Current.Info;
        return info.StartedTime - info.ScheduledTime;
    }

    public static void Require(ShardDatabases databases, AcquireShardInput input, TimeSpan waited)
    {
        if (WhyLater(databases, input) is { } why && waited < Wait(input)) throw Decline(databases.HostName, why);
    }

    /// <summary>Returns how long a host waits: at most a quarter of the cycle's time.</summary>
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
