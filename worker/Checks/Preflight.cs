using Nstance.Temporal.Activities.Aws;
using Nstance.Temporal.Worker.Options;

namespace Nstance.Temporal.Worker.Checks;

/// <summary>The checks that a command makes before it changes anything.</summary>
internal static class Preflight
{
    /// <summary>Checks Temporal and, unless skipped, the shard, with its database if a worker needs it.</summary>
    /// <exception cref="CommandException">Holds all faults.</exception>
    public static async Task<TemporalClient> PassAsync(
        Func<Task<TemporalClient>> connect,
        GcOptions options,
        bool skipShard,
        bool database,
        CancellationToken cancellationToken)
    {
        // Side by side, so that the worker polls sooner: each waits, and is the first use of a large library.
        var checks = new List<Check>();
        var ofShard = new List<Check>();
        var shard = skipShard
            ? Task.CompletedTask
            : Task.Run(() => ShardAsync(options, ofShard, database, cancellationToken), cancellationToken);
        TemporalClient? client;
        try
        {
            client = await TemporalChecks.RunAsync(connect, checks, cancellationToken);
        }
        finally
        {
            // Wait for the other checks in every case; a fault of theirs is reported below, or thrown here.
            await shard;
        }

        checks.AddRange(ofShard);
        var failed = checks.Where(check => check.State == CheckState.Failed).ToList();
        return failed.Count == 0 && client is not null
            ? client
            : throw new CommandException(ExitCodeOf(checks), [.. failed.Select(check => check.Detail).Distinct()]);
    }

    /// <summary>Bad input wins over a server that does not answer: to repair only the server would not help.</summary>
    public static int ExitCodeOf(IReadOnlyList<Check> checks)
    {
        var codes = checks.Where(check => check.State == CheckState.Failed).Select(check => check.Code).ToList();
        return codes.Contains(ExitCode.BadInput) ? ExitCode.BadInput : codes.FirstOrDefault(ExitCode.Done);
    }

    /// <summary>Checks the bucket, the cloud and, if asked, the database.</summary>
    /// <returns>The shard's region, if its configuration names one.</returns>
    public static async Task<string?> ShardAsync(
        GcOptions options, List<Check> checks, bool database, CancellationToken cancellationToken)
    {
        string? region = null;
        using var connections = new AwsConnections(new());
        if (options.ShardRef is { } shard)
            region = await ShardChecks.RunAsync(connections, shard, checks, cancellationToken);
        else checks.Add(Check.Skipped(ShardChecks.Bucket, "no shard given: --cluster, --shard and --bucket"));
        if (!database) return region;
        checks.Add(DatabaseCheck.Run(options));
        if (options.WebhookUrl is { } url) checks.Add(await WebhookCheck.RunAsync(url, cancellationToken));
        if (options is { SharedDatabasePath: not null, ShardRef: not null })
            checks.Add(await NstanceLeaderCheck.RunAsync(connections, options, cancellationToken));
        return region;
    }
}
