namespace Nstance.Temporal.Activities.Database;

internal static class MetaKeys
{
    public const string Version = "version";

    public const string Cluster = "cluster";
    public const string Shard = "shard";

    /// <summary>Time of the last complete rebuild.</summary>
    public const string RebuiltAt = "rebuilt_at";

    /// <summary>Health is not evaluated for the time before it.</summary>
    public const string HealthFrom = "health_from";

    /// <summary>nstance's leader and since when, as JSON. Only in a shared file.</summary>
    public const string Leader = "leader";

    /// <summary>Time of the last update of <c>gc_unreported</c>.</summary>
    public const string UnreportedAt = "unreported_at";

    /// <summary>Time of this host's acquire; a database without it is not used.</summary>
    public const string AcquiredAt = "acquired_at";

    /// <summary>Region from the configuration last read; "" if it names none.</summary>
    public const string Region = "region";

    /// <summary>As a Go duration: for checks, which run outside a cycle.</summary>
    public const string HealthCheckInterval = "health_check_interval";

    /// <summary>
    /// Time of the last complete sync without suspicion or dry-run. Rows marked since then are not purged.
    /// </summary>
    public const string SyncedAt = "synced_at";

    /// <summary>"0" if the last sync saw no own instance, so that "not found" is not evidence.</summary>
    public const string SawOwn = "saw_own";

    /// <summary>Returns the key of the last audit line of an instance and a reason. An id has no blank.</summary>
    public static string LastAudited(string instanceId, string reason) => $"audited {instanceId} {reason}";
}
