using Amazon.Runtime;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Worker.Commands;
using Nstance.Temporal.Worker.Hosting;

namespace Nstance.Temporal.Worker.Checks;

/// <summary>Can the shard's bucket and its cloud be read, and do they belong to this shard? Looks only.</summary>
internal static class ShardChecks
{
    public const string Bucket = "bucket";
    public const string Configuration = "config.jsonc";
    public const string Cloud = "cloud";

    /// <summary>Long enough for the SDK to look for credentials everywhere, short enough to wait for.</summary>
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(15);

    /// <returns>The shard's region, if its configuration names one.</returns>
    public static async Task<string?> RunAsync(
        IConnections connections, ShardRef shard, List<Check> checks, CancellationToken cancellationToken)
    {
        var config = await ConfigurationAsync(connections, shard, checks, cancellationToken);
        checks.Add(await CloudAsync(connections, shard, config?.Region, cancellationToken));
        return config?.Region;
    }

    private static async Task<ShardConfig?> ConfigurationAsync(
        IConnections connections, ShardRef shard, List<Check> checks, CancellationToken cancellationToken)
    {
        var place = $"s3://{shard.Bucket}/{ShardConfig.KeyOf(shard.Shard)}";
        byte[]? text = null;
        var fault = await AskAsync(
            async token => text = await connections.Records(CallTimeout).GetConfigAsync(shard, token),
            cancellationToken);
        if (fault is not null)
        {
            checks.Add(fault with { Name = Bucket });
            checks.Add(Check.Skipped(Configuration, "the bucket cannot be read"));
            return null;
        }

        fault = await AskAsync(
            async token =>
            {
                // Reading one object does not tell whether the records may be listed; one page does.
                await foreach (var page in connections.Records(CallTimeout).ListAsync(shard, token)) break;
            },
            cancellationToken);
        checks.Add(fault is null ? Check.Ok(Bucket, $"{shard.Bucket} can be read and listed") : fault with { Name = Bucket });
        if (text is null)
        {
            checks.Add(Check.Failed(
                Configuration, $"{place} is not there: is --shard right, and has nstance's server of this shard been set up?"));
            return null;
        }

        var result = ShardConfig.Parse(text, shard);
        checks.AddRange(result.Faults.Select(f => Check.Failed(Configuration, $"{place}: {f}")));
        if (result.Config is not null)
        {
            checks.Add(Check.Ok(Configuration, $"{place} belongs to {shard.Cluster}/{shard.Shard}"));
        }

        return result.Config;
    }

    private static async Task<Check> CloudAsync(
        IConnections connections, ShardRef shard, string? region, CancellationToken cancellationToken)
    {
        var where = $"EC2{(region is null ? "" : $" in {region}")}";
        var seen = 0;
        var fault = await AskAsync(
            async token =>
            {
                // One page tells whether we may look; a whole fleet would take long.
                await foreach (var page in connections.Cloud(region, CallTimeout).ListAsync(shard, expected: 0, token))
                {
                    seen = page.Count;
                    break;
                }
            },
            cancellationToken);
        return fault is null
            ? Check.Ok(Cloud, $"{where} answers; {seen} instances of this shard on the first page")
            : fault with { Name = Cloud };
    }

    /// <summary>Asks once.</summary>
    /// <returns>Null: it went well.</returns>
    public static async Task<Check?> AskAsync(Func<CancellationToken, Task> ask, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(CallTimeout + CallTimeout);
        try
        {
            await ask(limit.Token);
            return null;
        }
        catch (CloudException e)
        {
            // Its message says already what, where and what to do.
            return Check.Failed("", TemporalConnector.FirstLine(e.Message), e.WorthRetrying ? ExitCode.Unreachable : ExitCode.BadInput);
        }
        catch (AmazonClientException e)
        {
            // The SDK's own complaint before it asks anybody: no credentials, a broken profile.
            return Check.Failed("", e.Message.Contains("credentials", StringComparison.OrdinalIgnoreCase)
                ? "no usable AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile, or a role"
                : $"AWS: {TemporalConnector.FirstLine(e.Message)}: check AWS_REGION, AWS_PROFILE and the AWS files");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return Check.Failed("", "AWS did not answer in time: check the network", ExitCode.Unreachable);
        }
    }
}
