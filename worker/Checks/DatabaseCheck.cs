using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Worker.Options;

namespace Nstance.Temporal.Worker.Checks;

/// <summary>Whether the shard's database can be used. Makes and writes nothing.</summary>
internal static class DatabaseCheck
{
    public const string Name = "database";

    public static Check Run(GcOptions options) => options.SharedDatabasePath is { } path
        ? Shared(path, options)
        : Own(options.DataDirectory);

    private static Check Shared(string path, GcOptions options)
    {
        try
        {
            Opening.Verify(path, new(options.Cluster!, options.Shard!, options.Bucket ?? ""));
            return Check.Ok(Name, $"{path} is nstance's, and can be written");
        }
        catch (DatabaseException e)
        {
            return e.Fault == DatabaseFault.Busy ? Check.Warning(Name, e.Message) : Check.Failed(Name, e.Message);
        }
    }

    /// <summary>The worker makes it when the first shard comes to this host.</summary>
    private static Check Own(string directory)
    {
        var place = new DirectoryInfo(Path.GetFullPath(directory));
        while (!place.Exists && !File.Exists(place.FullName) && place.Parent is { } parent) place = parent;
        var where = $"data directory {directory}: {place.FullName}";
        if (File.Exists(place.FullName)) return Check.Failed(Name, $"{where} is a file: give another --data-directory");
        return place.Attributes.HasFlag(FileAttributes.ReadOnly)
            ? Check.Failed(
                Name,
                $"{where} is read-only: let the user of nstance-gc write to it, or give another --data-directory")
            : Check.Ok(Name, $"our own, in {directory}");
    }
}
