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

    /// <summary>Set when this host acquired the shard; a database without it is not used.</summary>
    public const string AcquiredAt = "acquired_at";

    /// <summary>Region from the configuration last read; "" if it names none.</summary>
    public const string Region = "region";

    /// <summary>As a Go duration: for checks, which are asked outside a cycle.</summary>
    public const string HealthCheckInterval = "health_check_interval";

    /// <summary>Time of the last complete sync that was not suspect, and no dry-run. What was marked deleted since then is not purged.</summary>
    public const string SyncedAt = "synced_at";

    /// <summary>"0" when the last sync saw not one own instance: then "not found" is no evidence of anything.</summary>
    public const string SawOwn = "saw_own";

    /// <summary>Older than any: whoever opens the database next makes what it lacks.</summary>
    public const string IncompleteVersion = "0";

    public static string CurrentVersion { get; } = $"{LocalDb.Schema.Version}";
}
