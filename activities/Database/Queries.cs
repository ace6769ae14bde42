namespace Nstance.Temporal.Activities.Database;

/// <summary>
/// Every query of the collector. Times are compared as texts, up to a second too generously, and a text that does not
/// sort as its time does is selected in any case; the exact time is compared in code. A unary plus keeps SQLite from an
/// index that would be slower than one scan.
/// </summary>
internal static class Queries
{
    /// <summary>Columns of a row, in the order in which <see cref="RowReader"/> reads them.</summary>
    private const string Columns = """
        SELECT i.id, i.tenant, i.group_key, i.provider_id, i.issued_at, i.registered_at, i.health_at, i.created_at,
          i.updated_at, i.deleted_at, r.instance_id, r.status, r.registered_at, r.first_read_at, r.provider_id,
          CASE WHEN coalesce(i.provider_id, '') = ''
            THEN (SELECT min(provider_id) FROM gc_machines WHERE instance_id = i.id) END,
          CASE WHEN coalesce(i.provider_id, '') = ''
            THEN (SELECT count(*) FROM gc_machines WHERE instance_id = i.id) END
        """;

    private const string Record = "LEFT JOIN gc_records AS r ON r.instance_id = i.id";

    /// <summary>Machines that no row stands for, with their records, in the order of <see cref="RowReader"/>.</summary>
    public const string RowlessInstances = """
        SELECT m.instance_id, r.tenant, coalesce(r.group_key, m.group_key), m.provider_id, m.launched_ms, m.status,
          r.instance_id, r.status, r.registered_at, r.first_read_at
        FROM gc_machines AS m LEFT JOIN gc_records AS r ON r.instance_id = m.instance_id
        WHERE m.rowless = 1
        """;

    private const string UnhealthyStatus =
        "('stopping','stopped','suspending','suspended','deleting','deleted','repairing')";

    private const string LiveStatus = "('pending','running','stopping','stopped','unknown')";

    /// <summary>
    /// True for a text that does not sort as its time does: another separator than a blank, an offset that is not
    /// UTC's, or no time at all.
    /// </summary>
    private static string Unsortable(string time) => $"""
        (typeof({time}) <> 'text' OR substr({time}, 11, 1) <> ' '
          OR NOT (substr({time}, -6) = '+00:00' OR length({time}) = 19 OR instr({time}, ' +0000 UTC') > 19))
        """;

    /// <summary>
    /// NULL is fine; what does not look like a time in UTC, or lies in the future, SQL cannot compare.
    /// </summary>
    private static string Unusable(string time) => $"""
        ({time} IS NOT NULL AND ({Unsortable(time)} OR {time} > $future OR length({time}) < 19
          OR substr({time}, 12, 2) > '23' OR julianday(substr({time}, 1, 19)) IS NULL))
        """;

    public const string Machines = """
        SELECT provider_id, instance_id, group_key, status, launched_ms, protected, quarantined, rowless
        FROM gc_machines
        """;

    public const string Terminating = """
        SELECT provider_id, instance_id, group_key, terminating_at FROM gc_machines
        WHERE status = 'deleting' ORDER BY provider_id
        """;

    public const string CountMachines = "SELECT count(*) FROM gc_machines";

    /// <summary>Machines that carry the id of another, and who they are.</summary>
    public const string DuplicateIds = """
        SELECT instance_id, count(*) FROM gc_machines GROUP BY instance_id HAVING count(*) > 1 ORDER BY instance_id
        """;

    /// <summary>Machines that no row stands for; the index and the rows are walked side by side.</summary>
    public const string Rowless = """
        SELECT provider_id FROM gc_machines AS m INDEXED BY gc_machines_instance
        WHERE NOT EXISTS (SELECT 1 FROM instances WHERE id = m.instance_id)
        """;

    /// <summary>These machines, and those that are marked as rowless.</summary>
    public const string MarkedRowless = $"""
        {Machines} WHERE rowless = 1 OR provider_id IN (SELECT value FROM json_each($providers))
        """;

    /// <summary>Machines that carry one of these ids.</summary>
    public const string Carriers = """
        SELECT instance_id, provider_id FROM gc_machines WHERE instance_id IN (SELECT value FROM json_each($ids))
        """;

