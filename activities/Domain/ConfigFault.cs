namespace Nstance.Temporal.Activities.Domain;

/// <summary>A fault in <c>config.jsonc</c>: the key, its value (null: missing), the allowed values.</summary>
internal sealed record ConfigFault(string Key, string? Value, string Allowed)
{
    public override string ToString() =>
        Value is null ? $"{Key} is missing: must be {Allowed}" : $"{Key} is {Value}: must be {Allowed}";
}

/// <summary>Either a configuration, or all of its faults.</summary>
internal sealed record ShardConfigResult(ShardConfig? Config, IReadOnlyList<ConfigFault> Faults)
{
    /// <summary>True when the file belongs to another cluster or shard: the collector must not act on it.</summary>
    public bool OfAnother { get; init; }

    public override string ToString() => string.Join("; ", Faults);
}
