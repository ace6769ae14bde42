namespace Nstance.Temporal.Activities.Domain;

/// <summary>
/// An instance in the shard's file: its row in <c>instances</c>, with data of <c>gc_records</c> and <c>gc_machines</c>.
/// An instance without a row has only the latter. Never holds the nonce.
/// </summary>
internal sealed record InstanceRow
{
    /// <summary>Maximum difference of hosts' clocks. A time further ahead of the cycle's is invalid.</summary>
    public static readonly TimeSpan MaxAhead = TimeSpan.FromMinutes(5);

    public required string Id { get; init; }

    /// <summary>"" when unknown.</summary>
    public required string Tenant { get; init; }

    public string? Group { get; init; }

    /// <summary>
    /// The row's provider id, or that of the only machine with its id, or the record's. Null if none names one, or
    /// several machines carry the id.
    /// </summary>
    public string? ProviderId { get; init; }

    /// <summary>True if the row itself names its machine.</summary>
    public bool NamesMachine { get; init; }

    /// <summary>Number of machines with its id. Counted only if the row names none.</summary>
    public int Carriers { get; init; }

    public DateTimeOffset? IssuedAt { get; init; }

    /// <summary>
    /// Null until the agent registered; the record's value where the row has none. A value that is not a time is
    /// <see cref="DateTimeOffset.MinValue"/>: registered, long ago.
    /// </summary>
    public DateTimeOffset? RegisteredAt { get; init; }

    public DateTimeOffset? HealthAt { get; init; }

    /// <summary>A value that is not a time is <see cref="DateTimeOffset.MaxValue"/>: too young for any rule.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? UpdatedAt { get; init; }

    /// <summary>Null while active; <see cref="DateTimeOffset.MaxValue"/> (never purged) if it is not a time.</summary>
    public DateTimeOffset? DeletedAt { get; init; }

    public bool HasRow { get; init; } = true;

    /// <summary>Status of its machine as listed, when it has no row.</summary>
    public InstanceStatus MachineStatus { get; init; }

    /// <summary>True: <c>gc_records</c> holds its record as last read.</summary>
    public bool HasRecord { get; init; }

    /// <summary>Status in <c>gc_records</c>; unknown without one.</summary>
    public InstanceStatus RecordStatus { get; init; }

    /// <summary>
    /// Load balancers with it as a target, each with nstance's status; "" for none. Only in rows that were read as
    /// evidence.
    /// </summary>
    public string Targets { get; init; } = "";

    /// <summary>When the collector first read its record. Its health clock does not start before.</summary>
    public DateTimeOffset? FirstReadAt { get; init; }

    /// <summary>
    /// When the collector first saw it registered without a report; null if it has one, or was not read for its health.
    /// Before that time its agent may have reported: an election resets all reports.
    /// </summary>
    public DateTimeOffset? UnreportedSince { get; init; }

    /// <summary>Names of the columns whose values are not times; "" for none.</summary>
    public string InvalidColumns { get; init; } = "";

    /// <summary>Names the columns that hold no time, or a time too far in the future; null if all are valid.</summary>
    public string? InvalidTimes(DateTimeOffset asOf)
    {
        List<string> invalid = InvalidColumns.Length > 0 ? [InvalidColumns] : [];
        Check("issued_at", IssuedAt);
        Check("registered_at", RegisteredAt);
        Check("health_at", HealthAt);
        Check("created_at", CreatedAt);
        Check("deleted_at", DeletedAt);
        return invalid.Count > 0 ? $"row {Id}: invalid {string.Join(", ", invalid)}; row skipped" : null;

        void Check(string column, DateTimeOffset? time)
        {
            if (time > asOf + MaxAhead && time != DateTimeOffset.MaxValue)
                invalid.Add($"{column} ({time:yyyy-MM-dd HH:mm:ss}Z, in the future)");
        }
    }

    /// <summary>When its wait for the registration began.</summary>
    public DateTimeOffset Issued => IssuedAt ?? CreatedAt;

    /// <summary>
    /// Its last report, else its registration; not before the first read of its record, or the first look that saw it
    /// without a report.
    /// </summary>
    public DateTimeOffset LastSign
    {
        get
        {
            var last = HealthAt ?? RegisteredAt ?? DateTimeOffset.MaxValue;
            if (UnreportedSince > last) last = UnreportedSince.Value;
            return FirstReadAt > last ? FirstReadAt.Value : last;
        }
    }

    /// <summary>True if only the cloud knows it.</summary>
    public bool IsOrphan => !HasRow && !HasRecord;

    /// <summary>Null when the id is not a puidv7; such an instance has no record.</summary>
    public InstanceId? InstanceId => Domain.InstanceId.TryParse(Id, out var id) ? id : null;

    /// <summary>Key of its record; null when the id or the tenant is invalid.</summary>
    public string? RecordKeyIn(ShardRef shard) =>
        InstanceId is { } id && Identifiers.IsValid(Tenant) ? RecordKey.For(shard, Tenant, id) : null;
}
