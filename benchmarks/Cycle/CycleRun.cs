using System.Diagnostics;
using Nstance.Temporal.Activities;
using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Benchmarks.Fleet;
using Nstance.Temporal.Benchmarks.Measuring;
using Nstance.Temporal.Simulation.Chaos;
using Nstance.Temporal.Simulation.Fleet;
using Nstance.Temporal.Simulation.Nstance;

namespace Nstance.Temporal.Benchmarks.Cycle;

/// <summary>
/// Runs the activities as a worker would, one phase after the other, on a copy of the same database each time. It
/// checks what a phase reports: a fast wrong answer is no figure.
/// </summary>
internal sealed class CycleRun(int instances, int latencyMs, int warmUp, int runs, TextWriter story)
{
    private static readonly ShardRef Shard = new("bench", "us-west-2a", "bench");

    private readonly Calls _calls = new(TimeSpan.FromMilliseconds(latencyMs));
    private readonly Dictionary<string, Dictionary<string, int>> _callsOf = [];
    private readonly CountedEvents _events = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("nstance-cycle-").FullName;
    private readonly List<double> _peaks = [];
    private Figures _figures = new();
    private Figures _processor = new();

    private string Template => Path.Combine(_folder, "template.db");

    public async Task RunAsync(TextWriter stdout, bool isJson, CancellationToken ct)
    {
        using var locks = new WriteLocks();
        try
        {
            var now = DateTimeOffset.FromUnixTimeSeconds(DateTimeOffset.UtcNow.ToUnixTimeSeconds());
            var fleet = new MeasuredFleet(instances, Shard, now);
            using (var database = Open(Template, "OFF"))
            {
                database.Insert([.. fleet.Members.OrderBy(m => m.IssuedAt).Select(fleet.Row)]);
                database.Run("PRAGMA wal_checkpoint(TRUNCATE)");
            }

            for (var run = 1 - warmUp; run <= runs; run++)
            {
                if (run == 1) ForgetWarmUp();
                ct.ThrowIfCancellationRequested();
                fleet.Reset();
                await OnceAsync(fleet, locks);
                await story.WriteLineAsync(run < 1 ? "warmed up" : $"run {run} of {runs} done");
            }

            await _figures.WriteAsync(
                stdout, isJson, new() { ["instances"] = instances, ["latencyMs"] = latencyMs, ["runs"] = runs },
                new() { ["callsOf"] = _callsOf, ["processor"] = _processor.Medians });
        }
        finally
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    private void ForgetWarmUp()
    {
        _figures = new();
        _processor = new();
    }

    private static NstanceDatabase Open(string path, string synchronous)
    {
        var database = new NstanceDatabase(path, NstanceGeneration.V2);
        database.Run($"PRAGMA synchronous = {synchronous}");
        return database;
    }

    private async Task OnceAsync(MeasuredFleet fleet, WriteLocks locks)
    {
        using var bucket = new MemoryBucket(fleet, _calls);
        var connections = new Connections(new MemoryCloud(fleet, _calls), bucket, bucket, new PlanShelf());
        var shared = Path.Combine(_folder, "server.db");
        File.Copy(Template, shared, overwrite: true);
        // The server's connection stays open as long as the server runs: the collector's is not the last to close.
        using var server = Open(shared, "OFF");
        var own = Directory.CreateDirectory(Path.Combine(_folder, "own")).FullName;
        GcActivities Activities(string? path) => new(
            new ShardDatabases
            {
                HostName = "bench",
                NstanceServerId = "bench",
                DataDirectory = own,
                SharedDatabasePath = path,
            },
            connections, _ => _events);
        var gc = Activities(shared);
        var input = new PhaseInput(Shard, fleet.AsOf, new ShardTimings()) { Limits = TerminationLimits.Off };
        await gc.AcquireShardAsync(new AcquireShardInput(Shard, fleet.AsOf));
        locks.TakeMaxMs();

        Memory.ForgetPeak();
        var idle = Memory.ResidentMb();
        _peaks.Clear();
        var all = fleet.Machines.Length;
        var first = await TimeAsync("syncFirst", () => gc.SyncProviderAsync(input));
        Require(first.Listed == all && first.Suspect is null, $"first sync: {first}");
        server.Run("UPDATE gc_machines SET status = 'pending'"); // Every machine is another than the last listing said.
        var synced = await TimeAsync("sync", () => gc.SyncProviderAsync(input));
        Require(synced.Listed == all && synced.Updated == all, $"sync: {synced}");
        var again = await TimeAsync("syncUnchanged", () => gc.SyncProviderAsync(input));
        Require(again.Listed == all && again.Updated == 0, $"sync again: {again}");
        await CollectAsync(gc, fleet, input);
        server.Run(
            "UPDATE instances SET health_at = $now WHERE health_at < $before",
            ("$now", NstanceDatabase.Text(fleet.AsOf)), ("$before", NstanceDatabase.Text(fleet.AsOf.AddMinutes(-1))));
        await QuietAsync(gc, input);
        await HeartbeatsAsync(fleet, shared);
        await RebuildAsync(Activities(null), fleet);
        _figures.Add("idleRssMb", idle);
        _figures.Add("peakRssMb", _peaks.Max());
        _figures.Add("overIdleMb", _peaks.Max() - idle);
        _figures.Add("maxWriteLockMs", locks.TakeMaxMs());
        foreach (var file in Directory.EnumerateFiles(_folder, "server.db*")) File.Delete(file);
        Directory.Delete(own, recursive: true);
    }

    private async Task CollectAsync(GcActivities gc, MeasuredFleet fleet, PhaseInput input)
    {
        _calls.Reset();
        var collected = await ClockAsync("collect", () => gc.CollectAsync(input));
        var health = await ClockAsync("health", () => gc.ScanHealthAsync(input));
        var purged = await ClockAsync("purge", () => gc.PurgeRecordsAsync(input));
        _callsOf["collection"] = _calls.Counts;
        _figures.Add("collectionMs", new[] { "collectMs", "healthMs", "purgeMs" }.Sum(_figures.Last));
        var dangling = collected.Of(CollectReason.Dangling);
        Require(dangling.Terminated == fleet.Count(Scenario.NeverRegisters), $"dangling: {dangling}");
        var unhealthy = collected.Of(CollectReason.Unhealthy);
        Require(unhealthy.Terminated == fleet.Count(Scenario.Stopped), $"unhealthy: {unhealthy}");
        var preInserts = collected.Of(CollectReason.StalePreInsert);
        Require(preInserts.AlreadyGone == fleet.Count(Scenario.PreInsertOnly), $"pre-inserts: {preInserts}");
        Require(health.Enqueued == fleet.Count(Scenario.FallsSilent), $"health: {health}");
        Require(
            purged.Purged == fleet.Count(Scenario.Expired), $"purge: {purged} {string.Join(' ', purged.Problems)}");
    }

    /// <summary>nstance's own writes, on a file with the collector's tables and on one without.</summary>
    private async Task HeartbeatsAsync(MeasuredFleet fleet, string shared)
    {
        var bare = Path.Combine(_folder, "bare.db");
        File.Copy(Template, bare, overwrite: true);
        await ClockAsync("heartbeatsBare", () => Task.FromResult(Beat(bare)));
        await ClockAsync("heartbeats", () => Task.FromResult(Beat(shared)));
        foreach (var file in Directory.EnumerateFiles(_folder, "bare.db*")) File.Delete(file);

        bool Beat(string path)
        {
            using var database = Open(path, "NORMAL");
            var random = new Random(7);
            database.Report(fleet.Members.Select(_ =>
                (fleet.Members[random.Next(fleet.Members.Length)].Id, fleet.AsOf.AddSeconds(1))));
            return true;
        }
    }

    private async Task QuietAsync(GcActivities gc, PhaseInput input)
    {
        var events = _events.Events;
        var expired = await TimeAsync("quiet", async () =>
        {
            await gc.CollectAsync(input);
            await gc.ScanHealthAsync(input);
            return (await gc.PurgeRecordsAsync(input)).Expired;
        });
        Require(_events.Events == events && expired == 0, $"not quiet: {expired} expired");
    }

    private async Task RebuildAsync(GcActivities gc, MeasuredFleet fleet)
    {
        var input = new AcquireShardInput(Shard, fleet.AsOf);
        var there = fleet.Members.Count(m => fleet.HasRecord(m.Number));
        var cold = await TimeAsync("rebuildCold", () => gc.AcquireShardAsync(input));
        var problems = string.Join("; ", cold.Problems);
        Require(cold.RecordsRead == there, $"rebuild: {cold.RecordsRead} of {there}, {problems}");

        // Another host held it in between: every ETag is compared, none has changed.
        var warm = await TimeAsync(
            "rebuildWarm", () => gc.AcquireShardAsync(input with { PreviousHost = "another" }));
        Require(warm is { Rebuilt: true, RecordsRead: 0 }, $"rebuild again: {warm.RecordsRead} read");
    }

    /// <summary>Measures a phase, and counts its calls.</summary>
    private async Task<T> TimeAsync<T>(string name, Func<Task<T>> work)
    {
        _calls.Reset();
        var result = await ClockAsync(name, work);
        _callsOf[name] = _calls.Counts;
        return result;
    }

    private async Task<T> ClockAsync<T>(string name, Func<Task<T>> work)
    {
        Memory.ForgetPeak();
        var processor = Environment.CpuUsage.TotalTime;
        var clock = Stopwatch.StartNew();
        var result = await work();
        _figures.Add($"{name}Ms", clock.Elapsed.TotalMilliseconds);
        _processor.Add($"{name}Ms", (Environment.CpuUsage.TotalTime - processor).TotalMilliseconds);
        _peaks.Add(Memory.PeakMb());
        return result;
    }

    private static void Require(bool holds, string what)
    {
        if (!holds) throw new InvalidOperationException($"the run did something else than it should: {what}");
    }
}
