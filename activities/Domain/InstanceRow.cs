namespace Nstance.Temporal.Activities.Domain;

/// <summary>
/// An instance as the shard's file knows it: its row in <c>instances</c>, with what <c>gc_records</c> and
/// <c>gc_machines</c> add; or only those, when it has no row. Never carries the nonce.
/// </summary>
internal sealed record InstanceRow
{
    public required string Id { get; init; }

    /// <summary>"" when unknown.</summary>
    public required string Tenant { get; init; }

    public string? Group { get; init; }

    /// <summary>
    /// The row's own; else that of the only machine that carries its id; else the record's. Null when nothing names one, or
    /// several machines carry the id.
    /// </summary>
    public string? ProviderId { get; init; }

    /// <summary>True: the row itself names its machine.</summary>
    public bool NamesMachine { get; init; }

    /// <summary>Machines that carry its id. Counted only where the row names none.</summary>
    public int Carriers { get; init; }

    public DateTimeOffset? IssuedAt { get; init; }

    /// <summary>
    /// Null until the agent registered; the record's word where the row has none. A value that is not a time is
    /// <see cref="DateTimeOffset.MinValue"/>: registered, long ago.
    /// </summary>
    public DateTimeOffset? RegisteredAt { get; init; }

    public DateTimeOffset? HealthAt { get; init; }

    /// <summary>A value that is not a time is <see cref="DateTimeOffset.MaxValue"/>: too young for any rule.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? UpdatedAt { get; init; }

    /// <summary>Null while live. A value that is not a time is <see cref="DateTimeOffset.MaxValue"/>: never purged.</summary>
    public DateTimeOffset? DeletedAt { get; init; }

    /// <summary>False: no row of <c>instances</c> stands for it.</summary>
    public bool HasRow { get; init; } = true;

    /// <summary>Status of its machine as listed, where no row stands for it.</summary>
    public InstanceStatus MachineStatus { get; init; }

    /// <summary>True: <c>gc_records</c> holds its record as last read.</summary>
    public bool HasRecord { get; init; }

    /// <summary>Status in <c>gc_records</c>; unknown without one.</summary>
    public InstanceStatus RecordStatus { get; init; }

    /// <summary>When the collector first read its record; its health clock does not start before.</summary>
    public DateTimeOffset? FirstReadAt { get; init; }

    /// <summary>Columns whose values are not times.</summary>
    public IReadOnlyList<string> InvalidColumns { get; init; } = [];

    /// <summary>Columns whose values are not times, or lie after a time; each with its value where that is a time.</summary>
    public IReadOnlyList<string> InvalidAt(DateTimeOffset latest)
    {
        var invalid = InvalidColumns.ToList();
        void Check(string column, DateTimeOffset? time)
        {
            if (time > latest && time != DateTimeOffset.MaxValue) invalid.Add($"{column} ({time:yyyy-MM-dd HH:mm:ss}Z, in the future)");
        }

        Check("issued_at", IssuedAt);
        Check("registered_at", RegisteredAt);
        Check("health_at", HealthAt);
        Check("created_at", CreatedAt);
        Check("deleted_at", DeletedAt);
        return invalid;
    }

    /// <summary>True: both say the same. A record's own equality compares lists by reference.</summary>
    public bool IsSameAs(InstanceRow? other) => other is not null
        && InvalidColumns.SequenceEqual(other.InvalidColumns) && this == other with { InvalidColumns = InvalidColumns };

    /// <summary>When waiting for its registration began.</summary>
    public DateTimeOffset Issued => IssuedAt ?? CreatedAt;

    /// <summary>Last report, else the registration, else the first read of its record: whichever is latest.</summary>
    public DateTimeOffset LastSign
    {
        get
        {
            var last = HealthAt ?? RegisteredAt ?? DateTimeOffset.MaxValue;
            return FirstReadAt > last ? FirstReadAt.Value : last;
        }
    }

    /// <summary>True: the cloud alone knows it.</summary>
    public bool IsOrphan => !HasRow && !HasRecord;

    /// <summary>Null when the id is no puidv7: such an instance has no record.</summary>
    public InstanceId? InstanceId => Domain.InstanceId.TryParse(Id, out var id) ? id : null;

    /// <summary>Key of its record; null when id or tenant cannot make one.</summary>
    public string? RecordKeyIn(string shard) =>
        InstanceId is { } id && Identifiers.IsValid(Tenant) ? RecordKey.For(shard, Tenant, id) : null;
}
