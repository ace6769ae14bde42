using System.Collections.Concurrent;

namespace Nstance.Temporal.Simulation.Cloud;

/// <summary>How often each operation was asked for, failed calls included.</summary>
internal sealed class CallCounts
{
    private readonly ConcurrentDictionary<string, int> _counts = new(StringComparer.Ordinal);

    public int this[string operation] => _counts.GetValueOrDefault(operation);

    public void Add(string operation) => _counts.AddOrUpdate(operation, 1, (_, count) => count + 1);
}
