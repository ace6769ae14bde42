namespace Nstance.Temporal.Activities.Domain;

/// <summary>
/// Keys of a shard's objects in the bucket (contract, "Object storage"). Every key begins at <see cref="Root"/>, so
/// that nstance's <c>--prefix</c> is applied in one place.
/// </summary>
internal static class ShardKeys
{
    /// <summary>S3's limit is 1,024 bytes for a whole key.</summary>
    public const int MaxPrefixLength = 256;

    public const string PrefixRule =
        "1 to 256 printable ASCII characters without blanks; no slash at the ends, no empty, . or .. parts";

    /// <summary>Returns <c>{prefix}/shard/{shard}/</c>; without a prefix <c>shard/{shard}/</c>.</summary>
    /// <exception cref="ArgumentException">The shard or the prefix is invalid.</exception>
    public static string Root(ShardRef shard)
    {
        if (!Identifiers.IsValid(shard.Shard)) throw new ArgumentException("not a shard id", nameof(shard));
        if (string.IsNullOrEmpty(shard.Prefix)) return $"shard/{shard.Shard}/";
        return IsPrefix(shard.Prefix)
            ? $"{shard.Prefix}/shard/{shard.Shard}/"
            : throw new ArgumentException("not a prefix of keys", nameof(shard));
    }

    /// <summary>Key of nstance's configuration.</summary>
    public static string Config(ShardRef shard) => Root(shard) + "config.jsonc";

    /// <summary>Key of nstance's leader lock.</summary>
    public static string Leader(ShardRef shard) => Root(shard) + "leader.json";

    /// <summary>Returns the bucket and its prefix with a slash, for messages.</summary>
    public static string Place(ShardRef shard) =>
        string.IsNullOrEmpty(shard.Prefix) ? $"s3://{shard.Bucket}/" : $"s3://{shard.Bucket}/{shard.Prefix}/";

    /// <summary>
    /// True for a prefix with one spelling that an HTTP client does not change: <c>P</c> and <c>P/</c> must not be two
    /// places.
    /// </summary>
    public static bool IsPrefix(string text) =>
        text.Length is > 0 and <= MaxPrefixLength
        && text.All(c => c is > ' ' and < '\u007f' and not '\\')
        && text.Split('/').All(part => part is not ("" or "." or ".."));
}
