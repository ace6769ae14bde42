using System.Text.Json;

namespace Nstance.Temporal.Activities.Database;

internal readonly record struct ReadRecord(string ETag, InstanceRecord Record);

/// <summary>
/// <c>gc_records</c>: records as last read, and the rows that are made from them. The only place where a secret leaves
/// its wrapper: into <c>nonce</c> of nstance's own file.
/// </summary>
internal sealed partial class ShardDatabase
{
    /// <summary>Columns of <c>instances</c> that the insert of a recorded instance can fill.</summary>
    private static readonly string[] Fillable =
    [
        "id", "tenant", "group_key", "on_demand", "provider_id", "provider_at", "hostname", "ip4", "ip6",
        "provider_state", "nonce", "issued_at", "instance_pub", "registered_at", "infra_config_hash", "created_at",
        "updated_at", "subnet_id",
    ];

    /// <summary>Stores records as they were read. Safe to repeat.</summary>
    public void UpsertRecords(IReadOnlyCollection<ReadRecord> records, DateTimeOffset at)
    {
        var text = GoTime.Format(at);
        WriteBatches(records, read => Upsert(read, text));
    }

    /// <summary>
    /// Stores records, and for a file of our own the rows that they describe: added, or updated. A row that is marked
    /// as deleted stays marked.
    /// </summary>
    public void UpsertCached(IEnumerable<ReadRecord> records, DateTimeOffset at)
    {
        var text = GoTime.Format(at);
        WriteBatches(records.OrderBy(read => read.Record.InstanceId.ToString(), StringComparer.Ordinal), read =>
        {
            var r = read.Record;
            Write(
                Statements.UpsertCached, ("$id", r.InstanceId.ToString()), ("$tenant", r.Tenant), ("$group", r.Group),
                ("$demand", r.OnDemand ? 1 : 0), ("$provider", r.ProviderId), ("$created", GoTime.Format(r.CreatedAt)),
                ("$registered", Text(r.RegisteredAt)), ("$at", text));
            return Upsert(read, text);
        });
    }

    /// <summary>Returns the columns of <c>instances</c> that need a value which the collector does not have.</summary>
    public IReadOnlyList<string> FindUnfillable() => [.. Query(
        """SELECT name FROM pragma_table_info('instances') WHERE "notnull" = 1 AND dflt_value IS NULL""",
        row => row.GetString(0))
        .Except(Fillable, StringComparer.OrdinalIgnoreCase)];

    /// <summary>True: nstance v2, whose rows name their subnet.</summary>
    public bool HasSubnet =>
        Query("SELECT 1 FROM pragma_table_info('instances') WHERE name = 'subnet_id'", _ => true).Count > 0;

    /// <summary>
    /// Adds a row to nstance's own file for a recorded instance that runs. It overwrites nothing. False if the row
    /// exists, or another row has its registration token.
    /// </summary>
    public bool InsertRecorded(InstanceRecord record, CloudInstance machine, DateTimeOffset at)
    {
        var hasSubnet = HasSubnet;
        var sql = $"""
            INSERT INTO instances ({(hasSubnet ? "subnet_id, " : "")}id, tenant, group_key, on_demand, provider_id,
              provider_at, hostname, ip4, ip6, provider_state, nonce, issued_at, instance_pub, registered_at,
              infra_config_hash, created_at, updated_at)
            VALUES ({(hasSubnet ? "$subnet, " : "")}$id, $tenant, $group, $demand, $provider, $at, $host, $ip4, $ip6,
              $state, $nonce, $created, $pub, $registered, $hash, $created, $at)
            ON CONFLICT DO NOTHING
            """;
        List<(string, object?)> values =
        [
            ("$id", record.InstanceId.ToString()), ("$tenant", record.Tenant), ("$group", record.Group),
            ("$demand", record.OnDemand ? 1 : 0), ("$provider", machine.ProviderId), ("$at", GoTime.Format(at)),
            ("$host", machine.Hostname ?? record.Hostname), ("$ip4", machine.PrivateIpv4 ?? record.PrivateIpv4),
            ("$ip6", machine.Ipv6 ?? record.PrivateIpv6), ("$state", State(record, machine)),
            ("$nonce", record.RegistrationJwt.Reveal()), ("$created", GoTime.Format(record.CreatedAt)),
            ("$pub", record.PublicKeyPem), ("$registered", Text(record.RegisteredAt)),
            ("$hash", record.InfraConfigHash),
        ];
        if (hasSubnet) values.Add(("$subnet", record.SubnetId));
        using var insert = new Statement(_connection, sql, [.. values]);
        return WriteBatches([record], _ =>
        {
            if (insert.Bind(_transaction, [.. values]).Run() == 0) return 0;
            // A row that the collector adds must not look like an election.
            return record.RegisteredAt is null
                ? 1
                : Write(Statements.AddUnreported, ("$id", record.InstanceId.ToString()), ("$at", GoTime.Format(at)));
        }) == 1;
    }

    /// <summary>Returns the places of the records that were not read in this version.</summary>
    public IReadOnlyList<int> FindChangedRecords(IEnumerable<(string Id, string ETag)> records) => Query(
        Queries.ChangedRecords, row => row.GetInt32(0),
        ("$page", JsonSerializer.Serialize(records.Select(r => new[] { r.Id, r.ETag }))));

    public void DeleteRecord(string id) => WriteBatches([id], _ => Write(Statements.DeleteRecord, ("$id", id)));

    /// <summary>As nstance's driver stores it: bytes of a JSON object.</summary>
    private static byte[] State(InstanceRecord record, CloudInstance machine) => JsonSerializer.SerializeToUtf8Bytes(new
    {
        instance_id = record.InstanceId.ToString(),
        provider_instance_id = machine.ProviderId,
        status = machine.Status.Name(),
        cluster_id = machine.Tags.GetValueOrDefault(CloudTags.ClusterId),
        shard = machine.Tags.GetValueOrDefault(CloudTags.Shard),
    });

    private int Upsert(ReadRecord read, string at)
    {
        var r = read.Record;
        return Write(
            Statements.UpsertRecord, ("$id", r.InstanceId.ToString()), ("$etag", read.ETag), ("$tenant", r.Tenant),
            ("$group", r.Group), ("$provider", r.ProviderId), ("$status", r.Status.Name()),
            ("$registered", Text(r.RegisteredAt)), ("$at", at));
    }

    private static string? Text(DateTimeOffset? time) => time is { } known ? GoTime.Format(known) : null;
}
