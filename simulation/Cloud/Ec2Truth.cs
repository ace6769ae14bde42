namespace Nstance.Temporal.Simulation.Cloud;

/// <summary>
/// All instances as they really are. The endpoint answers from here, sometimes late or in part; tests, fleet and
/// verdict look here directly. Nothing is ever forgotten: an instance that EC2 no longer shows is still here.
/// </summary>
internal sealed class Ec2Truth(SimulatedCloudOptions options)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Machine> _machines = new(StringComparer.Ordinal);
    private readonly Random _random = new(options.Seed);
    private string[]? _sortedIds;

    /// <summary>A new instance stays out of listings and filters for this long after its launch. Default none.</summary>
    public TimeSpan HideFromListings { get; set; }

    /// <summary>A new instance is not found by its id for this long after its launch. Default none.</summary>
    public TimeSpan HideFromIds { get; set; }

    public DateTimeOffset Now => options.Clock.GetUtcNow();

    /// <summary>Every instance that ever was, by id in order.</summary>
    public IReadOnlyList<Machine> All()
    {
        lock (_gate)
            return [.. SortedIds().Select(id => Settled(_machines[id]))];
    }

    public Machine? Find(string id)
    {
        lock (_gate)
            return _machines.TryGetValue(id, out var machine) ? Settled(machine) : null;
    }

    /// <summary>The instance if EC2 would answer for its id now.</summary>
    public Machine? FindVisible(string id) =>
        Find(id) is { } machine && Shown(machine) && Now >= machine.LaunchedAt + HideFromIds ? machine : null;

    /// <summary>Instances after <paramref name="afterId"/> that a listing would show now, in order of id.</summary>
    public IEnumerable<Machine> Listed(string? afterId)
    {
        string[] ids;
        lock (_gate)
            ids = SortedIds();
        var start = 0;
        if (afterId is not null)
        {
            start = Array.BinarySearch(ids, afterId, StringComparer.Ordinal);
            start = start < 0 ? ~start : start + 1;
        }

        for (var i = start; i < ids.Length; i++)
        {
            if (Find(ids[i]) is { } machine && Shown(machine) && Now >= machine.LaunchedAt + HideFromListings)
                yield return machine;
        }
    }

    /// <summary>Launches as EC2 does: pending at first.</summary>
    public IReadOnlyList<Machine> Launch(LaunchSpec spec)
    {
        lock (_gate)
        {
            var launched = new List<Machine>(spec.Count);
            for (var i = 0; i < spec.Count; i++)
            {
                var address = _random.Next(1 << 24);
                var machine = new Machine(NewId(), Now, MachineState.Pending, Now)
                {
                    Zone = spec.Zone,
                    InstanceType = spec.InstanceType,
                    ImageId = spec.ImageId,
                    SubnetId = spec.SubnetId,
                    TerminationProtected = spec.TerminationProtected,
                    Tags = new SortedDictionary<string, string>(
                        spec.Tags.ToDictionary(StringComparer.Ordinal), StringComparer.Ordinal),
                    PrivateIp = $"10.{address >> 16}.{(address >> 8) & 255}.{address & 255}",
                };
                _machines.Add(machine.Id, machine);
                launched.Add(machine);
            }

            _sortedIds = null;
            return launched;
        }
    }

    /// <summary>Puts an instance there as it is, for fixtures.</summary>
    public void Put(Machine machine)
    {
        lock (_gate)
        {
            _machines[machine.Id] = machine;
            _sortedIds = null;
        }
    }

    public Machine Change(string id, Func<Machine, Machine> change)
    {
        lock (_gate)
            return _machines[id] = change(Settled(_machines[id]));
    }

    /// <summary>Ends an instance; one that has ended stays as it was. Protection is the caller's business.</summary>
    public Machine Terminate(string id, string by) => Change(id, machine => machine.Alive
        ? machine with { State = MachineState.ShuttingDown, StateSince = Now, EndedAt = Now, EndedBy = by }
        : machine);

    /// <summary>Stops a running or pending instance; any other stays as it was.</summary>
    public Machine Stop(string id) => Change(id, machine =>
        machine.State is MachineState.Running or MachineState.Pending
            ? machine with { State = MachineState.Stopping, StateSince = Now }
            : machine);

    /// <summary>Starts a stopped instance; any other stays as it was.</summary>
    public Machine Start(string id) => Change(id, machine => machine.State is MachineState.Stopped
        ? machine with { State = MachineState.Pending, StateSince = Now }
        : machine);

    private Machine Settled(Machine machine) => machine.State switch
    {
        MachineState.Pending => After(machine, options.BootTime, MachineState.Running),
        MachineState.Stopping => After(machine, options.ShutdownTime, MachineState.Stopped),
        MachineState.ShuttingDown => After(machine, options.ShutdownTime, MachineState.Terminated),
        _ => machine,
    };

    private Machine After(Machine machine, TimeSpan time, MachineState next) => Now >= machine.StateSince + time
        ? machine with { State = next, StateSince = machine.StateSince + time }
        : machine;

    private bool Shown(Machine machine) => machine.State is not MachineState.Terminated
        || Now < machine.StateSince + options.TerminatedVisible;

    private string[] SortedIds() => _sortedIds ??= [.. _machines.Keys.Order(StringComparer.Ordinal)];

    private string NewId()
    {
        Span<byte> bytes = stackalloc byte[9];
        _random.NextBytes(bytes);
        return "i-0" + Convert.ToHexStringLower(bytes)[..16];
    }
}
