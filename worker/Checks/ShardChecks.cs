using Amazon.Runtime;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Ports;

namespace Nstance.Temporal.Worker.Checks;

/// <summary>Whether the shard's bucket and cloud can be read, and belong to this shard. Changes nothing.</summary>
internal static class ShardChecks
{
    public const string Bucket = "bucket";
    public const string Configuration = "config.jsonc";
    public const string Cloud = "cloud";

    /// <summary>Long enough for the SDK to look for credentials everywhere, short enough to wait for.</summary>
    public static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(15);

    /// <returns>The shard's region, if its configuration names one.</returns>
    public static async Task<string?> RunAsync(
        IConnections connections, ShardRef shard, List<Check> checks, CancellationToken cancellationToken)
    {
        var isRead = false;
        byte[]? text = null;
        checks.Add(await AskAsync(
            Bucket,
            async token =>
            {
                var records = connections.Records(CallTimeout);
                text = await records.GetConfigAsync(shard, token);
                isRead = true;

                // Reading one object does not prove that the records may be listed; one page does.
                await foreach (var page in records.ListAsync(shard, token)) break;
                return Check.Ok(Bucket, $"{shard.Bucket} can be read and listed");
            },
            cancellationToken));
        var config = isRead ? Judge(text, shard, connections.Provider, checks) : null;
        if (!isRead) checks.Add(Check.Skipped(Configuration, "the bucket cannot be read"));
        checks.Add(NstanceCollector.Check(config));
        var region = config?.Region;
        var where = $"EC2{(region is null ? "" : $" in {region}")}";
        checks.Add(await AskAsync(
            Cloud,
            async token =>
            {
                // One page proves the permission; a whole fleet would take long.
                var seen = 0;
                await foreach (var page in connections.Cloud(region, CallTimeout).ListAsync(shard, expected: 0, token))
                {
                    seen = page.Count;
                    break;
                }

                return Check.Ok(Cloud, $"{where} answers; {seen} instances of this shard on the first page");
            },
            cancellationToken));
        return region;
    }

    /// <summary>Asks AWS once. Returns what <paramref name="ask"/> does, or its failure as a failed check.</summary>
    public static async Task<Check> AskAsync(
        string name, Func<CancellationToken, Task<Check>> ask, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(CallTimeout + CallTimeout);
        try
        {
            return await ask(limit.Token);
        }
        catch (Exception e) when (e is CloudException or AmazonClientException)
        {
            return Check.Failed(name, Failure.Of(e));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return Check.Failed(name, "AWS did not answer in time: check the network", ExitCode.Unreachable);
        }
    }

    private static ShardConfig? Judge(byte[]? text, ShardRef shard, string provider, List<Check> checks)
    {
        var place = $"s3://{shard.Bucket}/{ShardKeys.Config(shard)}";
        if (text is null)
        {
            var why = $"{place} is not there: is --shard right, and has nstance's server of this shard been set up?";
            checks.Add(Check.Failed(Configuration, why));
            return null;
        }

        // A broken file is being edited, or half written; one of another shard means that a setting here is wrong.
        var result = ShardConfig.Parse(text, shard, provider);
        var code = result.OfAnother ? ExitCode.BadInput : ExitCode.Unreachable;
        checks.AddRange(result.Faults.Select(f => Check.Failed(Configuration, $"{place}: {f}", code)));
        if (result.Config is not null)
            checks.Add(Check.Ok(Configuration, $"{place} belongs to {shard.Cluster}/{shard.Shard}"));
        return result.Config;
    }
}
