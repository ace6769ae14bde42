namespace Nstance.Temporal.Simulation.Nstance;

/// <summary>An instance as nstance writes it into a new row.</summary>
/// <param name="Id">nstance's id.</param>
/// <param name="Tenant">The tenant.</param>
/// <param name="Group">The group; nstance itself always writes one.</param>
/// <param name="IssuedAt">When nstance issued the id.</param>
internal sealed record NstanceInstance(string Id, string Tenant, string? Group, DateTimeOffset IssuedAt)
{
    /// <summary>The registration JWT, which is a secret.</summary>
    public string Nonce { get; init; } = $"jwt-of-{Id}";

    public bool OnDemand { get; init; }

    /// <summary>Null until the cloud answered.</summary>
    public string? ProviderId { get; init; }

    /// <summary>What <c>provider_state.$.status</c> says; not written without a provider id.</summary>
    public string Status { get; init; } = "running";

    public DateTimeOffset? RegisteredAt { get; init; }

    public DateTimeOffset? HealthAt { get; init; }

    public DateTimeOffset? DeletedAt { get; init; }

    public string? InfraConfigHash { get; init; } = "hhhhhhhh";
}

/// <summary>A row as nstance's own list queries read it.</summary>
internal sealed record NstanceRow(string Id, string Tenant, string? Group)
{
    public bool OnDemand { get; init; }

    public string? ProviderId { get; init; }

    public string? ProviderState { get; init; }

    public bool IsRegistered { get; init; }

    /// <summary>The text of <c>issued_at</c>: nstance compares texts.</summary>
    public string? IssuedAt { get; init; }

    public string? InfraConfigHash { get; init; }
}

/// <summary>A group of a tenant.</summary>
internal sealed record NstanceGroup(string Tenant, string Group);

/// <summary>Why nstance terminates an instance (contract, "What nstance itself decides by its rows").</summary>
internal enum NstanceReason
{
    /// <summary>Its collector read an unhealthy status.</summary>
    Unhealthy,

    /// <summary>Its collector read an old <c>issued_at</c> and no registration.</summary>
    Dangling,

    /// <summary>The group holds more rows than it should.</summary>
    GroupTooLarge,

    /// <summary>No configuration names the group.</summary>
    GroupUnknown,

    /// <summary>The row has no <c>infra_config_hash</c>: the instance is rotated.</summary>
    Drift,
}

/// <summary>An instance that nstance terminates, or a row without a machine that it marks.</summary>
internal sealed record NstanceTermination(string InstanceId, string? ProviderId, NstanceReason Why);

/// <summary>What one cycle or one scaling did.</summary>
/// <param name="Terminations">What it terminated, in order.</param>
/// <param name="Failure">Why it stopped before it terminated anything; null: it did not.</param>
internal sealed record NstanceOutcome(IReadOnlyList<NstanceTermination> Terminations, string? Failure = null)
{
    /// <summary>How many instances nstance launches to fill its groups. The model counts them only.</summary>
    public int Missing { get; init; }
}
