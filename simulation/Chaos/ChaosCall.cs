using Nstance.Temporal.Activities.Cloud;

namespace Nstance.Temporal.Simulation.Chaos;

/// <summary>The host died in the middle of a call.</summary>
internal sealed class HostDied(StoryEvent cause) : Exception("the host died")
{
    public StoryEvent Cause { get; } = cause;
}

/// <summary>
/// One attempt at a phase, seen from its calls to cloud, bucket and reconciler: counts them, and lets the story strike at one.
/// </summary>
internal sealed class ChaosCall(ChaosWorld world, string phase, StoryEvent? strike)
{
    private int _calls;

    /// <summary>Before a call takes effect. Only what looks, and is looked at again, may last long.</summary>
    public Task BeforeAsync(string action, bool looks)
    {
        _calls++;
        world.Trace($"{world.Step}/{phase}/{action}");
        if (strike is null || strike.Call != _calls) return Task.CompletedTask;
        if (strike.Deed == Deed.SlowCall && looks) world.Advance(world.Now + strike.For);
        if (strike is { Deed: Deed.Crash or Deed.HostLost, After: false }) throw new HostDied(strike);
        return Task.CompletedTask;
    }

    /// <summary>After a call took effect.</summary>
    public void After()
    {
        if (strike is { Deed: Deed.Crash or Deed.HostLost, After: true } && strike.Call == _calls) throw new HostDied(strike);
    }

    /// <summary>Throws what the cloud answers while a fault of it holds.</summary>
    public void CloudFaults(string action)
    {
        if (world.Strikes(Deed.Throttle, action, Count())) throw new CloudException(CloudFault.Throttled, "EC2: RequestLimitExceeded");
        if (world.Strikes(Deed.CloudError, action, Count())) throw new CloudException(CloudFault.Transient, "EC2: timeout");
        if (world.Strikes(Deed.CloudDenied, action, Count())) throw new CloudException(CloudFault.Denied, "EC2: UnauthorizedOperation");
    }

    public int Count() => _calls + (int)world.Elapsed.TotalSeconds;
}
