using Nstance.Temporal.Activities.Audit;
using Nstance.Temporal.Activities.Collect;
using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Worker.Options;

namespace Nstance.Temporal.Worker.Commands;

/// <summary>A shard's bucket and cloud, for commands that do not go through a worker.</summary>
internal sealed class ShardAccess(IConnections connections, GcOptions options)
{
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(30);

    private readonly ShardRef _shard = options.ShardRef!;

    public HistoryReader Stories() => new(
        connections,
        new ShardDatabases { DataDirectory = options.DataDirectory, SharedDatabasePath = options.SharedDatabasePath },
        _shard,
        CallTimeout);

    /// <summary>Makes the release, in the region that the shard's configuration names.</summary>
    public async Task<Release> ReleaseAsync(CancellationToken cancellationToken)
    {
        var key = ShardKeys.Config(_shard);
        var bytes = await connections.Records(CallTimeout).GetConfigAsync(_shard, cancellationToken)
            ?? throw CommandException.BadInput($"s3://{_shard.Bucket}/{key} is not there: is --shard right?");
        var parsed = ShardConfig.Parse(bytes, _shard);
        return parsed.Config is { } config
            ? new(connections.Cloud(config.Region, CallTimeout), connections.Audit(CallTimeout), _shard)
            : throw new CommandException(ExitCode.BadInput, [.. parsed.Faults.Select(fault => $"{key}: {fault}")]);
    }

    /// <summary>Turns a refusal of AWS into its one line and an exit code.</summary>
    public static async Task<T> RunAsync<T>(Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        catch (CloudException e)
        {
            var code = e.WorthRetrying ? ExitCode.Unreachable : ExitCode.BadInput;
            throw new CommandException(code, Failure.FirstLine(e.Message), e);
        }
    }
}
