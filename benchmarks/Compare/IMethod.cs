using Nstance.Temporal.Simulation.Nstance;

namespace Nstance.Temporal.Benchmarks.Compare;

/// <summary>Work of a shard's cycle. Begin comes before all; Rebuild fills a new file from the records.</summary>
internal enum Phase { Begin, Sync, Collect, Health, Purge, Rebuild }

/// <summary>One way to do that work.</summary>
internal interface IMethod : IDisposable
{
    /// <summary>Does the work of a phase, and returns how many instances it was about.</summary>
    Task<int> RunAsync(Phase phase);
}

/// <summary>What nstance's server and both methods without a worker do with a file.</summary>
internal static class ServerFile
{
    /// <param name="path">The file.</param>
    /// <param name="cacheKiB">Size of the page cache; 2000 is SQLite's default.</param>
    public static SqliteFile Open(string path, int cacheKiB = 2000)
    {
        var file = new SqliteFile(path);
        file.Run($"PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -{cacheKiB}");
        return file;
    }

    public static void MarkDeleted(this SqliteFile file, string id, DateTimeOffset now) =>
        file.Run("UPDATE instances SET deleted_at = $1, updated_at = $1 WHERE id = $0", id, now);

    public static void Purge(this SqliteFile file, string id) => file.Run(
        """
        DELETE FROM public_keys WHERE instance_id = $0; DELETE FROM lb_instances WHERE instance_id = $0;
        DELETE FROM instances WHERE id = $0
        """, id);
}
