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
    public async Task<Release> ReleaseAsync(CancellationToken cancellationToken) =>
        new(await CloudAsync(cancellationToken), connections.Audit(CallTimeout), _shard);

    /// <summary>Returns the shard's machines that are in quarantine, the oldest first.</summary>
    public async Task<IReadOnlyList<CloudInstance>> QuarantinedAsync(CancellationToken cancellationToken)
    {
        var cloud = await CloudAsync(cancellationToken);
        var found = new List<CloudInstance>();
        await foreach (var page in cloud.ListAsync(_shard, expected: 0, cancellationToken))
        {
            found.AddRange(page.Where(i => i.IsOwn(_shard) && i.Status != InstanceStatus.Deleted
                && i.Tags.ContainsKey(CloudTags.GcQuarantined)));
        }

        return [.. found.OrderBy(i => i.Tags[CloudTags.GcQuarantined], StringComparer.Ordinal)];
    }

    private async Task<ICloud> CloudAsync(CancellationToken cancellationToken)
    {
        var key = ShardKeys.Config(_shard);
        var bytes = await connections.Records(CallTimeout).GetConfigAsync(_shard, cancellationToken)
            ?? throw CommandException.BadInput($"s3://{_shard.Bucket}/{key} is not there: is --shard right?");
        var parsed = ShardConfig.Parse(bytes, _shard);
        return parsed.Config is { } config
            ? connections.Cloud(config.Region, CallTimeout)
            : throw new CommandException(ExitCode.BadInput, [.. parsed.Faults.Select(fault => $"{key}: {fault}")]);
    }
}
