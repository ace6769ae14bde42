namespace Nstance.Temporal.Simulation.Faults;

/// <summary>
/// Decides what happens to each call, by name of operation (<c>DescribeInstances</c>, <c>GetObject</c> …). A script
/// is asked first, then a rule, then chance.
/// </summary>
internal sealed class FaultRoom(int seed)
{
    private readonly Lock _gate = new();
    private readonly Random _random = new(seed);
    private readonly Dictionary<string, Queue<Fault>> _scripts = new(StringComparer.Ordinal);
    private readonly List<(string Operation, Func<string, bool> When, Fault Fault)> _rules = [];
    private (double Probability, Fault[] Faults, HashSet<string> Operations) _chance = (0, [], []);

    /// <summary>
    /// The next calls of the operation meet these, one each: <see cref="Fault.None"/> lets one through, so that the
    /// fault hits page N.
    /// </summary>
    public void Script(string operation, params IEnumerable<Fault> faults)
    {
        lock (_gate)
        {
            if (!_scripts.TryGetValue(operation, out var script))
                _scripts[operation] = script = new Queue<Fault>();
            foreach (var fault in faults)
                script.Enqueue(fault);
        }
    }

    /// <summary>
    /// Every call of the operation meets this until <see cref="Clear"/>. <paramref name="when"/> sees the subject:
    /// the key of an object, the ids of instances joined with commas. In <c>DeleteObjects</c> each key is a call of
    /// <c>DeleteObjects:Key</c>.
    /// </summary>
    public void Always(string operation, Fault fault, Func<string, bool>? when = null)
    {
        lock (_gate)
            _rules.Add((operation, when ?? (_ => true), fault));
    }

    /// <summary>Calls meet one of these faults by chance, the same for the same seed and order of calls.</summary>
    public void Chance(double probability, Fault[] faults, params IEnumerable<string> operations)
    {
        lock (_gate)
            _chance = (probability, faults, operations.ToHashSet(StringComparer.Ordinal));
    }

    public void Clear()
    {
        lock (_gate)
        {
            _scripts.Clear();
            _rules.Clear();
            _chance = (0, [], []);
        }
    }

    /// <summary>What happens to this call.</summary>
    public Fault Next(string operation, string subject)
    {
        lock (_gate)
        {
            if (_scripts.TryGetValue(operation, out var script) && script.TryDequeue(out var scripted))
                return scripted;
            foreach (var (name, when, fault) in _rules)
            {
                if (name == operation && when(subject))
                    return fault;
            }

            var (probability, faults, operations) = _chance;
            if (faults.Length > 0 && (operations.Count == 0 || operations.Contains(operation))
                && _random.NextDouble() < probability)
                return faults[_random.Next(faults.Length)];
            return Fault.None;
        }
    }
}
