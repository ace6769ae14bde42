namespace Nstance.Temporal.Simulation.Nstance;

/// <summary>The two generations of nstance that are in use (contract, first paragraph).</summary>
internal enum NstanceGeneration
{
    V1,
    V2,
}

/// <summary>The tables and indexes that nstance's server creates.</summary>
internal static class NstanceSchema
{
    private const string Indexes = """
        CREATE UNIQUE INDEX IF NOT EXISTS idx_instances_nonce ON instances (nonce);
        CREATE INDEX IF NOT EXISTS idx_instances_tenant ON instances (tenant);
        CREATE INDEX IF NOT EXISTS idx_instances_tenant_group ON instances (tenant, group_key);
        CREATE INDEX IF NOT EXISTS idx_instances_registered_at ON instances (registered_at);
        CREATE INDEX IF NOT EXISTS idx_instances_updated_at ON instances (updated_at);
        CREATE INDEX IF NOT EXISTS idx_instances_deleted_at ON instances (deleted_at);
        CREATE INDEX IF NOT EXISTS idx_instances_provider_id ON instances (provider_id);
        CREATE INDEX IF NOT EXISTS idx_instances_provider_at ON instances (provider_at);
        CREATE INDEX IF NOT EXISTS idx_public_keys_instance_id ON public_keys (instance_id);
        CREATE INDEX IF NOT EXISTS idx_public_keys_filename ON public_keys (filename);
        CREATE INDEX IF NOT EXISTS idx_lb_instances_status ON lb_instances (status);
        CREATE INDEX IF NOT EXISTS idx_lb_instances_lb_key ON lb_instances (lb_key);
        """;

    /// <summary>
    /// Returns the statements that create a generation's tables, with columns of a later version if asked.
    /// </summary>
    public static string Of(NstanceGeneration generation, bool hasUnknownColumns)
    {
        var isV1 = generation is NstanceGeneration.V1;
        return $"""
            PRAGMA journal_mode = WAL;
            CREATE TABLE IF NOT EXISTS instances (
              id TEXT PRIMARY KEY NOT NULL, tenant TEXT NOT NULL, group_key TEXT, on_demand INTEGER DEFAULT 0,
              {(isV1 ? "" : "subnet_id TEXT NOT NULL,")} provider_id TEXT, provider_at DATETIME,
              hostname TEXT, fqdn TEXT, ip4 TEXT, ip6 TEXT, provider_state TEXT, nonce TEXT NOT NULL UNIQUE,
              issued_at DATETIME, instance_pub TEXT, registered_at DATETIME, certificates_at DATETIME,
              health_at DATETIME, health TEXT, infra_config_hash TEXT,
              drain_started_at DATETIME, drain_acked_at DATETIME,
              created_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP, updated_at DATETIME, deleted_at DATETIME
              {(hasUnknownColumns ? ", spot_price REAL, placement BLOB" : "")});
            CREATE TABLE IF NOT EXISTS public_keys (
              id INTEGER PRIMARY KEY AUTOINCREMENT, instance_id TEXT NOT NULL, filename TEXT NOT NULL,
              public_key_pem TEXT NOT NULL, certificate_name TEXT,
              submitted_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
              {(isV1 ? "processed_at DATETIME, certificate_serial TEXT, certificate_issued_at DATETIME," : "")}
              created_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP, updated_at DATETIME,
              FOREIGN KEY (instance_id) REFERENCES instances (id), UNIQUE (instance_id, filename));
            CREATE TABLE IF NOT EXISTS lb_instances (
              lb_key TEXT NOT NULL, instance_id TEXT NOT NULL, status TEXT NOT NULL,
              updated_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
              FOREIGN KEY (instance_id) REFERENCES instances (id), PRIMARY KEY (lb_key, instance_id));
            {Indexes}
            """;
    }
}
