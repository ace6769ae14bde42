namespace Nstance.Temporal.Simulation.Chaos;

/// <summary>
/// Chance that depends on what is asked and not on who asked before: a story keeps its course when events are taken out
/// of it, and reads that run in parallel cannot change it.
/// </summary>
internal static class Dice
{
    /// <summary>From 0 to 1, the same for the same words.</summary>
    public static double Roll(int seed, int number, string what, int count)
    {
        var hash = 14695981039346656037UL;
        hash = Mix(hash ^ (uint)seed);
        hash = Mix(hash ^ (uint)number);
        foreach (var c in what) hash = (hash ^ c) * 1099511628211UL;
        hash = Mix(hash ^ (uint)count);
        return (hash >> 11) / (double)(1UL << 53);
    }

    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9UL;
        value = (value ^ (value >> 27)) * 0x94d049bb133111ebUL;
        return value ^ (value >> 31);
    }
}
