namespace Nstance.Temporal.Activities.LocalDb;

/// <summary>
/// Every write of the collector. Each repeats in its WHERE what must still hold: between choosing and writing, nstance's
/// server may have written too.
/// </summary>
internal static class Statements
{
    public const string MarkDeleted = """
        UPDATE instances SET deleted_at = $at, updated_at = $at WHERE id = $id AND deleted_at IS NULL
        """;

    /// <summary>Only while the row still names the instance that the cloud was asked about.</summary>
    public const string MarkGone = """
        UPDATE instances SET deleted_at = $at, updated_at = $at
        WHERE id = $id AND deleted_at IS NULL AND provider_id = $provider
        """;

    /// <summary>Only while the row still names none, and its agent said nothing since it was judged.</summary>
    public const string MarkVanished = $"""
        UPDATE instances SET deleted_at = $at, updated_at = $at
        WHERE id = $id AND {Schema.UnnamedRow} AND registered_at IS NOT NULL AND coalesce(health_at, registered_at) < $before
        """;

    public const string Revive = """
        UPDATE instances SET deleted_at = NULL, updated_at = $at WHERE id = $id AND deleted_at IS NOT NULL
        """;

    /// <summary>The retention begins anew.</summary>
    public const string Postpone = """
        UPDATE instances SET deleted_at = $at, updated_at = $at WHERE id = $id AND deleted_at IS NOT NULL
        """;

    public const string SetProviderId = $"""
        UPDATE instances SET provider_id = $provider, provider_at = $at, updated_at = $at
        WHERE id = $id AND {Schema.NoProvider}
        """;

    public const string ReplaceProviderId = """
        UPDATE instances SET provider_id = $provider, provider_at = $at, updated_at = $at
        WHERE id = $id AND provider_id = $old
        """;

    public const string SetRegistered = """
        UPDATE instances SET registered_at = $registered, updated_at = $at WHERE id = $id AND registered_at IS NULL
        """;

    public const string SetProviderState = """
        UPDATE instances SET provider_state = $state, provider_at = $at, updated_at = $at WHERE id = $id
        """;

    /// <summary>What the sync owns, of one row. What the cloud does not say stays as it was.</summary>
    public const string Refresh = $"""
        UPDATE instances SET provider_id = CASE WHEN {Schema.NoProvider} THEN $provider ELSE provider_id END,
          provider_at = $at, provider_state = $state, updated_at = $at,
          hostname = coalesce($hostname, hostname), ip4 = coalesce($ip4, ip4), ip6 = coalesce($ip6, ip6)
        WHERE id = $id AND ({Schema.NoProvider} OR provider_id = $provider)
        """;

    /// <summary>
    /// <see cref="Refresh"/> for what was noted, while the row is what it was prepared from. It must not set provider_id: SQLite
    /// then rewrites six indexes in an order that is random to them, at ten times the cost. The plus: by its number, no index.
    /// </summary>
    public const string RefreshNoted = """
        UPDATE instances SET provider_at = $at, provider_state = $state, updated_at = $at,
          hostname = coalesce($host, hostname), ip4 = coalesce($v4, ip4), ip6 = coalesce($v6, ip6)
        WHERE rowid = $row AND +id = $id AND +provider_id = $machine AND provider_state IS $was
        """;

    /// <summary>VALUES, not SELECT: from a SELECT that reads the table it writes to, SQLite makes a table of its own first, for each row.</summary>
    public const string Insert = """
        INSERT INTO instances (id, tenant, group_key, on_demand, provider_id, provider_at, hostname, ip4, ip6,
          provider_state, nonce, issued_at, registered_at, infra_config_hash, instance_pub, created_at, updated_at)
        VALUES ($id, $tenant, $group, $demand, $provider, $providerAt, $hostname, $ip4, $ip6, $state,
          CASE WHEN EXISTS (SELECT 1 FROM instances WHERE nonce = $nonce) THEN $otherNonce ELSE $nonce END,
          $issued, $registered, $hash, $pub, $created, $at)
        ON CONFLICT (id) DO NOTHING
        """;

    /// <summary>What a record knows and the row does not: nothing that the row says is overwritten.</summary>
    public const string Complete = $"""
        UPDATE instances SET tenant = CASE WHEN tenant = '' THEN $tenant ELSE tenant END,
          group_key = coalesce(group_key, $group), registered_at = coalesce(registered_at, $registered),
          provider_id = CASE WHEN {Schema.NoProvider} THEN coalesce($provider, provider_id) ELSE provider_id END,
          updated_at = $at
        WHERE id = $id AND deleted_at IS NULL AND (tenant = '' OR (group_key IS NULL AND $group IS NOT NULL)
          OR (registered_at IS NULL AND $registered IS NOT NULL) OR ({Schema.NoProvider} AND $provider IS NOT NULL))
        """;

    public const string MarkRecord = """
        INSERT INTO gc_instances (instance_id, record_key, etag, record_status, orphan, first_seen_at)
        VALUES ($id, $key, $etag, $status, $orphan, $seen)
        ON CONFLICT (instance_id) DO UPDATE SET record_key = $key, etag = $etag, record_status = $status,
          orphan = $orphan, first_seen_at = coalesce($seen, first_seen_at)
        """;

    public const string SeenFrom = """
        INSERT INTO gc_instances (instance_id, first_seen_at) VALUES ($id, $seen)
        ON CONFLICT (instance_id) DO UPDATE SET first_seen_at = $seen
        """;

    public const string ClearRecordStatus = "UPDATE gc_instances SET record_status = NULL WHERE instance_id = $id";

    /// <summary>Children first: nstance's foreign keys have no cascade.</summary>
    public static IReadOnlyList<string> Purge { get; } =
    [
        "DELETE FROM public_keys WHERE instance_id = $id",
        "DELETE FROM lb_instances WHERE instance_id = $id",
        "DELETE FROM instances WHERE id = $id AND deleted_at IS NOT NULL",
        "DELETE FROM gc_instances WHERE instance_id = $id",
        "DELETE FROM gc_told WHERE instance_id = $id",
    ];

    public const string IsDeleted = "SELECT EXISTS (SELECT 1 FROM instances WHERE id = $id AND deleted_at IS NOT NULL)";

    public const string AddAudit = "INSERT INTO gc_audit (id, line) VALUES ($id, $line) ON CONFLICT (id) DO NOTHING";

    public const string RemoveAudit = "DELETE FROM gc_audit WHERE n BETWEEN $from AND $to";

    public const string SetTold = """
        INSERT INTO gc_told (instance_id, reason, saying, at) VALUES ($id, $reason, $saying, $at)
        ON CONFLICT (instance_id, reason) DO UPDATE SET saying = $saying, at = $at
        """;

    public const string SetMeta = """
        INSERT INTO gc_meta (key, value) VALUES ($id, $value) ON CONFLICT (key) DO UPDATE SET value = $value
        """;
}
