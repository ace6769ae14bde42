namespace Nstance.Temporal.Simulation.Nstance;

/// <summary>An instance as nstance writes it into a new row and into its record.</summary>
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

/// <summary>A row as nstance's own list queries read it. nstance compares <c>issued_at</c> as a text.</summary>
internal sealed record NstanceRow(
    string Id, string Tenant, string? Group, bool OnDemand, string? ProviderId, string? ProviderState,
    bool IsRegistered, string? IssuedAt, string? InfraConfigHash);

/// <summary>A group of a tenant.</summary>
internal sealed record NstanceGroup(string Tenant, string Group);

/// <summary>Why nstance terminates an instance (contract, "What nstance itself decides by its rows").</summary>
internal enum NstanceReason
{
    Unhealthy, // its collector read an unhealthy status
    Dangling, // its collector read an old issued_at and no registration
    GroupTooLarge, // the group holds more rows than it should
    GroupUnknown, // no configuration names the group
    Drift, // the row has no infra_config_hash: the instance is rotated
}

/// <summary>An instance that nstance terminates, or a row without a machine that it marks.</summary>
internal sealed record NstanceTermination(string InstanceId, string? ProviderId, NstanceReason Why);

/// <summary>What one cycle or one scaling did.</summary>
/// <param name="Terminations">What it terminated, in order.</param>
/// <param name="Failure">Why it stopped before it terminated anything; null: it did not.</param>
/// <param name="Missing">How many instances nstance launches to fill its groups. The model counts them only.</param>
internal sealed record NstanceOutcome(
    IReadOnlyList<NstanceTermination> Terminations, string? Failure = null, int Missing = 0);
