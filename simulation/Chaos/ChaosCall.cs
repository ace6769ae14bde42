using Nstance.Temporal.Activities.Ports;

namespace Nstance.Temporal.Simulation.Chaos;

/// <summary>The host died in the middle of a call.</summary>
/// <param name="why">One sentence.</param>
/// <param name="isLost">True: it stays away, and another host takes over. False: it starts again.</param>
internal sealed class HostDied(string why, bool isLost) : Exception(why)
{
    public bool IsLost => isLost;
}

/// <summary>
/// One attempt at a phase, seen from its calls to cloud, bucket and reconciler: counts them, and lets the story strike
/// at one.
/// </summary>
internal sealed class ChaosCall(ChaosWorld world, Bounds bounds, string phase, int host, StoryEvent? strike = null)
{
    private readonly TaskCompletionSource _cut = new();
    private readonly TaskCompletionSource _restored = new();
    private readonly Lock _reads = new();
    private readonly int _minute = (int)world.Elapsed.TotalMinutes;
    private bool _reading;
    private int _calls;

    public ChaosWorld World => world;

    public Bounds Bounds => bounds;

    /// <summary>Completes when the host was cut off: what it does from then on, it does as a zombie.</summary>
    public Task CutOff => _cut.Task;

    /// <summary>Lets a zombie go on.</summary>
    public void Restore() => _restored.SetResult();

    /// <summary>Comes before a call takes effect. Only a call that reads may last long.</summary>
    public async Task BeforeAsync(string action, bool looks)
    {
        _reading = false;
        Step(action, looks);
        if (action == "list")
        {
            foreach (var slow in world.Holding(ChaosEvent.SlowCloud)) world.Advance(world.Now + slow.By);
        }

        if (strike is not { Kind: ChaosEvent.Zombie } || strike.Call != _calls || !looks) return;
        _cut.SetResult();
        await _restored.Task;
    }

    /// <summary>
    /// Comes before a read that others run beside: all until the next call count as one, and wait for what strikes it.
    /// A zombie's wait until it goes on.
    /// </summary>
    public async Task BeforeReadAsync()
    {
        if (_cut.Task.IsCompleted) await _restored.Task;
        lock (_reads)
        {
            if (_reading) return;
            _reading = true;
            Step("read", looks: true);
        }
    }

    /// <summary>Comes after a call took effect.</summary>
    public void After() => Die(after: true);

    /// <summary>Throws what the cloud answers while a fault of it holds.</summary>
    public void CloudFaults(string action)
    {
        Fail(ChaosEvent.Throttle, CloudFault.Throttled, "EC2: RequestLimitExceeded");
        Fail(ChaosEvent.CloudError, CloudFault.Transient, "EC2: timeout");
        Fail(ChaosEvent.CloudDenied, CloudFault.Denied, "EC2: UnauthorizedOperation");
        if (world.Holding(ChaosEvent.HostWithoutEc2).Any(e => e.Member == host))
            throw new CloudException(CloudFault.Transient, "EC2: no route to host");

        void Fail(ChaosEvent kind, CloudFault fault, string message)
        {
            if (world.Strikes(kind, action, Count())) throw new CloudException(fault, message);
        }
    }

    /// <summary>Throws what the bucket answers while it fails.</summary>
    public void BucketFaults(string what)
    {
        if (BucketStrikes(ChaosEvent.BucketError, what))
            throw new CloudException(CloudFault.Transient, "S3: 503 SlowDown");
    }

    public bool BucketStrikes(ChaosEvent kind, string what) => world.Strikes(kind, what, _minute);

    public int Count() => _calls + (int)world.Elapsed.TotalSeconds;

    private void Step(string action, bool looks)
    {
        _calls++;
        world.Trace($"{world.Step}/{phase}/{action}");
        if (strike is { Kind: ChaosEvent.SlowCall } && strike.Call == _calls && looks)
            world.Advance(world.Now + strike.For);
        Die(after: false);
    }

    private void Die(bool after)
    {
        if (strike is { Kind: ChaosEvent.Crash or ChaosEvent.HostLost } && strike.After == after
            && strike.Call == _calls)
            throw new HostDied("the host died", isLost: strike.Kind == ChaosEvent.HostLost);
    }
}
