namespace Nstance.Temporal.Simulation.Chaos;

/// <summary>
/// Rolls that depend on the question alone. A story keeps its course when events are removed from it, and parallel
/// reads cannot change it.
/// </summary>
internal static class Dice
{
    /// <summary>FNV-1a's start.</summary>
    public const ulong Offset = 14695981039346656037UL;

    private const ulong Prime = 1099511628211UL;

    /// <summary>Returns a number from 0 to 1, the same for the same words.</summary>
    public static double Roll(int seed, int number, string what, int count)
    {
        var hash = Spread(Spread(Offset ^ (uint)seed) ^ (uint)number);
        hash = Spread(Mix(hash, what) ^ (uint)count);
        return (hash >> 11) / (double)(1UL << 53);
    }

    /// <summary>Adds a text to a hash (FNV-1a).</summary>
    public static ulong Mix(ulong hash, string text)
    {
        foreach (var c in text) hash = (hash ^ c) * Prime;
        return hash;
    }

    private static ulong Spread(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9UL;
        value = (value ^ (value >> 27)) * 0x94d049bb133111ebUL;
        return value ^ (value >> 31);
    }
}
