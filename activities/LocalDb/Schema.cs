using Nstance.Temporal.Activities.Domain;

namespace Nstance.Temporal.Activities.LocalDb;

/// <summary>
/// nstance's tables (contract, "Local database"), as a database of our own gets them, and the collector's own tables and
/// indexes, which it adds to any database. nstance's tables, columns and indexes stay as they are.
/// </summary>
internal static class Schema
{
    /// <summary>
    /// Version of the <c>gc_</c> objects; 2 added the audit's, 3 and 5 made the index of the unhealthy anew, 4 has one of the
    /// unreadable, and one of all rows without an instance. A database of an older one gets what it lacks, one of a newer one is not touched.
    /// </summary>
    public const int Version = 5;

    public const string Nstance = """
        CREATE TABLE instances (
          id TEXT PRIMARY KEY NOT NULL, tenant TEXT NOT NULL, group_key TEXT, on_demand INTEGER DEFAULT 0,
          provider_id TEXT, provider_at DATETIME, hostname TEXT, fqdn TEXT, ip4 TEXT, ip6 TEXT,
          provider_state TEXT, nonce TEXT NOT NULL UNIQUE,
          issued_at DATETIME, instance_pub TEXT, registered_at DATETIME, certificates_at DATETIME,
          health_at DATETIME, health TEXT, infra_config_hash TEXT, drain_started_at DATETIME, drain_acked_at DATETIME,
          created_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP, updated_at DATETIME, deleted_at DATETIME);
        CREATE TABLE lb_instances (lb_key TEXT NOT NULL, instance_id TEXT NOT NULL, status TEXT NOT NULL,
          updated_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
          FOREIGN KEY (instance_id) REFERENCES instances (id), PRIMARY KEY (lb_key, instance_id));
        CREATE TABLE public_keys (
          id INTEGER PRIMARY KEY AUTOINCREMENT, instance_id TEXT NOT NULL, filename TEXT NOT NULL,
          public_key_pem TEXT NOT NULL, certificate_name TEXT,
          submitted_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP, processed_at DATETIME,
          certificate_serial TEXT, certificate_issued_at DATETIME,
          created_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP, updated_at DATETIME,
          FOREIGN KEY (instance_id) REFERENCES instances (id), UNIQUE (instance_id, filename));
        """;

    /// <summary>
    /// The status in SQL: broken JSON is NULL. The CASE matters: without it one broken row fails every statement, and an
    /// index on it would make nstance's own writes fail.
    /// </summary>
    public const string Status =
        "CASE WHEN json_valid(provider_state) THEN json_extract(provider_state, '$.status') END";

    /// <summary>
    /// The usual row is told by its end, without parsing: where a JSON text ends so, the comma stands outside of strings, and the
    /// last brace closes the outermost object. Exact but for a text that names the status twice, which nobody writes: here its
    /// last word counts, to <see cref="Status"/> its first. As BLOB, since for a text SQLite counts its letters first; and no
    /// IN, since for more than two words each write of a row would build a table of them, which took a third of the write.
    /// </summary>
    public static readonly string UnhealthyRow = $$"""
        deleted_at IS NULL AND CASE substr(CAST(provider_state AS BLOB), -20)
          WHEN CAST(',"status":"running"}' AS BLOB) THEN 0
          WHEN CAST(',"status":"pending"}' AS BLOB) THEN 0
          WHEN CAST(',"status":"unknown"}' AS BLOB) THEN 0
          ELSE CASE WHEN json_valid(provider_state) THEN CASE json_extract(provider_state, '$.status')
            {{string.Join(" ", InstanceStatuses.UnhealthyWords.Select(word => $"WHEN '{word}' THEN 1"))}} ELSE 0 END END END
        """;

    /// <summary>
    /// Rows that no finder sees, because what they are compared by is no time: they are told to people, once a cycle. Times
    /// that nstance writes all the while stand not in it, since each write would pay for it.
    /// </summary>
    public static readonly string UnreadableRow =
        $"({IdUnreadable}) OR {string.Join(" OR ", JudgedBy.Select(column => $"({(column == "created_at" ? "created_at IS NOT issued_at AND " : "")}({TimeUnreadable(column)}))"))}";

    public const string IdUnreadable = "typeof(id) <> 'text' OR id = ''";

    /// <summary>The times by which a row is judged, and which are written a few times in its life.</summary>
    public static IReadOnlyList<string> JudgedBy => ["issued_at", "registered_at", "created_at", "deleted_at"];

