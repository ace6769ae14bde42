using System.Text.Json;
using System.Text.Unicode;

namespace Nstance.Temporal.Activities.Domain;

/// <summary>What the collector reads from a shard's <c>config.jsonc</c>; it ignores other members.</summary>
internal sealed record ShardConfig(string? Region, ShardTimings Timings)
{
    private static readonly JsonDocumentOptions Jsonc = new()
    {
        CommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
        AllowDuplicateProperties = true, // as Go reads them: ConfigReader
        MaxDepth = 10_000, // Go's own
    };

    /// <summary>Interval of nstance's own collector as written; null: missing or zero, so nstance's default.</summary>
    public TimeSpan? NstanceInterval { get; init; }

    /// <summary>Reads the whole file, and returns all of its faults at once.</summary>
    /// <param name="jsonc">The file.</param>
    /// <param name="expected">The shard that it must describe.</param>
    /// <param name="provider">The cloud that it must name, or not name any.</param>
    public static ShardConfigResult Parse(ReadOnlySpan<byte> jsonc, ShardRef expected, string provider)
    {
        // The parser accepts invalid bytes inside of a text, and throws when the text is read.
        if (!Utf8.IsValid(jsonc)) return Broken("not UTF-8");
        try
        {
            using var document = JsonDocument.Parse(WithoutMark(jsonc).ToArray(), Jsonc);
            return Parse(new ConfigReader(document.RootElement), expected, provider);
        }
        catch (JsonException e)
        {
            // The parser's message may quote the file; the place is enough.
            return Broken($"broken at line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}");
        }

        ShardConfigResult Broken(string what) =>
            new(null, [new(ShardKeys.Config(expected), what, "JSON with comments, in UTF-8")]);
    }

    private static ShardConfigResult Parse(ConfigReader reader, ShardRef expected, string provider)
    {
        var defaults = new ShardTimings();
        var cluster = reader.Id("cluster.id");
        var shard = reader.Id("shard.id");
        if (reader.OptionalText("shard.infra.provider") is { } named && named != provider)
            reader.Fault("shard.infra.provider", $"\"{provider}\"");
        var interval = reader.Duration("shard.garbage_collection.interval", TimeSpan.Zero);
        var isGiven = interval > TimeSpan.Zero;
        var timings = defaults with
        {
            Interval = isGiven ? interval : defaults.Interval,
            RegistrationTimeout = reader.Duration(
                "shard.garbage_collection.registration_timeout", defaults.RegistrationTimeout),
            DeletedRecordRetention = reader.Duration(
                "shard.garbage_collection.deleted_record_retention", defaults.DeletedRecordRetention),
            HealthCheckInterval = reader.Duration("shard.health_check_interval", defaults.HealthCheckInterval),
            RequestTimeout = reader.Duration("shard.request_timeout", defaults.RequestTimeout),
        };
        var region = reader.OptionalText("shard.infra.region");
        var isOtherCluster = cluster is not null && cluster != expected.Cluster;
        var isOtherShard = shard is not null && shard != expected.Shard;
        if (isOtherCluster) reader.Fault("cluster.id", $"\"{expected.Cluster}\"");
        if (isOtherShard) reader.Fault("shard.id", $"\"{expected.Shard}\"");
        return reader.Faults.Count > 0
            ? new(null, reader.Faults) { OfAnother = isOtherCluster || isOtherShard }
            : new(new(region, timings) { NstanceInterval = isGiven ? interval : null }, []);
    }

    private static ReadOnlySpan<byte> WithoutMark(ReadOnlySpan<byte> text) =>
        text.StartsWith("\uFEFF"u8) ? text[3..] : text;
}

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
