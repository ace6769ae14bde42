using Nstance.Temporal.Activities.Aws;
using Nstance.Temporal.Worker.Commands;
using Nstance.Temporal.Worker.Options;
using Temporalio.Client;

namespace Nstance.Temporal.Worker.Checks;

/// <summary>Every check that a command makes before it touches anything.</summary>
internal static class Preflight
{
    /// <summary>Temporal, the bucket and the cloud: what a schedule needs.</summary>
    /// <exception cref="CommandException">Holds all faults.</exception>
    public static Task<TemporalClient> ForScheduleAsync(Invocation invocation, GcOptions options, bool skipShard) =>
        PassAsync(invocation, options, skipShard, database: false);

    /// <summary>Temporal, and, if a shard is given, its bucket, cloud and database: what a worker needs.</summary>
    /// <exception cref="CommandException">Holds all faults.</exception>
    public static Task<TemporalClient> ForRunAsync(Invocation invocation, GcOptions options, bool skipShard) =>
        PassAsync(invocation, options, skipShard, database: true);

    private static async Task<TemporalClient> PassAsync(
        Invocation invocation, GcOptions options, bool skipShard, bool database)
    {
        // Side by side: each is the first use of a large library, and waiting; the worker polls sooner (benchmarks -- start).
        var (checks, ofShard) = (new List<Check>(), new List<Check>());
        var shard = skipShard
            ? Task.CompletedTask
            : Task.Run(() => ShardAsync(options, ofShard, database, invocation.CancellationToken), invocation.CancellationToken);
        TemporalClient? client;
        try
        {
            client = await TemporalChecks.RunAsync(() => invocation.ConnectAsync(options), checks, invocation.CancellationToken);
        }
        finally
        {
            // Nobody leaves while the other still looks; a fault of the shard's own is told below, or thrown here.
            await shard;
        }

        checks.AddRange(ofShard);
        var failed = checks.Where(check => check.State == CheckState.Failed).ToList();
        return failed.Count == 0 && client is not null
            ? client
            : throw new CommandException(ExitCodeOf(checks), failed.ConvertAll(check => check.Detail));
    }

    /// <summary>Bad input weighs more than a server that is away: mending the latter alone would not help.</summary>
    public static int ExitCodeOf(IReadOnlyList<Check> checks)
    {
        var codes = checks.Where(check => check.State == CheckState.Failed).Select(check => check.ExitCode).ToList();
        return codes.Count == 0 ? ExitCode.Done : codes.Contains(ExitCode.BadInput) ? ExitCode.BadInput : codes[0];
    }

    /// <summary>The bucket, the cloud and, if asked, the database.</summary>
    /// <returns>The shard's region, if its configuration names one.</returns>
    public static async Task<string?> ShardAsync(
        GcOptions options, List<Check> checks, bool database, CancellationToken cancellationToken)
    {
        string? region = null;
        if (options is { Cluster: { } cluster, Shard: { } shard, Bucket: { } bucket })
        {
            using var connections = new AwsConnections(new());
            region = await ShardChecks.RunAsync(connections, new(cluster, shard, bucket), checks, cancellationToken);
        }
        else
        {
            checks.Add(Check.Skipped(ShardChecks.Bucket, "no shard given: --cluster, --shard and --bucket"));
        }

        if (database)
        {
            checks.Add(DatabaseCheck.Run(options));
        }

        return region;
    }
}
