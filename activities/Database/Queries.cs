namespace Nstance.Temporal.Activities.Database;

/// <summary>
/// Every query of the collector. SQL compares times as texts, and may select up to a second too much. It selects every
/// text that does not sort like its time. The code then compares the exact time. A unary plus prevents the use of an
/// index that is slower than a scan.
/// </summary>
internal static class Queries
{
    /// <summary>Columns of a row, as <see cref="RowReader"/> reads them.</summary>
    private const string Columns = """
        SELECT i.id, i.tenant, i.group_key, i.provider_id, i.issued_at, i.registered_at, i.health_at, i.created_at,
          i.updated_at, i.deleted_at, r.instance_id, r.status, r.registered_at, r.first_read_at, r.provider_id,
          CASE WHEN coalesce(i.provider_id, '') = ''
            THEN (SELECT min(provider_id) FROM gc_machines WHERE instance_id = i.id) END,
          CASE WHEN coalesce(i.provider_id, '') = ''
            THEN (SELECT count(*) FROM gc_machines WHERE instance_id = i.id) END
        """;

    private const string Record = "LEFT JOIN gc_records AS r ON r.instance_id = i.id";

    /// <summary>Machines without a row, with their records, as <see cref="RowReader"/> reads them.</summary>
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
    /// True for a text that does not sort like its time: another separator than a blank, an offset that is not UTC, or
    /// no time at all.
    /// </summary>
    private static string Unsortable(string time) => $"""
        (typeof({time}) <> 'text' OR substr({time}, 11, 1) <> ' '
          OR NOT (substr({time}, -6) = '+00:00' OR length({time}) = 19 OR instr({time}, ' +0000 UTC') > 19))
        """;

    /// <summary>True for a text that SQL cannot compare: not a time in UTC, or in the future. NULL is valid.</summary>
    private static string Unusable(string time) => $"""
        ({time} IS NOT NULL AND ({Unsortable(time)} OR {time} > $future OR length({time}) < 19
          OR substr({time}, 12, 2) > '23' OR julianday(substr({time}, 1, 19)) IS NULL))
        """;

    public const string Machines = """
        SELECT provider_id, instance_id, group_key, status, launched_ms, rowless FROM gc_machines
        """;

    public const string Terminating = """
        SELECT provider_id, instance_id, group_key, terminating_at FROM gc_machines
        WHERE status = 'deleting' ORDER BY provider_id
        """;

    public const string DuplicateIds = """
        SELECT instance_id, count(*) FROM gc_machines GROUP BY instance_id HAVING count(*) > 1 ORDER BY instance_id
        """;

    /// <summary>Machines without a row; SQLite walks the index and the rows side by side.</summary>
    public const string Rowless = """
        SELECT provider_id FROM gc_machines AS m INDEXED BY gc_machines_instance
        WHERE NOT EXISTS (SELECT 1 FROM instances WHERE id = m.instance_id)
        """;

    public const string MarkedRowless = $"""
        {Machines} WHERE rowless = 1 OR provider_id IN (SELECT value FROM json_each($providers))
        """;

    public const string Carriers = """
        SELECT instance_id, provider_id FROM gc_machines WHERE instance_id IN (SELECT value FROM json_each($ids))
        """;

    public const string IdsByProviders = """
        SELECT provider_id, id FROM instances WHERE provider_id IN (SELECT value FROM json_each($providers))
        """;

    /// <summary>
    /// Machines that rows name and the listing lacks, and machines that several rows name. SQLite walks nstance's index
    /// on provider_id and our key side by side.
    /// </summary>
    public const string ProvidersToCheck = """
        SELECT provider_id FROM instances AS i WHERE provider_id > '' GROUP BY provider_id
        HAVING count(*) > 1 OR NOT EXISTS (SELECT 1 FROM gc_machines WHERE provider_id = i.provider_id)
        """;

    /// <summary>Active rows that name one of these machines, and the id that the machine carries.</summary>
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

    /// <summary>
    /// Active rows whose machine, or whose record as last read, is unhealthy. For a UNION without ALL, SQLite would
    /// walk an index and read each machine by its key, which takes ten times as long.
    /// </summary>
    public const string Unhealthy = $"""
        {Columns} FROM instances AS i {Record}
        WHERE +i.deleted_at IS NULL AND i.id IN (
          SELECT instance_id FROM gc_machines
          WHERE status <> 'running' AND status IN {UnhealthyStatus} AND rowless = 0
          UNION ALL SELECT instance_id FROM gc_records WHERE status IN ('deleting','deleted'))
        """;

    /// <summary>Uses nstance's index on registered_at; a file of our own is scanned.</summary>
    public static readonly string Unregistered = $"""
        {Columns} FROM instances AS i {Record}
        WHERE i.registered_at IS NULL AND +i.deleted_at IS NULL AND r.registered_at IS NULL AND typeof(i.id) = 'text'
          AND (coalesce(i.issued_at, i.created_at) < $before OR {Unusable("i.issued_at")} OR {Unusable("i.created_at")})
        """;

