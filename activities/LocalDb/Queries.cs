namespace Nstance.Temporal.Activities.LocalDb;

/// <summary>
/// Every query of the collector. Each says which index serves it, because the planner prefers nstance's index on
/// deleted_at; each repeats the WHERE of its partial index word for word, because only then the index may serve it.
/// </summary>
internal static class Queries
{
    private const string Columns = $"""
        SELECT id, tenant, group_key, provider_id, provider_state, {Schema.Status} AS status, issued_at, registered_at,
          health_at, created_at, updated_at, provider_at, deleted_at, ip4, ip6, hostname,
          g.orphan, g.first_seen_at, g.record_status
        """;

    private const string Marks = "LEFT JOIN gc_instances AS g ON g.instance_id = id";

    /// <summary>Rows that say unhealthy, and rows whose record said so when a rebuild read it.</summary>
    public static readonly string Unhealthy = $"""
        {Columns}
        FROM (
          SELECT id AS candidate FROM instances INDEXED BY gc_unhealthy_row WHERE {Schema.UnhealthyRow} AND id > $after
          UNION
          SELECT instance_id FROM gc_instances INDEXED BY gc_records_deleting
          WHERE record_status = 'deleting' AND instance_id > $after
        )
        CROSS JOIN instances ON id = candidate {Marks}
        WHERE deleted_at IS NULL
        ORDER BY candidate LIMIT $take
        """;

    public const string Dangling = $"""
        {Columns}
        FROM instances INDEXED BY gc_dangling {Marks}
        WHERE {Schema.DanglingRow} AND id > $after AND coalesce(issued_at, created_at) < $before
        ORDER BY id LIMIT $take
        """;

    public const string PreInserts = $"""
        {Columns}
        FROM instances INDEXED BY gc_unnamed {Marks}
        WHERE {Schema.UnnamedRow} AND registered_at IS NULL AND id > $after AND coalesce(issued_at, created_at) < $before
        ORDER BY id LIMIT $take
        """;

    /// <summary>Registered without an instance, silent. What says its last report in a way that is no time may report all the while.</summary>
    public static readonly string Vanished = $"""
        {Columns}
        FROM instances INDEXED BY gc_unnamed {Marks}
        WHERE {Schema.UnnamedRow} AND registered_at IS NOT NULL AND id > $after AND coalesce(health_at, registered_at) < $before
          AND NOT coalesce({Schema.TimeUnreadable("health_at")}, 0) AND NOT ({Schema.TimeUnreadable("registered_at")})
        ORDER BY id LIMIT $take
        """;

    /// <summary>Keyset over (last report, id): a walk over what is stale, never over what reports.</summary>
    public const string StaleHealth = $"""
        {Columns}, coalesce(health_at, registered_at) AS reported
        FROM instances INDEXED BY gc_health {Marks}
        WHERE {Schema.RegisteredRow} AND coalesce(health_at, registered_at) < $before
          AND (coalesce(health_at, registered_at), id) > ($reported, $after)
        ORDER BY coalesce(health_at, registered_at), id LIMIT $take
        """;

    public const string Expired = $"""
        {Columns}
        FROM instances INDEXED BY gc_deleted {Marks}
        WHERE {Schema.DeletedRow} AND id > $after AND deleted_at < $before
        ORDER BY id LIMIT $take
        """;

    private const string Compared = "SELECT rowid, deleted_at IS NULL, provider_id, provider_state, ip4, ip6, hostname, id FROM instances";

    /// <summary>A row as a listing is compared with it.</summary>
    public const string Look = $"{Compared} WHERE id = $id";

    /// <summary>The same of all live rows, in the order of ids: they hold the time, and rows were added in about that order.</summary>
    public const string Known = $"{Compared} INDEXED BY gc_live WHERE {Schema.LiveRow} AND id > '' ORDER BY id LIMIT $take";

    public const string RowOf = "SELECT rowid FROM instances WHERE id = $id";

    /// <summary>By its number, which is quick; VACUUM numbers rows anew, so its id must be looked at.</summary>
    public const string StateOf = "SELECT id, provider_id, provider_state FROM instances WHERE rowid = $row";

    public const string Live = $"""
        SELECT id, provider_id FROM instances INDEXED BY gc_live WHERE {Schema.LiveRow} AND id > $after ORDER BY id
        """;

    public const string LiveOne = $"SELECT id, provider_id FROM instances WHERE rowid = $row AND {Schema.LiveRow} AND id > ''";

    /// <summary>A row that is gone must be made again, whatever its mark says.</summary>
    public const string ChangedRecords = """
        SELECT key FROM json_each($page) WHERE NOT EXISTS (
          SELECT 1 FROM gc_instances JOIN instances ON id = instance_id
          WHERE instance_id = value ->> 0 AND etag = value ->> 1)
        ORDER BY key
        """;

