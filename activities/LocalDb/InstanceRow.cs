using Nstance.Temporal.Activities.Domain;

namespace Nstance.Temporal.Activities.LocalDb;

/// <summary>One row of <c>instances</c>, with the collector's own marks. Never carries the nonce.</summary>
internal sealed record InstanceRow
{
    public required string Id { get; init; }

    /// <summary>"" when unknown.</summary>
    public required string Tenant { get; init; }

    public string? Group { get; init; }

    /// <summary>Null before the cloud call returned.</summary>
    public string? ProviderId { get; init; }

    /// <summary>Raw; may be no JSON.</summary>
    public string? ProviderState { get; init; }

    /// <summary><c>$.status</c> of it; no JSON, no status or no text: Unknown.</summary>
    public InstanceStatus Status { get; init; }

    public DateTimeOffset? IssuedAt { get; init; }

    /// <summary>Null until the agent registered. A time that cannot be read is <see cref="DateTimeOffset.MinValue"/>:
    /// registered, long ago.</summary>
    public DateTimeOffset? RegisteredAt { get; init; }

    public DateTimeOffset? HealthAt { get; init; }

    /// <summary>A time that cannot be read is <see cref="DateTimeOffset.MaxValue"/>: too young to be judged.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? UpdatedAt { get; init; }

    public DateTimeOffset? ProviderAt { get; init; }

    /// <summary>Null while live. A time that cannot be read is <see cref="DateTimeOffset.MaxValue"/>: never purged.</summary>
    public DateTimeOffset? DeletedAt { get; init; }

    public string? Ip4 { get; init; }

    public string? Ip6 { get; init; }

    public string? Hostname { get; init; }

    /// <summary>Exists in the cloud alone: no record was found when the row was made.</summary>
    public bool Orphan { get; init; }

    /// <summary>When this database first knew it, for rows that the collector made or learnt a registration for.</summary>
    public DateTimeOffset? FirstSeenAt { get; init; }

    /// <summary>Status of its record when a rebuild read it.</summary>
    public InstanceStatus RecordStatus { get; init; }

    /// <summary>When waiting for its registration began.</summary>
    public DateTimeOffset Issued => IssuedAt ?? CreatedAt;

    /// <summary>Null when the id is no puidv7: such a row has no record.</summary>
    public InstanceId? InstanceId => Domain.InstanceId.TryParse(Id, out var id) ? id : null;

    /// <summary>Key of its record; null when id or tenant cannot make one.</summary>
    public string? RecordKeyIn(string shard) =>
        InstanceId is { } id && Identifiers.IsValid(Tenant) ? RecordKey.For(shard, Tenant, id) : null;
}