    /// <summary>Starts at the few marked rows and finds the machines that carry their ids.</summary>
    public const string DeletedButRunning = $"""
        {Columns}, m.provider_id
        FROM instances AS i CROSS JOIN gc_machines AS m ON m.instance_id = i.id {Record}
        WHERE i.deleted_at > '' AND m.status IN {LiveStatus}
        """;

    /// <summary>
    /// Counts in one scan the registered rows, the stale ones and those with a report, and returns the latest sign.
    /// Also counts those that had a report at the last look and have none now.
    /// </summary>
    public const string HealthCounts = $"{Counts} {Registered}";

    /// <summary>
    /// Returns also the ids of rows with an old sign, and of rows whose sign does not sort or lies in the future. Other
    /// invalid texts sort as stale; <see cref="RowReader"/> detects them.
    /// </summary>
    public static readonly string HealthCountsAndIds = $"""
        {Counts}, json_group_array(id) FILTER (WHERE coalesce(health_at, registered_at) < $before
          OR coalesce(health_at, registered_at) > $future OR {Unsortable("coalesce(health_at, registered_at)")})
        {Registered}
        """;

    /// <summary>
    /// True: registered at the last look. A number sorts before each text, and so before "", the time of no look.
    /// </summary>
    private const string SeenBefore = "typeof(registered_at) = 'text' AND registered_at < $looked";

    /// <summary>A row without a report counts from the first look that saw it so.</summary>
    private const string Stale = """
        coalesce(health_at, registered_at) < $before AND (health_at IS NOT NULL
          OR (SELECT seen_at FROM gc_unreported WHERE instance_id = id) < $before)
        """;

    private const string Counts = $"""
        SELECT count(*), count(CASE WHEN {Stale} THEN 1 END), count(health_at),
          max(coalesce(health_at, registered_at)) FILTER (WHERE coalesce(health_at, registered_at) <= $future
            AND typeof(coalesce(health_at, registered_at)) = 'text'),
          count(CASE WHEN health_at IS NULL AND {SeenBefore}
            AND NOT EXISTS (SELECT 1 FROM gc_unreported WHERE instance_id = id) THEN 1 END)
        """;

    private const string Registered =
        "FROM instances WHERE +registered_at IS NOT NULL AND +deleted_at IS NULL AND typeof(id) = 'text'";

    /// <summary>
    /// Active registered rows without a report: whether each was registered at the last look, and since when it is
    /// seen so.
    /// </summary>
    public const string Unreported = $"""
        SELECT id, {SeenBefore}, (SELECT seen_at FROM gc_unreported WHERE instance_id = id)
        {Registered} AND health_at IS NULL
        """;

    public const string UnreportedSince = """
        SELECT instance_id, seen_at FROM gc_unreported WHERE instance_id IN (SELECT value FROM json_each($ids))
        """;

    public const string UnreportedIds = "SELECT instance_id FROM gc_unreported";

    public const string RegisteredByRecord = $"""
        {Columns} FROM instances AS i {Record}
        WHERE i.registered_at IS NULL AND +i.deleted_at IS NULL AND r.registered_at IS NOT NULL
        """;

    /// <summary>Rows past the retention without a machine. A row stays while its machine runs or shuts down.</summary>
    public static readonly string Expired = $"""
        {Columns} FROM instances AS i {Record}
        WHERE i.deleted_at > '' AND (i.deleted_at < $before OR {Unsortable("i.deleted_at")}) AND typeof(i.id) = 'text'
          AND NOT EXISTS (SELECT 1 FROM gc_machines WHERE provider_id = i.provider_id)
          AND NOT EXISTS (SELECT 1 FROM gc_machines WHERE instance_id = i.id)
        """;

    /// <summary>Every row with a mark of deletion of any value.</summary>
    public const string Marked = $"""
        {Columns} FROM instances AS i {Record} WHERE i.deleted_at >= '' OR i.deleted_at < ''
        """;

    public const string ById = $"{Columns} FROM instances AS i {Record} WHERE i.id = $id";

    public const string ByIds =
        $"{Columns} FROM instances AS i {Record} WHERE i.id IN (SELECT value FROM json_each($ids))";

    public const string HasTargets = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'lb_instances'";

    /// <summary>Load balancers with one of these instances as a target, by nstance's status.</summary>
    public const string Targets = """
        SELECT instance_id, lb_key, status FROM lb_instances
        WHERE status IS NOT 'deregistered' AND instance_id IN (SELECT value FROM json_each($ids)) ORDER BY 1, 2
        """;

    /// <summary>
    /// Counts active rows by tenant and group, without machines that shut down. Machines without a row have the tenant
    /// "".
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

    /// <summary>Places of the records that were not read in this version, or whose row is missing.</summary>
    public const string ChangedRecords = """
        SELECT key FROM json_each($page) WHERE NOT EXISTS (
          SELECT 1 FROM gc_records AS r JOIN instances AS i ON i.id = r.instance_id
          WHERE r.instance_id = value ->> 0 AND r.etag = value ->> 1)
        ORDER BY key
        """;

    public const string Meta = "SELECT value FROM gc_meta WHERE key = $key";

    public const string Waiting = "SELECT n, id, body FROM gc_outbox WHERE kind = $kind ORDER BY n LIMIT $take";
}