    /// <summary>Rows that name one of these machines, also those that are marked: their ids, by provider id.</summary>
    public const string IdsByProviders = """
        SELECT provider_id, id FROM instances WHERE provider_id IN (SELECT value FROM json_each($providers))
        """;

    /// <summary>
    /// Machines that rows name and no listing did, and those that several rows name. nstance's index on provider_id and
    /// our key are walked side by side.
    /// </summary>
    public const string ProvidersToCheck = """
        SELECT provider_id FROM instances AS i WHERE provider_id > '' GROUP BY provider_id
        HAVING count(*) > 1 OR NOT EXISTS (SELECT 1 FROM gc_machines WHERE provider_id = i.provider_id)
        """;

    /// <summary>
    /// Live rows that name one of these machines. The last column is the id that the machine carries.
    /// </summary>
    public const string RowsByProviders = $"""
        {Columns}, m.instance_id
        FROM instances AS i LEFT JOIN gc_machines AS m ON m.provider_id = i.provider_id {Record}
        WHERE i.provider_id IN (SELECT value FROM json_each($providers)) AND +i.deleted_at IS NULL
        """;

    public const string Unnamed = $"""
        {Columns} FROM instances AS i {Record}
        WHERE (i.provider_id IS NULL OR i.provider_id = '') AND +i.deleted_at IS NULL
        """;

    /// <summary>Ids that are empty or not texts; bytes sort behind all texts.</summary>
    public const string InvalidIds = "SELECT hex(id) FROM instances WHERE id = '' OR id >= x''";

    /// <summary>Rows whose machine is unhealthy, and rows whose record said so when it was last read.</summary>
    public const string Unhealthy = $"""
        {Columns}
        FROM (
          SELECT instance_id AS candidate FROM gc_machines
          WHERE status <> 'running' AND status IN {UnhealthyStatus} AND rowless = 0
          UNION SELECT instance_id FROM gc_records WHERE status IN ('deleting','deleted'))
        CROSS JOIN instances AS i ON i.id = candidate {Record}
        WHERE +i.deleted_at IS NULL
        """;

    /// <summary>nstance's index on registered_at serves it; a file of our own is scanned.</summary>
    public static readonly string Unregistered = $"""
        {Columns} FROM instances AS i {Record}
        WHERE i.registered_at IS NULL AND +i.deleted_at IS NULL AND r.registered_at IS NULL AND typeof(i.id) = 'text'
          AND (coalesce(i.issued_at, i.created_at) < $before OR {Unusable("i.issued_at")} OR {Unusable("i.created_at")})
        """;

    /// <summary>From the few rows that are marked as deleted to the machines that carry their ids.</summary>
    public const string DeletedButRunning = $"""
        {Columns}, m.provider_id
        FROM instances AS i CROSS JOIN gc_machines AS m ON m.instance_id = i.id {Record}
        WHERE i.deleted_at > '' AND m.status IN {LiveStatus}
        """;

    /// <summary>
    /// One scan: registered and live, of them stale, with a report; the latest sign of life; and those without a report
    /// that were registered when they were last counted.
    /// </summary>
    public const string HealthCounts = $"{Counts} {Registered}";

    /// <summary>
    /// The same, with the ids of the stale and of those whose sign of life does not sort or lies in the future. Any
    /// other text that is not a time sorts among the stale, and is told apart when its row is read.
    /// </summary>
    public static readonly string HealthCountsAndIds = $"""
        {Counts}, json_group_array(id) FILTER (WHERE coalesce(health_at, registered_at) < $before
          OR coalesce(health_at, registered_at) > $future OR {Unsortable("coalesce(health_at, registered_at)")})
        {Registered}
        """;

    private const string Counts = """
        SELECT count(*), count(CASE WHEN coalesce(health_at, registered_at) < $before THEN 1 END), count(health_at),
          max(coalesce(health_at, registered_at)) FILTER (WHERE coalesce(health_at, registered_at) <= $future
            AND typeof(coalesce(health_at, registered_at)) = 'text'),
          count(CASE WHEN health_at IS NULL AND registered_at < $counted THEN 1 END)
        """;

