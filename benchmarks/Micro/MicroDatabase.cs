using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Benchmarks.Fleet;

namespace Nstance.Temporal.Benchmarks.Micro;

/// <summary>Files of the benchmarks: each gets a copy of a database that has been through a whole sync.</summary>
internal static class MicroDatabase
{
    private static readonly Lazy<string> Folder = new(() => Directory.CreateTempSubdirectory("nstance-micro-").FullName);

    private static readonly Lazy<string> Synced = new(() =>
    {
        var path = Path.Combine(Folder.Value, "synced.db");
        ServerDatabase.Create(path, MicroFleet.Fleet);
        using var database = ShardDatabase.Open(path, MicroFleet.Shard, own: false);
        database.BeginListing();
        foreach (var page in MicroFleet.ListingPages()) database.Compare(page);
        var rest = MicroFleet.Fleet.Machines.Skip(MicroFleet.ListingPages().Length * MicroFleet.PageSize);
        database.Compare([.. rest.Select(n => Listed.Of(MicroFleet.Fleet.Instance(n)))]);
        MicroFleet.Require(MicroFleet.Fleet.Machines.Length, Write(database), "the first sync");
        return path;
    });

    /// <summary>nstance's own, with its indexes, in step with the cloud.</summary>
    public static ShardDatabase OpenShared(string name)
    {
        var path = Path.Combine(Folder.Value, $"{name}.db");
        File.Copy(Synced.Value, path, overwrite: true);
        return ShardDatabase.Open(path, MicroFleet.Shard, own: false);
    }

    /// <summary>A new one of our own, without rows.</summary>
    public static ShardDatabase OpenOwn() =>
        ShardDatabase.Open(Path.Combine(Folder.Value, $"{Guid.NewGuid():N}.db"), MicroFleet.Shard, own: true);

    /// <summary>Writes what a listing noted.</summary>
    public static int Write(ShardDatabase database) =>
        new NotedWriter(database, MicroFleet.Shard, MicroFleet.Fleet.AsOf).WriteAsync(() => { }).GetAwaiter().GetResult();

    /// <summary>Closes it and removes its file: a hundred copies would fill the disk.</summary>
    public static void Drop(ShardDatabase database)
    {
        var path = database.Path;
        database.Dispose();
        foreach (var file in Directory.EnumerateFiles(Folder.Value, $"{Path.GetFileName(path)}*")) File.Delete(file);
    }

    /// <summary>Removes all files.</summary>
    public static void Forget()
    {
        if (Folder.IsValueCreated) Directory.Delete(Folder.Value, recursive: true);
    }
}
