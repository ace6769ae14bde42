namespace Nstance.Temporal.Simulation.Cloud;

/// <summary>The order of keys in S3's listings: by their bytes in UTF-8, which is the order of code points.</summary>
internal sealed class Utf8Order : IComparer<string>
{
    /// <summary>No key comes after it.</summary>
    public const string Last = "\U0010ffff";

    public static readonly Utf8Order Instance = new();

    public int Compare(string? x, string? y)
    {
        var same = x.AsSpan().CommonPrefixLength(y);
        if (x is null || y is null || same == x.Length || same == y.Length)
            return (x?.Length ?? -1).CompareTo(y?.Length ?? -1);

        // In UTF-16 characters beyond the first plane come before those of its end; in UTF-8 after.
        return char.IsSurrogate(x[same]) == char.IsSurrogate(y[same]) ? x[same].CompareTo(y[same])
            : char.IsSurrogate(x[same]) ? 1 : -1;
    }
}
