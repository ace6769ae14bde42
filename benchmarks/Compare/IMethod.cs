namespace Nstance.Temporal.Benchmarks.Compare;

/// <summary>One way to do the work of a shard's cycle. Each answers how many instances it was about.</summary>
internal interface IMethod : IDisposable
{
    /// <summary>A sync after which nothing that the cloud says is new.</summary>
    Task PrepareAsync();

    /// <summary>Makes every machine another than the last sync saw it.</summary>
    void ChangeAll();

    Task<int> SyncAsync();

    Task<int> CollectAsync();

    Task<int> ScanHealthAsync();

    Task<int> PurgeAsync();

    /// <summary>Fills a new file from the bucket's records.</summary>
    Task<int> RebuildAsync();
}
