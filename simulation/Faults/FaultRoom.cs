namespace Nstance.Temporal.Simulation.Faults;

/// <summary>
/// Decides what happens to each call, by name of operation (<c>DescribeInstances</c>, <c>GetObject</c> …). A script
/// is asked first, then the rules.
/// </summary>
internal sealed class FaultRoom
{
    private readonly Lock _gate = new();
    private readonly List<(string Operation, Fault Fault)> _script = [];
    private readonly List<(string Operation, Func<string, bool> When, Fault Fault)> _rules = [];

    /// <summary>
    /// Gives each of the next calls of the operation one of these: <see cref="Fault.None"/> lets one through, so that
    /// the fault hits page N.
    /// </summary>
    public void Script(string operation, params IEnumerable<Fault> faults)
    {
        lock (_gate) _script.AddRange(faults.Select(fault => (operation, fault)));
    }

    /// <summary>
    /// Gives every call of the operation this until <see cref="Clear"/>. <paramref name="when"/> sees the subject:
    /// the key of an object, the ids of instances joined with commas. In <c>DeleteObjects</c> each key is a call of
    /// <c>DeleteObjects:Key</c>.
    /// </summary>
    public void Always(string operation, Fault fault, Func<string, bool>? when = null)
    {
        lock (_gate) _rules.Add((operation, when ?? (_ => true), fault));
    }

    public void Clear()
    {
        lock (_gate)
        {
            _script.Clear();
            _rules.Clear();
        }
    }

    /// <summary>Returns what happens to this call.</summary>
    public Fault Next(string operation, string subject)
    {
        lock (_gate)
        {
            var next = _script.FindIndex(s => s.Operation == operation);
            if (next < 0) return _rules.Find(r => r.Operation == operation && r.When(subject)).Fault ?? Fault.None;
            var fault = _script[next].Fault;
            _script.RemoveAt(next);
            return fault;
        }
    }
}
