using Microsoft.Data.Sqlite;
using Nstance.Temporal.Activities.Rules;

namespace Nstance.Temporal.Activities.Database;

/// <summary>Where this host keeps the databases of its shards.</summary>
public sealed record ShardDatabases
{
    /// <summary>
    /// Name of this host: part of its task queue, the same after a restart. Default the machine's name.
    /// </summary>
    public string HostName { get; init; } = Environment.MachineName;

    /// <summary>
    /// Folder of databases of our own: <c>{cluster}/{shard}.db</c>, readable by the worker's user alone.
    /// </summary>
    public required string DataDirectory { get; init; }

    /// <summary>
    /// The database of nstance's server on this host, which feeds <c>health_at</c>; for a worker of one shard. It is
    /// never made, never rebuilt. Default null: databases of our own.
    /// </summary>
    public string? SharedDatabasePath { get; init; }

    /// <summary>
    /// As <see cref="SharedDatabasePath"/>, by <c>{cluster}/{shard}</c>; goes before it. Default none.
    /// </summary>
    public IReadOnlyDictionary<string, string> SharedDatabasePaths { get; init; } = new Dictionary<string, string>();

    /// <summary>
    /// Id of nstance's server on this host: a shared file is used while that server leads its shard. Default null:
    /// while the leader's address is one of this machine's.
    /// </summary>
    public string? NstanceServerId { get; init; }

    /// <summary>
    /// The shard that the worker was started for: this host declines a collector of the same shard whose records are in
    /// another bucket or under another prefix. Default null: whatever the collector says.
    /// </summary>
    public ShardRef? NamedShard { get; init; }

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Receives each opened connection. The simulation uses it to fill disks and to shorten waits.</summary>
    internal Action<SqliteConnection>? Opened { get; init; }

    /// <summary>
    /// Compares a host's name or address with this machine's; for tests. Default null: by its network interfaces.
    /// </summary>
    internal Func<string, CancellationToken, Task<AddressMatch>>? MatchAddress { get; init; }

    /// <summary>
    /// Opens the shard's database; throws <see cref="DatabaseException"/>. Checks a file of our own that it may create.
    /// nstance checks its own file: a check here would read all of it while nstance writes.
    /// </summary>
    internal ShardDatabase Open(ShardRef shard, bool create)
    {
        var (path, own) = Find(shard, mustExist: !create);
        if (own && create) MakePrivate(DataDirectory, Path.GetDirectoryName(path)!);
        return ShardDatabase.Open(path, shard, own, check: own && create, Opened);
    }

    internal ShardDatabase OpenToRead(ShardRef shard)
    {
        var (path, own) = Find(shard, mustExist: true);
        return ShardDatabase.OpenToRead(path, shard, own);
    }

    /// <summary>Returns where the shard's database is; throws <see cref="DatabaseException"/>.</summary>
    internal (string Path, bool Own) Find(ShardRef shard, bool mustExist)
    {
        if (!Identifiers.IsValid(shard.Cluster) || !Identifiers.IsValid(shard.Shard))
            throw new DatabaseException($"cluster and shard ids must be {Identifiers.Rule}");
        RequirePlace(shard);
        var shared = SharedDatabasePaths.GetValueOrDefault($"{shard.Cluster}/{shard.Shard}") ?? SharedDatabasePath;
        if (shared is not null) return (shared, false);
        var path = Path.Combine(DataDirectory, shard.Cluster, $"{shard.Shard}.db");
        return !mustExist || File.Exists(path)
            ? (path, true)
            : throw new DatabaseException($"host {HostName} holds no database of this shard");
    }

    /// <summary>Rows of one nstance must not be judged by the records of another.</summary>
    private void RequirePlace(ShardRef shard)
    {
        if (NamedShard is not { } named || named.Cluster != shard.Cluster || named.Shard != shard.Shard) return;
        var (here, there) = (ShardKeys.Place(named), ShardKeys.Place(shard));
        if (here == there) return;
        throw new DatabaseException(
            $"the worker on host {HostName} was started for {named.Cluster}/{named.Shard} in {here}, "
            + $"and the collector reads {there}: give both the same --bucket and --prefix");
    }

    /// <summary>Makes folders for the worker's user alone. An existing folder does not change.</summary>
    private static void MakePrivate(params string[] folders)
    {
        try
        {
            foreach (var folder in folders.Where(f => !Directory.Exists(f)))
            {
                if (OperatingSystem.IsWindows()) Directory.CreateDirectory(folder);
                else Directory.CreateDirectory(folder, OwnerOnly);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DatabaseException($"folder {folders[^1]} cannot be made: {e.Message}", e);
        }
    }
}
