namespace Nstance.Temporal.Activities.Database;

/// <summary>
/// Every write of the collector. Three touch nstance's tables: <see cref="MarkDeleted"/> and its kin,
/// <see cref="Purge"/>, and the insert of a recorded instance. Each repeats its conditions in WHERE, because nstance
/// writes to the same file.
/// </summary>
internal static class Statements
{
    /// <summary>Only if the row names the terminated machine, or none: nstance reuses ids of NAT instances.</summary>
    public const string MarkDeleted = """
        UPDATE instances SET deleted_at = $at, updated_at = $at
        WHERE id = $id AND deleted_at IS NULL AND (coalesce(provider_id, '') = '' OR provider_id = $provider)
        """;

    /// <summary>Only if the row still names the machine that the cloud was asked about.</summary>
    public const string MarkGone = """
        UPDATE instances SET deleted_at = $at, updated_at = $at
        WHERE id = $id AND deleted_at IS NULL AND provider_id = $provider
        """;

    /// <summary>
    /// Children first, because nstance's foreign keys have no cascade. Then the collector's data about it.
    /// </summary>
    public static IReadOnlyList<string> Purge { get; } =
    [
        "DELETE FROM public_keys WHERE instance_id = $id",
        "DELETE FROM instances WHERE id = $id AND deleted_at IS NOT NULL",
        "DELETE FROM gc_records WHERE instance_id = $id",
        "DELETE FROM gc_meta WHERE key BETWEEN 'audited ' || $id || ' ' AND 'audited ' || $id || '!'",
    ];

    /// <summary>Before <see cref="Purge"/>, if the file has the table.</summary>
    public const string PurgeTargets = "DELETE FROM lb_instances WHERE instance_id = $id";

    public const string IsDeleted = "SELECT 1 FROM instances WHERE id = $id AND deleted_at IS NOT NULL";

    /// <summary>
    /// Updates rows of a file of our own by their records. A row that is marked as deleted stays marked.
    /// </summary>
    public const string UpsertCached = """
        INSERT INTO instances (id, tenant, group_key, on_demand, provider_id, issued_at, registered_at, created_at,
          updated_at)
        VALUES ($id, $tenant, $group, $demand, $provider, $created, $registered, $created, $at)
        ON CONFLICT (id) DO UPDATE SET tenant = $tenant, group_key = $group, registered_at = $registered,
          provider_id = $provider, updated_at = $at
        WHERE deleted_at IS NULL AND (tenant <> $tenant OR group_key IS NOT $group OR registered_at IS NOT $registered
          OR provider_id IS NOT $provider)
        """;

    public const string RestoreCached = """
        UPDATE instances SET deleted_at = NULL, provider_id = $provider, updated_at = $at
        WHERE id = $id AND deleted_at IS NOT NULL
        """;

    public const string InsertMachine = """
        INSERT INTO gc_machines (provider_id, instance_id, group_key, status, launched_ms, first_seen_at,
          terminating_at)
        VALUES ($id, $instance, $group, $status, $launched, $at, CASE WHEN $status = 'deleting' THEN $at END)
        ON CONFLICT (provider_id) DO UPDATE SET instance_id = $instance, group_key = $group, status = $status,
          launched_ms = $launched,
          terminating_at = CASE WHEN $status = 'deleting' THEN coalesce(terminating_at, $at) END
        """;

    /// <summary>Does not set the instance id, because that would write its index too.</summary>
    public const string UpdateMachine = """
        UPDATE gc_machines SET group_key = $group, status = $status, launched_ms = $launched,
          terminating_at = CASE WHEN $status = 'deleting' THEN coalesce(terminating_at, $at) END
        WHERE provider_id = $id
        """;

    public const string SetTerminating = """
        UPDATE gc_machines SET status = 'deleting', terminating_at = coalesce(terminating_at, $at)
        WHERE provider_id = $id
        """;

    public const string SetRowless = "UPDATE gc_machines SET rowless = $rowless WHERE provider_id = $id";

    public const string DeleteMachine = "DELETE FROM gc_machines WHERE provider_id = $id";

    public const string UpsertRecord = """
        INSERT INTO gc_records (instance_id, etag, tenant, group_key, provider_id, status, registered_at, first_read_at)
        VALUES ($id, $etag, $tenant, $group, $provider, $status, $registered, $at)
        ON CONFLICT (instance_id) DO UPDATE SET etag = $etag, tenant = $tenant, group_key = $group,
          provider_id = $provider, status = $status, registered_at = $registered
        """;

    public const string DeleteRecord = "DELETE FROM gc_records WHERE instance_id = $id";

    public const string AddUnreported = """
        INSERT INTO gc_unreported (instance_id, seen_at) VALUES ($id, $at)
        ON CONFLICT (instance_id) DO UPDATE SET seen_at = $at
        """;

    public const string RemoveUnreported = "DELETE FROM gc_unreported WHERE instance_id = $id";

    public const string AddOnce = """
        INSERT INTO gc_outbox (kind, id, body) VALUES ($kind, $id, $body) ON CONFLICT (kind, id) DO NOTHING
        """;

    /// <summary>Gives an event a new number each time, because it stands for another loss.</summary>
    public const string AddAgain = "INSERT OR REPLACE INTO gc_outbox (kind, id, body) VALUES ($kind, $id, $body)";

    public const string RemoveUpTo = "DELETE FROM gc_outbox WHERE kind = $kind AND n <= $n";

    public const string RemoveById = "DELETE FROM gc_outbox WHERE kind = $kind AND id = $id";

    public const string SetMeta = """
        INSERT INTO gc_meta (key, value) VALUES ($key, $value) ON CONFLICT (key) DO UPDATE SET value = $value
        """;
}
