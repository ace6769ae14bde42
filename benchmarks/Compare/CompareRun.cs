using Nstance.Temporal.Benchmarks.Fleet;
using Nstance.Temporal.Simulation.Fleet;
using Nstance.Temporal.Simulation.Nstance;

namespace Nstance.Temporal.Benchmarks.Compare;

/// <summary>
/// Measures each phase by each method in turn, on a copy of the same file. It checks what a phase answers: a fast wrong
/// answer is no figure.
/// </summary>
internal sealed class CompareRun(int instances, int latencyMs) : IDisposable
{
    public const string Original = "original's method";
    public const string Ours = "ours";
    public const string Floor = "floor";

    private const int Heartbeats = 200_000;

    private static readonly ShardRef Shard = new("bench", "us-west-2a", "bench");

    private readonly string _folder = Directory.CreateTempSubdirectory("nstance-compare-").FullName;
    private readonly MeasuredFleet _fleet = new(
        instances, Shard, DateTimeOffset.FromUnixTimeSeconds(DateTimeOffset.UtcNow.ToUnixTimeSeconds()));

    public static IReadOnlyList<string> Methods { get; } = [Original, Ours, Floor];

    private string Template => Path.Combine(_folder, "template.db");

    /// <summary>One run: all phases by all methods, and what our tables cost nstance.</summary>
    public async Task RunAsync(Comparison comparison, CancellationToken ct)
    {
        if (!File.Exists(Template))
        {
            using var database = new NstanceDatabase(Template, NstanceGeneration.V2);
            database.Insert([.. _fleet.Members.OrderBy(member => member.IssuedAt).Select(_fleet.Row)]);
            database.Run("PRAGMA wal_checkpoint(TRUNCATE)");
        }

        foreach (var name in Methods)
        {
            ct.ThrowIfCancellationRequested();
            await MethodAsync(name, comparison);
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private async Task MethodAsync(string name, Comparison comparison)
    {
        _fleet.Reset();
        var calls = new Calls(TimeSpan.FromMilliseconds(latencyMs), isSerial: name != Ours);
        var folder = Directory.CreateDirectory(Path.Combine(_folder, "own")).FullName;
        var path = Path.Combine(_folder, "server.db");
        File.Copy(Template, path);
        // nstance's connection stays open as long as its server runs: no other one is the last to close.
        using (var server = new Sql(path))
        using (var method = Make(name, calls, path, folder))
        {
            await method.PrepareAsync();
            method.ChangeAll();
            var all = _fleet.Machines.Length;
            var gone = Count(Scenario.NeverRegisters) + Count(Scenario.Stopped) + Count(Scenario.PreInsertOnly);
            await TimeAsync("sync, all changed", all, method.SyncAsync);
            await TimeAsync("sync, nothing changed", all, method.SyncAsync);
            await TimeAsync("collection", gone, method.CollectAsync);
            await TimeAsync("health", Count(Scenario.FallsSilent), method.ScanHealthAsync);
            await TimeAsync("purge", Count(Scenario.Expired), method.PurgeAsync);
            server.Run(
                "UPDATE instances SET health_at = $0 WHERE health_at IS NOT NULL", NstanceDatabase.Text(_fleet.AsOf));
            await TimeAsync("quiet cycle without sync", 0, async () =>
                await method.CollectAsync() + await method.ScanHealthAsync() + await method.PurgeAsync());
            await TimeAsync("rebuild", _fleet.Members.Count(m => _fleet.HasRecord(m.Number)), method.RebuildAsync);
            if (name == Ours) await CostToNstanceAsync(path);
        }

        Directory.Delete(folder, recursive: true);
        foreach (var file in Directory.EnumerateFiles(_folder, "server.db*")) File.Delete(file);

        Task TimeAsync(string phase, int expected, Func<Task<int>> work) =>
            comparison.TimeAsync(phase, name, expected, calls, work);

        async Task CostToNstanceAsync(string shared)
        {
            var bare = Path.Combine(_folder, "bare.db");
            File.Copy(Template, bare);
            foreach (var (column, file) in (IEnumerable<(string, string)>)[("without", bare), ("with", shared)])
            {
                using var sql = new Sql(file);
                var random = new Random(7);
                var none = new Calls(TimeSpan.Zero);
                await comparison.TimeAsync($"{Heartbeats:N0} heartbeats", column, Heartbeats, none, () =>
                {
                    for (var n = 0; n < Heartbeats; n++)
                    {
                        sql.Run(
                            "UPDATE instances SET health_at = $1 WHERE id = $0",
                            _fleet.Members[random.Next(instances)].Id, NstanceDatabase.Text(_fleet.AsOf.AddSeconds(1)));
                    }

                    return Task.FromResult(Heartbeats);
                });
                using var nstance = new OriginalMethod(_fleet, none, file, folder);
                await comparison.TimeAsync(
                    "rebuild at an election", column, null, none, () => nstance.RebuildAsync(sql));
            }

            foreach (var file in Directory.EnumerateFiles(_folder, "bare.db*")) File.Delete(file);
        }
    }

    private IMethod Make(string name, Calls calls, string path, string folder) => name switch
    {
        Original => new OriginalMethod(_fleet, calls, path, folder),
        Ours => new OurMethod(_fleet, calls, path, folder),
        _ => new FloorMethod(_fleet, calls, path, folder),
    };

    private int Count(Scenario scenario) => _fleet.Count(scenario);
}
