using System.Text.Json;

namespace Nstance.Temporal.Activities.Database;

/// <summary>A record that was read, and its version.</summary>
internal readonly record struct ReadRecord(string ETag, InstanceRecord Record);

/// <summary>
/// <c>gc_records</c>: records as last read, and the rows that are made from them. The only place where a secret leaves
/// its wrapper: into <c>nonce</c> of nstance's own file.
/// </summary>
internal sealed partial class ShardDatabase
{
    private static readonly string[] RecordParameters =
        ["$id", "$etag", "$tenant", "$group", "$provider", "$status", "$registered", "$at"];

    /// <summary>Columns of <c>instances</c> that the insert of a recorded instance can fill.</summary>
    private static readonly string[] Fillable =
    [
        "id", "tenant", "group_key", "on_demand", "provider_id", "provider_at", "hostname", "ip4", "ip6",
        "provider_state", "nonce", "issued_at", "instance_pub", "registered_at", "infra_config_hash", "created_at",
        "updated_at", "subnet_id",
    ];

    /// <summary>Keeps records as they were read. Safe to repeat.</summary>
    public void UpsertRecords(IReadOnlyCollection<ReadRecord> records, DateTimeOffset at)
    {
        var text = GoTime.Format(at);
        WriteBatches(records, read => Upsert(read, text));
    }

    /// <summary>
    /// The same, and rows as the records say, for a file of our own: added, or completed where they know less. A row
    /// that is marked as deleted stays so.
    /// </summary>
    public void UpsertCached(IEnumerable<ReadRecord> records, DateTimeOffset at)
    {
        var text = GoTime.Format(at);
        WriteBatches(records.OrderBy(read => read.Record.InstanceId.ToString(), StringComparer.Ordinal), read =>
        {
            var r = read.Record;
            Write(
                Statements.UpsertCached,
                ["$id", "$tenant", "$group", "$demand", "$provider", "$created", "$registered", "$at"],
                r.InstanceId.ToString(), r.Tenant, r.Group, r.OnDemand ? 1 : 0, r.ProviderId,
                GoTime.Format(r.CreatedAt), r.RegisteredAt is { } registered ? GoTime.Format(registered) : null, text);
            return Upsert(read, text);
        });
    }

    /// <summary>Names of columns of <c>instances</c> that must be filled, and that the collector cannot fill.</summary>
    public IReadOnlyList<string> FindUnfillable() => [.. Query(
        """SELECT name FROM pragma_table_info('instances') WHERE "notnull" = 1 AND dflt_value IS NULL""",
        [], [], row => row.GetString(0))
        .Except(Fillable, StringComparer.OrdinalIgnoreCase)];

    /// <summary>True: nstance v2, whose rows name their subnet.</summary>
    public bool HasSubnet =>
        Query("SELECT 1 FROM pragma_table_info('instances') WHERE name = 'subnet_id'", [], [], _ => true).Count > 0;

    /// <summary>
    /// Adds a recorded instance that runs and has no row to nstance's own file. Nothing is overwritten. False: a row is
    /// there, or another row has its registration token.
    /// </summary>
    public bool InsertRecorded(InstanceRecord record, CloudInstance machine, DateTimeOffset at)
    {
        var text = GoTime.Format(at);
        var hasSubnet = HasSubnet;
        var sql = $"""
            INSERT INTO instances (id, tenant, group_key, on_demand, provider_id, provider_at, hostname, ip4, ip6,
              provider_state, nonce, issued_at, instance_pub, registered_at, infra_config_hash, created_at, updated_at
              {(hasSubnet ? ", subnet_id" : "")})
            VALUES ($id, $tenant, $group, $demand, $provider, $at, $host, $ip4, $ip6, $state, $nonce, $created, $pub,
              $registered, $hash, $created, $at{(hasSubnet ? ", $subnet" : "")})
            ON CONFLICT DO NOTHING
            """;
        List<string> parameters =
        [
            "$id", "$tenant", "$group", "$demand", "$provider", "$at", "$host", "$ip4", "$ip6", "$state", "$nonce",
            "$created", "$pub", "$registered", "$hash",
        ];
        List<object?> values =
        [
            record.InstanceId.ToString(), record.Tenant, record.Group, record.OnDemand ? 1 : 0, machine.ProviderId,
            text, machine.Hostname ?? record.Hostname, machine.PrivateIpv4 ?? record.PrivateIpv4,
            machine.Ipv6 ?? record.PrivateIpv6, State(record, machine), record.RegistrationJwt.Reveal(),
            GoTime.Format(record.CreatedAt), record.PublicKeyPem,
            record.RegisteredAt is { } registered ? GoTime.Format(registered) : null, record.InfraConfigHash,
        ];
        if (hasSubnet)
        {
            parameters.Add("$subnet");
            values.Add(record.SubnetId);
        }

        using var insert = new Statement(_connection, sql, [.. parameters]);
        return WriteBatches([record], _ => insert.Bind(_transaction, [.. values]).Run()) == 1;
    }

    /// <summary>True: no row is there.</summary>
    public bool IsEmpty => Query("SELECT 1 FROM instances LIMIT 1", [], [], _ => true).Count == 0;

    /// <summary>Places of those records that were not read in this version.</summary>
    public IReadOnlyList<int> FindChangedRecords(IEnumerable<(string Id, string ETag)> records) => Query(
        Queries.ChangedRecords, ["$page"],
        [JsonSerializer.Serialize(records.Select(r => new[] { r.Id, r.ETag }))], row => row.GetInt32(0));

    public void DeleteRecord(string id) => WriteBatches([id], _ => Write(Statements.DeleteRecord, ["$id"], id));

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
            Statements.UpsertRecord, RecordParameters, r.InstanceId.ToString(), read.ETag, r.Tenant, r.Group,
            r.ProviderId, r.Status.Name(), r.RegisteredAt is { } registered ? GoTime.Format(registered) : null, at);
    }
}
