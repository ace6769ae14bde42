using System.Text.Json;
using System.Text.Unicode;

namespace Nstance.Temporal.Activities.Domain;

/// <summary>What the collector reads from a shard's <c>config.jsonc</c>; other members do not trouble it.</summary>
internal sealed record ShardConfig(
    string Cluster, string Shard, string Provider, string? Region, string? Zone, ShardTimings Timings)
{
    /// <summary>Only this one is implemented.</summary>
    public const string Ec2Provider = "aws";

    private static readonly JsonDocumentOptions Jsonc = new()
    {
        CommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
        AllowDuplicateProperties = false,
    };

    /// <summary>Key of a shard's configuration in the bucket.</summary>
    public static string KeyOf(string shard) => $"shard/{shard}/config.jsonc";

    /// <summary>Reads the whole file before it judges: all faults come back at once.</summary>
    public static ShardConfigResult Parse(ReadOnlySpan<byte> jsonc, ShardRef expected)
    {
        // Inside a text the parser takes bytes that are none, and throws when the text is asked for.
        if (!Utf8.IsValid(jsonc)) return new(null, [new(KeyOf(expected.Shard), "not UTF-8", "JSON with comments, in UTF-8")]);
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(WithoutMark(jsonc).ToArray(), Jsonc);
        }
        catch (InvalidOperationException)
        {
            return new(null, [new(KeyOf(expected.Shard), "half of a surrogate pair", "JSON with comments, in Unicode")]);
        }
        catch (JsonException e)
        {
            // The parser's message may quote the file; the place is enough.
            var place = $"broken at line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}";
            return new(null, [new(KeyOf(expected.Shard), place, "JSON with comments, each member once")]);
        }

        using (document)
        {
            try
            {
                return Parse(new ConfigReader(document.RootElement), expected);
            }
            catch (InvalidOperationException)
            {
                return new(null, [new(KeyOf(expected.Shard), "half of a surrogate pair", "JSON with comments, in Unicode")]);
            }
        }
    }

    private static ShardConfigResult Parse(ConfigReader reader, ShardRef expected)
    {
        var defaults = new ShardTimings();
        var cluster = reader.Id("cluster.id");
        var shard = reader.Id("shard.id");
        var provider = reader.OptionalText("shard.infra.provider") ?? Ec2Provider;
        if (provider != Ec2Provider) reader.Fault("shard.infra.provider", $"\"{Ec2Provider}\"");
        var retention = reader.Duration(
            "shard.garbage_collection.deleted_record_retention", defaults.DeletedRecordRetention);
        var timings = defaults with
        {
            Interval = reader.Duration("shard.garbage_collection.interval", defaults.Interval),
            RegistrationTimeout = reader.PositiveDuration(
                "shard.garbage_collection.registration_timeout", defaults.RegistrationTimeout),
            DeletedRecordRetention = retention > TimeSpan.Zero ? retention : defaults.DeletedRecordRetention,
            HealthCheckInterval = reader.PositiveDuration("shard.health_check_interval", defaults.HealthCheckInterval),
            RequestTimeout = reader.PositiveDuration("shard.request_timeout", defaults.RequestTimeout),
        };
        var (region, zone) = (reader.OptionalText("shard.infra.region"), reader.OptionalText("shard.infra.zone"));

        var ofAnother = (cluster is not null && cluster != expected.Cluster)
            || (shard is not null && shard != expected.Shard);
        if (cluster is not null && cluster != expected.Cluster) reader.Fault("cluster.id", $"\"{expected.Cluster}\"");
        if (shard is not null && shard != expected.Shard) reader.Fault("shard.id", $"\"{expected.Shard}\"");
        return reader.Faults.Count > 0
            ? new(null, reader.Faults) { OfAnother = ofAnother }
            : new(new(cluster!, shard!, provider, region, zone, timings), []);
    }

    private static ReadOnlySpan<byte> WithoutMark(ReadOnlySpan<byte> text) =>
        text.StartsWith("\uFEFF"u8) ? text[3..] : text;
}
