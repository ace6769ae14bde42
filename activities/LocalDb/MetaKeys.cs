namespace Nstance.Temporal.Activities.LocalDb;

/// <summary>What the collector remembers about a database, in <c>gc_meta</c>.</summary>
internal static class MetaKeys
{
    public const string SchemaVersion = "schema_version";
    public const string Cluster = "cluster";
    public const string Shard = "shard";

    /// <summary>Go time of the last complete rebuild. A rebuild that is cut leaves it as it was.</summary>
    public const string RebuiltAt = "rebuilt_at";

    /// <summary>Nobody's health is judged for the time before it: nobody was looking.</summary>
    public const string HealthFrom = "health_from";

    public const string SyncedAt = "synced_at";

    public static string CurrentVersion { get; } = $"{LocalDb.Schema.Version}";
}