    public const string LiveByProvider = $"""
        SELECT id FROM instances INDEXED BY gc_provider WHERE {Schema.LiveRow} AND provider_id = $provider LIMIT 1
        """;

    public const string ById = $"{Columns} FROM instances {Marks} WHERE id = $id";

    public const string CountLiveByGroup = $"""
        SELECT tenant, group_key, count(*) FROM instances INDEXED BY gc_live_group WHERE {Schema.LiveRow}
        GROUP BY tenant, group_key
        """;

    public const string CountLive = $"SELECT count(*) FROM instances INDEXED BY gc_live WHERE {Schema.LiveRow}";

    public const string CountRegistered =
        $"SELECT count(*) FROM instances INDEXED BY gc_health WHERE {Schema.RegisteredRow}";

    public const string AnyReportSince = $"""
        SELECT EXISTS (SELECT 1 FROM instances INDEXED BY gc_health
          WHERE {Schema.RegisteredRow} AND coalesce(health_at, registered_at) >= $since)
        """;

    public const string AnyHealth = $"""
        SELECT EXISTS (SELECT 1 FROM instances INDEXED BY gc_health
          WHERE {Schema.RegisteredRow} AND health_at IS NOT NULL)
        """;

    public const string AnyRow = "SELECT EXISTS (SELECT 1 FROM instances WHERE id > '')";

    public static readonly string CountUnreadable =
        $"SELECT count(*) FROM instances INDEXED BY gc_unreadable_time WHERE {Schema.UnreadableRow}";

    /// <summary>The id, whether it is none, and the same of each of <see cref="Schema.JudgedBy"/>.</summary>
    public static readonly string Unreadable = $"""
        SELECT id, {Schema.IdUnreadable}, {string.Join(", ", Schema.JudgedBy.Select(Schema.TimeUnreadable))}
        FROM instances INDEXED BY gc_unreadable_time WHERE {Schema.UnreadableRow} LIMIT $take
        """;

    /// <summary>Reports that are no times. All are looked at, in the index: a report is written too often for an index of its own.</summary>
    public static readonly string UnreadableReports = $"""
        SELECT id FROM instances INDEXED BY gc_health
        WHERE {Schema.RegisteredRow} AND ({Schema.TimeUnreadable("coalesce(health_at, registered_at)")}) AND health_at IS NOT NULL
        """;

    public const string Meta = "SELECT value FROM gc_meta WHERE key = $id";

    public const string WaitingAudit = "SELECT n, id, line FROM gc_audit WHERE n > 0 ORDER BY n LIMIT $take";

    public const string Told = "SELECT saying, at FROM gc_told WHERE instance_id = $id AND reason = $reason";

    /// <summary>The end of the index: no walk.</summary>
    public const string LatestReport = $"""
        SELECT coalesce(health_at, registered_at) FROM instances INDEXED BY gc_health
        WHERE {Schema.RegisteredRow} AND coalesce(health_at, registered_at) > ''
        ORDER BY coalesce(health_at, registered_at) DESC LIMIT 1
        """;

    /// <summary>For the test of the plans.</summary>
    public static IReadOnlyDictionary<string, string> All { get; } = new Dictionary<string, string>
    {
        [nameof(Unhealthy)] = Unhealthy,
        [nameof(Dangling)] = Dangling,
        [nameof(PreInserts)] = PreInserts,
        [nameof(Vanished)] = Vanished,
        [nameof(StaleHealth)] = StaleHealth,
        [nameof(Expired)] = Expired,
        [nameof(Look)] = Look,
        [nameof(Known)] = Known,
        [nameof(StateOf)] = StateOf,
        [nameof(RowOf)] = RowOf,
        [nameof(Live)] = Live,
        [nameof(LiveOne)] = LiveOne,
        [nameof(ChangedRecords)] = ChangedRecords,
        [nameof(LiveByProvider)] = LiveByProvider,
        [nameof(ById)] = ById,
        [nameof(CountLiveByGroup)] = CountLiveByGroup,
        [nameof(CountLive)] = CountLive,
        [nameof(CountRegistered)] = CountRegistered,
        [nameof(AnyReportSince)] = AnyReportSince,
        [nameof(AnyHealth)] = AnyHealth,
        [nameof(LatestReport)] = LatestReport,
        [nameof(AnyRow)] = AnyRow,
        [nameof(CountUnreadable)] = CountUnreadable,
        [nameof(Unreadable)] = Unreadable,
        [nameof(UnreadableReports)] = UnreadableReports,
        [nameof(Meta)] = Meta,
        [nameof(WaitingAudit)] = WaitingAudit,
        [nameof(Told)] = Told,
    };
}
