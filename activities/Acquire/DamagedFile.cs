using Nstance.Temporal.Activities.Database;

namespace Nstance.Temporal.Activities.Acquire;

/// <summary>
/// Replaces a damaged file of our own, which is a cache, and keeps it under another name for an examination. A shared
/// file is nstance's: it is never renamed, and the host declines.
/// </summary>
internal static class DamagedFile
{
    // The log first: SQLite would write an old log into the new file.
    private static readonly string[] Endings = ["-wal", "-shm", ""];

    /// <summary>Opens the shard's database. Replaces a damaged file of our own, and reports that.</summary>
    /// <exception cref="DatabaseException">The database cannot be used.</exception>
    public static ShardDatabase OpenOrReplace(ShardDatabases databases, AcquireShardInput input, PhaseNotes notes)
    {
        var (path, own) = databases.Find(input.Shard, mustExist: false);
        var kept = $"{path}.damaged-{input.AsOf.UtcDateTime:yyyyMMddTHHmmssZ}";
        ShardDatabase database;
        try
        {
            database = databases.Open(input.Shard, create: true);
        }
        catch (DatabaseException e) when (e.Fault == DatabaseFault.Damaged && own)
        {
            Rename(path, kept);
            database = databases.Open(input.Shard, create: true);
        }

        // A later attempt of the same acquire finds the file and reports the damage too.
        if (own && File.Exists(kept))
        {
            notes.Problem(
                $"database {path} was damaged and is rebuilt from the records. "
                + $"The damaged file is now {Path.GetFileName(kept)}: check the disk, then delete it");
        }

        return database;
    }

    private static void Rename(string path, string kept)
    {
        try
        {
            foreach (var ending in Endings.Where(ending => File.Exists(path + ending)))
                File.Move(path + ending, kept + ending, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DatabaseException(
                $"database {path} is damaged and cannot be renamed: {e.Message}", e, DatabaseFault.Damaged);
        }
    }
}
