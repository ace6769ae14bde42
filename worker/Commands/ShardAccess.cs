using Nstance.Temporal.Activities.Audit;
using Nstance.Temporal.Activities.Collect;
using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Worker.Hosting;
using Nstance.Temporal.Worker.Options;

namespace Nstance.Temporal.Worker.Commands;

/// <summary>A shard's bucket and cloud, for commands that do not go through a worker.</summary>
internal sealed class ShardAccess(IConnections connections, GcOptions options)
{
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(30);

    private readonly ShardRef _shard = new(options.Cluster!, options.Shard!, options.Bucket!);

    public HistoryReader Stories() => new(
        connections,
        new ShardDatabases { DataDirectory = options.DataDirectory, SharedDatabasePath = options.SharedDatabasePath },
        _shard,
        CallTimeout);

    /// <summary>In the region that the shard's configuration names.</summary>
    public async Task<Release> ReleaseAsync(CancellationToken cancellationToken)
    {
        var bytes = await connections.Records(CallTimeout).GetConfigAsync(_shard, cancellationToken)
            ?? throw new CommandException(ExitCode.BadInput, $"s3://{_shard.Bucket}/{ShardConfig.KeyOf(_shard.Shard)} is not there: is --shard right?");
        var parsed = ShardConfig.Parse(bytes, _shard);
        if (parsed.Config is null) throw new CommandException(ExitCode.BadInput, [.. parsed.Faults.Select(f => $"{ShardConfig.KeyOf(_shard.Shard)}: {f}")]);
        return new(connections.Cloud(parsed.Config.Region, CallTimeout), connections.Audit(CallTimeout), _shard);
    }

    /// <summary>Turns a refusal of AWS into its one line and an exit code.</summary>
    public async Task<T> RunAsync<T>(Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        catch (CloudException e)
        {
            throw new CommandException(
                e.WorthRetrying ? ExitCode.Unreachable : ExitCode.BadInput, TemporalConnector.FirstLine(e.Message), e);
        }
    }
}