    private const string Registered =
        "FROM instances WHERE +deleted_at IS NULL AND +registered_at IS NOT NULL AND typeof(id) = 'text'";

    /// <summary>Registered, live rows without a report, and those that were registered before a time.</summary>
    public const string Unreported = $"""
        SELECT count(*), count(CASE WHEN registered_at < $counted THEN 1 END) {Registered} AND health_at IS NULL
        """;

    /// <summary>Live rows of whose registration only the record knows.</summary>
    public const string RegisteredByRecord = $"""
        {Columns} FROM instances AS i {Record}
        WHERE i.registered_at IS NULL AND +i.deleted_at IS NULL AND r.registered_at IS NOT NULL
        """;

    /// <summary>
    /// Past the retention, and no machine left: one that runs, or is still shutting down, keeps its row.
    /// </summary>
    public static readonly string Expired = $"""
        {Columns} FROM instances AS i {Record}
        WHERE i.deleted_at > '' AND (i.deleted_at < $before OR {Unsortable("i.deleted_at")}) AND typeof(i.id) = 'text'
          AND NOT EXISTS (SELECT 1 FROM gc_machines WHERE provider_id = i.provider_id)
          AND NOT EXISTS (SELECT 1 FROM gc_machines WHERE instance_id = i.id)
        """;

    /// <summary>Every row with a mark of deletion, whatever the mark is.</summary>
    public const string Marked = $"""
        {Columns} FROM instances AS i {Record} WHERE i.deleted_at >= '' OR i.deleted_at < ''
        """;

    public const string ById = $"{Columns} FROM instances AS i {Record} WHERE i.id = $id";

    public const string ByIds =
        $"{Columns} FROM instances AS i {Record} WHERE i.id IN (SELECT value FROM json_each($ids))";

    public const string HasTargets = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'lb_instances'";

    /// <summary>Load balancers that still have one of these instances as a target. nstance's status says so.</summary>
    public const string Targets = """
        SELECT instance_id, lb_key, status FROM lb_instances
        WHERE status IS NOT 'deregistered' AND instance_id IN (SELECT value FROM json_each($ids)) ORDER BY 1, 2
        """;

    public const string IdByProvider =
        "SELECT id FROM instances WHERE provider_id = $provider AND deleted_at IS NULL LIMIT 1";

    /// <summary>
    /// Live rows by tenant and group, without those whose machine shuts down; machines without a row by group alone,
    /// with "" for the tenant.
    /// </summary>
    public const string CountLiveByGroup = $"""
        SELECT coalesce(tenant, ''), coalesce(group_key, ''), count(*) FROM instances
        WHERE +deleted_at IS NULL AND coalesce(provider_id, '') <> '' GROUP BY 1, 2
        UNION ALL
        SELECT coalesce(i.tenant, ''), coalesce(i.group_key, ''), -count(*)
        FROM gc_machines AS m CROSS JOIN instances AS i ON i.id = m.instance_id AND i.provider_id = m.provider_id
        WHERE m.status = 'deleting' AND +i.deleted_at IS NULL GROUP BY 1, 2
        UNION ALL
        SELECT '', coalesce(group_key, ''), count(*) FROM gc_machines
        WHERE rowless = 1 AND status IN {LiveStatus} GROUP BY 2
        """;

    public const string CountLive =
        "SELECT count(*) FROM instances WHERE +deleted_at IS NULL AND coalesce(provider_id, '') <> ''";

    /// <summary>Places of those records that were not read in this version, or whose row is missing.</summary>
    public const string ChangedRecords = """
        SELECT key FROM json_each($page) WHERE NOT EXISTS (
          SELECT 1 FROM gc_records AS r JOIN instances AS i ON i.id = r.instance_id
          WHERE r.instance_id = value ->> 0 AND r.etag = value ->> 1)
        ORDER BY key
        """;

    public const string Meta = "SELECT value FROM gc_meta WHERE key = $key";

    public const string Waiting = "SELECT n, id, body FROM gc_outbox WHERE kind = $kind ORDER BY n LIMIT $take";
}