    /// <summary>Not even the beginning of a time: months, days and hours are looked at, the length of a month is not.</summary>
    public static string TimeUnreadable(string column) => $"""
        typeof({column}) NOT IN ('text', 'null')
          OR {column} NOT GLOB '[0-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9][ T][0-2][0-9]:[0-5][0-9]:[0-5][0-9]*'
          OR substr({column}, 6, 2) NOT BETWEEN '01' AND '12' OR substr({column}, 9, 2) NOT BETWEEN '01' AND '31'
          OR substr({column}, 12, 2) > '23'
        """;

    public const string HasProvider = "coalesce(provider_id, '') <> ''";
    public const string NoProvider = "coalesce(provider_id, '') = ''";
    public const string DanglingRow = $"deleted_at IS NULL AND registered_at IS NULL AND {HasProvider}";
    public const string UnnamedRow = $"deleted_at IS NULL AND {NoProvider}";
    public const string LiveRow = $"deleted_at IS NULL AND {HasProvider}";
    public const string RegisteredRow = "deleted_at IS NULL AND registered_at IS NOT NULL";
    public const string DeletedRow = "deleted_at IS NOT NULL";

    /// <summary>
    /// Every statement can be run again. The indexes are partial, so that each holds only the rows that its finder wants,
    /// and nstance's writes to other rows do not pay for it.
    /// </summary>
    public static readonly string Collector = $"""
        CREATE TABLE IF NOT EXISTS gc_meta (key TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS gc_instances (
          instance_id TEXT PRIMARY KEY NOT NULL, record_key TEXT, etag TEXT, record_status TEXT,
          orphan INTEGER NOT NULL DEFAULT 0, first_seen_at TEXT, listed_at TEXT) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS gc_audit (n INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, line TEXT NOT NULL);
        CREATE TABLE IF NOT EXISTS gc_told (
          instance_id TEXT NOT NULL, reason TEXT NOT NULL, saying TEXT NOT NULL, at TEXT NOT NULL,
          PRIMARY KEY (instance_id, reason)) WITHOUT ROWID;
        CREATE INDEX IF NOT EXISTS gc_records_deleting ON gc_instances (instance_id) WHERE record_status = 'deleting';
        DROP INDEX IF EXISTS gc_unhealthy;
        DROP INDEX IF EXISTS gc_unhealthy_state;
        CREATE INDEX IF NOT EXISTS gc_unhealthy_row ON instances (id) WHERE {UnhealthyRow};
        CREATE INDEX IF NOT EXISTS gc_dangling ON instances (id, issued_at) WHERE {DanglingRow};
        DROP INDEX IF EXISTS gc_pre_insert;
        CREATE INDEX IF NOT EXISTS gc_unnamed ON instances (id, issued_at) WHERE {UnnamedRow};
        CREATE INDEX IF NOT EXISTS gc_live ON instances (id, provider_id) WHERE {LiveRow};
        CREATE INDEX IF NOT EXISTS gc_provider ON instances (provider_id, id) WHERE {LiveRow};
        CREATE INDEX IF NOT EXISTS gc_live_group ON instances (tenant, group_key) WHERE {LiveRow};
        CREATE INDEX IF NOT EXISTS gc_health ON instances (coalesce(health_at, registered_at), id) WHERE {RegisteredRow};
        CREATE INDEX IF NOT EXISTS gc_deleted ON instances (id, deleted_at) WHERE {DeletedRow};
        DROP INDEX IF EXISTS gc_unreadable;
        DROP INDEX IF EXISTS gc_unreadable_row;
        CREATE INDEX IF NOT EXISTS gc_unreadable_time ON instances (id) WHERE {UnreadableRow};
        CREATE INDEX IF NOT EXISTS gc_lb_instances ON lb_instances (instance_id);
        """;

    /// <summary>
    /// Those that cost a load of records more while it lasts than at its end: their order is not that of the records' keys.
    /// <see cref="Collector"/> makes them again.
    /// </summary>
    public static IReadOnlyList<string> UnorderedIndexes { get; } = ["gc_provider", "gc_live_group", "gc_health"];

    /// <summary>Columns without which a database is not nstance's.</summary>
    public static IReadOnlyDictionary<string, string[]> RequiredColumns { get; } = new Dictionary<string, string[]>
    {
        ["instances"] =
        [
            "id", "tenant", "group_key", "on_demand", "provider_id", "provider_at", "hostname", "ip4", "ip6",
            "provider_state", "nonce", "issued_at", "registered_at", "health_at", "infra_config_hash", "created_at",
            "updated_at", "deleted_at",
        ],
        ["lb_instances"] = ["lb_key", "instance_id"],
        ["public_keys"] = ["id", "instance_id"],
    };
}
