using Nstance.Temporal.Benchmarks.Fleet;
using Nstance.Temporal.Simulation.Fleet;
using Nstance.Temporal.Simulation.Nstance;

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

/// <summary>
/// Measures each phase by each method in turn, on a copy of the same file. It fails on a wrong
/// count.
/// </summary>
internal sealed class CompareRun(Comparison comparison, bool withOriginal) : IDisposable
{
    private const int Heartbeats = 200_000;

    private readonly string _folder = Directory.CreateTempSubdirectory("nstance-compare-").FullName;
    private readonly MeasuredFleet _fleet = new(
        comparison.Instances, new("bench", "us-west-2a", "bench"),
        DateTimeOffset.FromUnixTimeSeconds(DateTimeOffset.UtcNow.ToUnixTimeSeconds()));

    private string Template => Path.Combine(_folder, "template.db");

    /// <summary>One run: all phases by all methods, and what our tables cost nstance.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        if (!File.Exists(Template))
        {
            using var database = new NstanceDatabase(Template, NstanceGeneration.V2);
            database.Insert([.. _fleet.Members.OrderBy(member => member.IssuedAt).Select(_fleet.Row)]);
            database.Run("PRAGMA wal_checkpoint(TRUNCATE)");
        }

        foreach (var name in Comparison.Methods.Where(name => withOriginal || name != Comparison.Original))
        {
            ct.ThrowIfCancellationRequested();
            await MethodAsync(name);
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private async Task MethodAsync(string name)
    {
        _fleet.Reset();
        var calls = new Calls(TimeSpan.FromMilliseconds(comparison.LatencyMs), isSerial: name != Comparison.Ours);
        var folder = Directory.CreateDirectory(Path.Combine(_folder, "own")).FullName;
        var path = Path.Combine(_folder, "server.db");
        File.Copy(Template, path);
        // nstance's connection stays open as long as its server runs: no other one is the last to close.
        using (var server = new Sql(path))
        using (IMethod method = name switch
        {
            Comparison.Original => new OriginalMethod(_fleet, calls, path, folder),
            Comparison.Ours => new OurMethod(_fleet, calls, path, folder),
            _ => new FloorMethod(_fleet, calls, path, folder),
        })
        {
            await method.PrepareAsync();
            method.ChangeAll();
            var all = _fleet.Machines.Length;
            var gone = new[] { Scenario.NeverRegisters, Scenario.Stopped, Scenario.PreInsertOnly }.Sum(_fleet.Count);
            await TimeAsync("sync, all changed", all, method.SyncAsync);
            await TimeAsync("sync, nothing changed", all, method.SyncAsync);
            await TimeAsync("collection", gone, method.CollectAsync);
            await TimeAsync("health", _fleet.Count(Scenario.FallsSilent), method.ScanHealthAsync);
            await TimeAsync("purge", _fleet.Count(Scenario.Expired), method.PurgeAsync);
            server.Run("UPDATE instances SET health_at = $0 WHERE health_at IS NOT NULL", _fleet.Now);
            await TimeAsync("quiet cycle without sync", 0, async () =>
                await method.CollectAsync() + await method.ScanHealthAsync() + await method.PurgeAsync());
            await TimeAsync("rebuild", _fleet.Recorded().Count(), method.RebuildAsync);
            if (name == Comparison.Ours && withOriginal) await CostToNstanceAsync(path, folder);
        }

        Directory.Delete(folder, recursive: true);
        foreach (var file in Directory.EnumerateFiles(_folder, "server.db*")) File.Delete(file);

        Task TimeAsync(string phase, int expected, Func<Task<int>> work) =>
            comparison.TimeAsync(phase, name, expected, calls, work);
    }

    private async Task CostToNstanceAsync(string shared, string folder)
    {
        var bare = Path.Combine(_folder, "bare.db");
        File.Copy(Template, bare);
        var none = new Calls(TimeSpan.Zero);
        foreach (var (column, path) in new[] { (Comparison.Without, bare), (Comparison.With, shared) })
        {
            using var file = new Sql(path);
            var random = new Random(7);
            await comparison.TimeAsync($"{Heartbeats:N0} heartbeats", column, Heartbeats, none, () =>
            {
                for (var n = 0; n < Heartbeats; n++)
                {
                    file.Run(
                        "UPDATE instances SET health_at = $1 WHERE id = $0",
                        _fleet.Members[random.Next(_fleet.Members.Length)].Id, _fleet.Now);
                }

                return Task.FromResult(Heartbeats);
            });
            using var nstance = new OriginalMethod(_fleet, none, path, folder);
            await comparison.TimeAsync("rebuild at an election", column, null, none, () => nstance.RebuildAsync(file));
        }

        foreach (var file in Directory.EnumerateFiles(_folder, "bare.db*")) File.Delete(file);
    }
}
