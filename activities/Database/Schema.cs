namespace Nstance.Temporal.Activities.Database;

/// <summary>
/// The tables of a shard's file. The collector reads nstance's tables; its own have the prefix <c>gc_</c> (design,
/// "Tables"). It adds no index, column or trigger to nstance's tables, because an index slows down the heartbeats.
/// </summary>
internal static class Schema
{
    public const int Version = 1;

    /// <summary>
    /// nstance's tables in a file of our own: without secondary indexes, and without a unique nonce, because no agent
    /// registers there.
    /// </summary>
    public const string Nstance = """
        CREATE TABLE instances (
          id TEXT PRIMARY KEY NOT NULL, tenant TEXT NOT NULL, group_key TEXT, on_demand INTEGER DEFAULT 0,
          provider_id TEXT, provider_at DATETIME, hostname TEXT, fqdn TEXT, ip4 TEXT, ip6 TEXT,
          provider_state TEXT, nonce TEXT NOT NULL DEFAULT '',
          issued_at DATETIME, instance_pub TEXT, registered_at DATETIME, certificates_at DATETIME,
          health_at DATETIME, health TEXT, infra_config_hash TEXT, drain_started_at DATETIME, drain_acked_at DATETIME,
          created_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP, updated_at DATETIME, deleted_at DATETIME)
          WITHOUT ROWID;
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
    /// The collector's own tables. The sync sets <c>rowless</c> for a machine without a row. <c>terminating_at</c> is
    /// when the collector first saw that the machine shuts down, or terminated it. Launch times are Unix milliseconds,
    /// since every sync compares them. <c>gc_unreported</c> has the registered rows without a report, and since when
    /// the collector saw them so; it stays empty in a file of our own.
    /// </summary>
    public const string Collector = """
        CREATE TABLE gc_meta (key TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL) WITHOUT ROWID;
        CREATE TABLE gc_machines (
          provider_id TEXT PRIMARY KEY NOT NULL, instance_id TEXT NOT NULL, group_key TEXT, status TEXT NOT NULL,
          launched_ms INTEGER, rowless INTEGER NOT NULL DEFAULT 0, first_seen_at TEXT NOT NULL, terminating_at TEXT)
          WITHOUT ROWID;
        CREATE INDEX gc_machines_instance ON gc_machines (instance_id);
        CREATE TABLE gc_records (
          instance_id TEXT PRIMARY KEY NOT NULL, etag TEXT NOT NULL, tenant TEXT NOT NULL, group_key TEXT NOT NULL,
          provider_id TEXT, status TEXT NOT NULL, registered_at TEXT, first_read_at TEXT NOT NULL) WITHOUT ROWID;
        CREATE TABLE gc_unreported (instance_id TEXT PRIMARY KEY NOT NULL, seen_at TEXT NOT NULL) WITHOUT ROWID;
        CREATE TABLE gc_outbox (
          n INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL,
          UNIQUE (kind, id));
        """;

    /// <summary>Columns that the collector reads or writes. A file without them is not nstance's.</summary>
    public static IReadOnlyDictionary<string, string[]> RequiredColumns { get; } = new Dictionary<string, string[]>
    {
        ["instances"] =
        [
            "id", "tenant", "group_key", "on_demand", "provider_id", "provider_at", "hostname", "ip4", "ip6",
            "provider_state", "nonce", "issued_at", "registered_at", "health_at", "infra_config_hash", "created_at",
            "updated_at", "deleted_at",
        ],
        ["public_keys"] = ["id", "instance_id"],
    };

    /// <summary>Columns of tables that a file of nstance's may lack.</summary>
    public static IReadOnlyDictionary<string, string[]> OptionalColumns { get; } = new Dictionary<string, string[]>
    {
        ["lb_instances"] = ["lb_key", "instance_id", "status"],
    };
}
