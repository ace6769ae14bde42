namespace Nstance.Temporal.Activities.Domain;

/// <summary>One thing wrong in <c>config.jsonc</c>: which key, what it says (null: nothing), what it may say.</summary>
internal sealed record ConfigFault(string Key, string? Value, string Allowed)
{
    public override string ToString() =>
        Value is null ? $"{Key} is missing: must be {Allowed}" : $"{Key} is {Value}: must be {Allowed}";
}

/// <summary>Either a configuration, or all of its faults.</summary>
internal sealed record ShardConfigResult(ShardConfig? Config, IReadOnlyList<ConfigFault> Faults)
{
    /// <summary>True when the file is well-formed but belongs to another cluster or shard: nothing may be touched.</summary>
    public bool OfAnother { get; init; }

    public override string ToString() => string.Join("; ", Faults);
}
