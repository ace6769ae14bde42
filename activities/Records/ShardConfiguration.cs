using Temporalio.Exceptions;

namespace Nstance.Temporal.Activities.Records;

internal sealed class ShardConfiguration(IRecordStore records, ShardRef shard, string provider)
{
    /// <summary>For an acquire, which fails without a valid configuration.</summary>
    public async Task<ShardConfig> RequireAsync(CancellationToken ct)
    {
        if (await records.GetConfigAsync(shard, ct) is not { } bytes)
            throw Bad($"bucket {shard.Bucket} has no {ShardKeys.Config(shard)}: correct bucket or shard");
        var parsed = ShardConfig.Parse(bytes, shard, provider);
        return parsed.Config ?? throw Bad($"{ShardKeys.Config(shard)} in bucket {shard.Bucket}: {parsed}");
    }

    /// <summary>
    /// For a cycle: a broken configuration is reported, and the timings do not change (null). A configuration of
    /// another shard stops the cycle.
    /// </summary>
    public async Task<ShardConfig?> TryReadAsync(PhaseNotes notes, CancellationToken ct)
    {
        var key = ShardKeys.Config(shard);
        try
        {
            if (await records.GetConfigAsync(shard, ct) is not { } bytes)
            {
                notes.Problem($"bucket {shard.Bucket} has no {key} any more: timings stay as they were");
                return null;
            }

            var parsed = ShardConfig.Parse(bytes, shard, provider);
            if (parsed.OfAnother) throw Bad($"{key} in bucket {shard.Bucket}: {parsed}");
            if (parsed.Config is null) notes.Problem($"{key}: {parsed}; timings stay as they were");
            return parsed.Config;
        }
        catch (CloudException e)
        {
            notes.Outage($"{key} could not be read, timings stay as they were: {e.Message}");
            return null;
        }
    }

    private static ApplicationFailureException Bad(string message) =>
        new(message, ErrorTypes.BadConfiguration, nonRetryable: true);
}
