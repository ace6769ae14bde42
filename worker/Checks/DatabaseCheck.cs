using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Worker.Options;

namespace Nstance.Temporal.Worker.Checks;

/// <summary>Could the shard's database be used? Looks only: nothing is made, nothing is written.</summary>
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
        catch (DatabaseException e) when (e.Fault == DatabaseFault.Busy)
        {
            return Check.Warning(Name, e.Message);
        }
        catch (DatabaseException e)
        {
            return Check.Failed(Name, e.Message);
        }
    }

    /// <summary>It is made when the first shard comes to this host.</summary>
    private static Check Own(string directory)
    {
        var place = new DirectoryInfo(Path.GetFullPath(directory));
        while (!place.Exists)
        {
            if (File.Exists(place.FullName))
            {
                return Check.Failed(Name, $"data directory {directory}: {place.FullName} is a file: give another --data-directory");
            }

            if (place.Parent is null)
            {
                break;
            }

            place = place.Parent;
        }

        return place.Attributes.HasFlag(FileAttributes.ReadOnly)
            ? Check.Failed(Name, $"data directory {directory}: {place.FullName} is read-only: let the user of nstance-gc write to it, or give another --data-directory")
            : Check.Ok(Name, $"our own, in {directory}");
    }
}
