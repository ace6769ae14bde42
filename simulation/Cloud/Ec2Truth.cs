namespace Nstance.Temporal.Simulation.Cloud;

/// <summary>
/// All instances as they really are. The endpoint answers from here, sometimes late or in part; tests, fleet and
/// verdict read it directly. It keeps instances that EC2 no longer shows.
/// </summary>
internal sealed class Ec2Truth(SimulatedCloudOptions options)
{
    private static readonly TimeSpan TerminatedVisible = TimeSpan.FromHours(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Machine> _machines = new(StringComparer.Ordinal);
    private string[]? _sortedIds;

    public DateTimeOffset Now => options.Clock.GetUtcNow();

    /// <summary>Returns every instance that ever was, in order of id.</summary>
    public IReadOnlyList<Machine> All() => [.. SortedIds().Select(id => Find(id)!)];

    public Machine? Find(string id)
    {
        lock (_gate)
        {
            if (!_machines.TryGetValue(id, out var machine)) return null;
            var settled = Settled(machine);
            return ReferenceEquals(settled, machine) ? machine : _machines[id] = settled;
        }
    }

    /// <summary>Returns the instance if EC2 would answer for its id now.</summary>
    public Machine? FindVisible(string id) => FindVisible(id, Now);

    /// <summary>
    /// Returns the instance in the state that EC2 showed at a time, with the tags of now; null: EC2 did not show it.
    /// </summary>
    public Machine? FindVisible(string id, DateTimeOffset at)
    {
        var now = Find(id);
        var then = now;
        while (then is not null && then.StateSince > at) then = then.Before;
        if (then is null || !IsShown(then, at)) return null;
        return ReferenceEquals(then, now) ? now : then with { Tags = now!.Tags };
    }

    /// <summary>Returns instances after an id that a listing would show now, in order of id.</summary>
    public IEnumerable<Machine> Listed(string? afterId)
    {
        var ids = SortedIds();
        var start = 0;
        if (afterId is not null)
        {
            start = Array.BinarySearch(ids, afterId, StringComparer.Ordinal);
            start = start < 0 ? ~start : start + 1;
        }

        for (var i = start; i < ids.Length; i++)
        {
            if (FindVisible(ids[i]) is { } machine) yield return machine;
        }
    }

    /// <summary>Puts an instance there as it is.</summary>
    public void Put(Machine machine)
    {
        lock (_gate)
        {
            _machines[machine.Id] = machine;
            _sortedIds = null;
        }
    }

    /// <summary>Removes an instance as if it had never been, so that a long simulation does not grow.</summary>
    public void Forget(string id)
    {
        lock (_gate)
        {
            _machines.Remove(id);
            _sortedIds = null;
        }
    }

    public Machine Change(string id, Func<Machine, Machine> change)
    {
        lock (_gate)
        {
            var before = Settled(_machines[id]);
            var after = change(before);
            return _machines[id] = after.StateSince == before.StateSince ? after : after with { Before = before };
        }
    }

    /// <summary>Terminates an instance; one that has ended stays as it was. The caller checks protection.</summary>
    public Machine Terminate(string id, string by) => Change(id, machine => machine.Alive
        ? machine with { State = MachineState.ShuttingDown, StateSince = Now, EndedAt = Now, EndedBy = by }
        : machine);

    /// <summary>Stops a running or pending instance; any other stays as it was.</summary>
    public Machine Stop(string id) => Change(id, machine =>
        machine.State is MachineState.Running or MachineState.Pending
            ? machine with { State = MachineState.Stopping, StateSince = Now }
            : machine);

    /// <summary>Starts a stopped instance, and renews its launch time as EC2 does; any other stays as it was.</summary>
    public Machine Start(string id) => Change(id, machine => machine.State is MachineState.Stopped
        ? machine with { State = MachineState.Pending, StateSince = Now, LaunchedAt = Now }
        : machine);

    private Machine Settled(Machine machine) => machine.State switch
    {
        MachineState.Pending => After(machine, options.BootTime, MachineState.Running),
        MachineState.Stopping => After(machine, options.ShutdownTime, MachineState.Stopped),
        MachineState.ShuttingDown => After(machine, options.ShutdownTime, MachineState.Terminated),
        _ => machine,
    };

    private Machine After(Machine machine, TimeSpan time, MachineState next) => Now >= machine.StateSince + time
        ? machine with { State = next, StateSince = machine.StateSince + time, Before = machine }
        : machine;

    private bool IsShown(Machine machine, DateTimeOffset at) =>
        machine.State is not MachineState.Terminated || at < machine.StateSince + TerminatedVisible;

    private string[] SortedIds()
    {
        lock (_gate) return _sortedIds ??= [.. _machines.Keys.Order(StringComparer.Ordinal)];
    }
}
