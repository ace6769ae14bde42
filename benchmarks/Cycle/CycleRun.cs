using System.Diagnostics;
using Nstance.Temporal.Activities;
using Nstance.Temporal.Activities.Aws;
using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Benchmarks.Fleet;
using Nstance.Temporal.Benchmarks.Measuring;
using Nstance.Temporal.Benchmarks.Ports;

namespace Nstance.Temporal.Benchmarks.Cycle;

/// <summary>
/// Runs the activities as a worker would, one phase after the other, on a copy of the same database each time. What a
/// phase says it did is checked: a fast wrong answer is no figure.
/// </summary>
internal sealed class CycleRun(int instances, int latencyMs, int warmUp, int runs, TextWriter story)
{
    private static readonly ShardRef Shard = new("bench", "us-west-2a", "bench");

    private CycleFigures _figures = new(instances, latencyMs, runs);
    private readonly Calls _calls = new(TimeSpan.FromMilliseconds(latencyMs));
    private readonly CountedEvents _events = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("nstance-cycle-").FullName;

    public async Task<CycleFigures> RunAsync(CancellationToken ct)
    {
        using var locks = new WriteLocks();
        try
        {
            var asOf = new DateTimeOffset(DateTimeOffset.UtcNow.Ticks / TimeSpan.TicksPerSecond * TimeSpan.TicksPerSecond, TimeSpan.Zero);
            using var fleet = new MeasuredFleet(instances, Shard, asOf);
            var template = Path.Combine(_folder, "template.db");
            ServerDatabase.Create(template, fleet);
            for (var run = 1 - warmUp; run <= runs; run++)
            {
                if (run == 1) _figures = new(instances, latencyMs, runs);
                ct.ThrowIfCancellationRequested();
                fleet.Reset();
                await OnceAsync(fleet, template, locks);
                await story.WriteLineAsync(run < 1 ? "warmed up" : $"run {run} of {runs} done");
            }

            return _figures;
        }
        finally
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    private async Task OnceAsync(MeasuredFleet fleet, string template, WriteLocks locks)
    {
        // A bound that grew in one run would make the next one look better than a fresh worker is.
        var connections = new MemoryConnections(new MemoryCloud(fleet, _calls), new MemoryRecords(fleet, _calls, new AdaptiveLimit()), new MemoryAudit(_calls));
        var shared = Path.Combine(_folder, "server.db");
        File.Copy(template, shared, overwrite: true);
        using var server = ServerDatabase.Serve(shared);
        var own = Directory.CreateDirectory(Path.Combine(_folder, "own")).FullName;
        var gc = new GcActivities(new ShardDatabases { HostName = "bench", NstanceServerId = "bench", DataDirectory = own, SharedDatabasePath = shared }, connections, _ => _events);
        var input = new PhaseInput(Shard, fleet.AsOf, new ShardTimings()) { Limits = TerminationLimits.Off };
        await gc.AcquireShardAsync(new AcquireShardInput(Shard, fleet.AsOf));
        locks.TakeLongestMs();

        Memory.ForgetPeak();
        var idle = Memory.ResidentMb();
        var peaks = new List<double>();
        var first = await TimeAsync("syncFirstMs", "syncFirst", peaks, () => gc.SyncProviderAsync(input));
        Require(first.Listed == fleet.Machines.Length && first.Suspect is null, $"first sync: {first}");
        ServerDatabase.ChangeAll(shared);
        var synced = await TimeAsync("syncMs", "sync", peaks, () => gc.SyncProviderAsync(input));
        Require(synced.Listed == fleet.Machines.Length && synced.Updated == fleet.Machines.Length, $"sync: {synced}");
        var again = await TimeAsync("syncUnchangedMs", "syncUnchanged", peaks, () => gc.SyncProviderAsync(input));
        Require(again.Listed == fleet.Machines.Length && again.Updated == 0, $"sync again: {again}");
        await CollectAsync(gc, fleet, input, peaks);
        ServerDatabase.ReportAll(shared, fleet.AsOf);
        await QuietAsync(gc, input, peaks);
        await HeartbeatsAsync(fleet, template, shared);
        await RebuildAsync(fleet, connections, own, peaks);
        _figures.Add("idleRssMb", idle);
        _figures.Add("peakRssMb", peaks.Max());
        _figures.Add("overIdleMb", peaks.Max() - idle);
        _figures.Add("maxWriteLockMs", locks.TakeLongestMs());
        foreach (var file in Directory.EnumerateFiles(_folder, "server.db*")) File.Delete(file);
        Directory.Delete(own, recursive: true);
    }

    private async Task CollectAsync(GcActivities gc, MeasuredFleet fleet, PhaseInput input, List<double> peaks)
    {
        _calls.Reset();
        var (collected, collectMs) = await ClockAsync("collectMs", null, peaks, () => gc.CollectAsync(input));
        var (health, healthMs) = await ClockAsync("healthMs", null, peaks, () => gc.ScanHealthAsync(input));
        var (purged, purgeMs) = await ClockAsync("purgeMs", null, peaks, () => gc.PurgeRecordsAsync(input));
        _figures.Add("collectionMs", collectMs + healthMs + purgeMs);
        _figures.AddCalls("collection", _calls);
        Require(collected.Of(CollectReason.Dangling).Terminated == fleet.Count(Part.Dangling), $"dangling: {collected.Of(CollectReason.Dangling)}");
        Require(collected.Of(CollectReason.Unhealthy).Terminated == fleet.Count(Part.Unhealthy), $"unhealthy: {collected.Of(CollectReason.Unhealthy)}");
        Require(collected.Of(CollectReason.StalePreInsert).AlreadyGone == fleet.Count(Part.PreInsert), $"pre-inserts: {collected.Of(CollectReason.StalePreInsert)}");
        Require(health.Enqueued == fleet.Count(Part.Stale), $"health: {health}");
        Require(purged.Purged == fleet.Count(Part.Deleted), $"purge: {purged} {string.Join(' ', purged.Problems)}");
    }

    /// <summary>nstance's own writes, on a file with the collector's tables and on one without.</summary>
    private async Task HeartbeatsAsync(MeasuredFleet fleet, string template, string shared)
    {
        var bare = Path.Combine(_folder, "bare.db");
        File.Copy(template, bare, overwrite: true);
        await ClockAsync("heartbeatsBareMs", null, [], () => Task.FromResult(Beat(bare)));
        await ClockAsync("heartbeatsMs", null, [], () => Task.FromResult(Beat(shared)));
        foreach (var file in Directory.EnumerateFiles(_folder, "bare.db*")) File.Delete(file);

        bool Beat(string path)
        {
            ServerDatabase.Heartbeats(path, instances, fleet);
            return true;
        }
    }

    private async Task QuietAsync(GcActivities gc, PhaseInput input, List<double> peaks)
    {
        var events = _events.Events;
        var quiet = await TimeAsync("quietMs", "quiet", peaks, async () =>
            (await gc.CollectAsync(input), await gc.ScanHealthAsync(input), await gc.PurgeRecordsAsync(input)));
        Require(_events.Events == events && quiet.Item3.Expired == 0, $"not quiet: {quiet}");
    }

    private async Task RebuildAsync(MeasuredFleet fleet, MemoryConnections connections, string own, List<double> peaks)
    {
        var gc = new GcActivities(new ShardDatabases { HostName = "bench", DataDirectory = own }, connections, _ => _events);
        var there = fleet.Members.Count(m => fleet.HasRecord(m.Number));
        var cold = await TimeAsync("rebuildColdMs", "rebuildCold", peaks, () => gc.AcquireShardAsync(new AcquireShardInput(Shard, fleet.AsOf)));
        Require(cold.RecordsRead == there, $"rebuild: {cold.RecordsRead} of {there}, {string.Join("; ", cold.Problems)}");

        // Another host held it in between: every ETag is compared, none has changed.
        var warm = await TimeAsync("rebuildWarmMs", "rebuildWarm", peaks, () =>
            gc.AcquireShardAsync(new AcquireShardInput(Shard, fleet.AsOf) { PreviousHost = "another" }));
        Require(warm is { Rebuilt: true, RecordsRead: 0 }, $"rebuild again: {warm.RecordsRead} read");
    }

    private async Task<T> TimeAsync<T>(string name, string? phase, List<double> peaks, Func<Task<T>> work) =>
        (await ClockAsync(name, phase, peaks, work)).Result;

    /// <summary>Gives the milliseconds too, without what it takes to measure memory.</summary>
    private async Task<(T Result, double Ms)> ClockAsync<T>(string name, string? phase, List<double> peaks, Func<Task<T>> work)
    {
        Memory.ForgetPeak();
        if (phase is not null) _calls.Reset();
        var (clock, processor) = (Stopwatch.StartNew(), Environment.CpuUsage.TotalTime);
        var result = await work();
        var ms = clock.Elapsed.TotalMilliseconds;
        _figures.Add(name, ms);
        _figures.AddProcessor(name, (Environment.CpuUsage.TotalTime - processor).TotalMilliseconds);
        peaks.Add(Memory.PeakMb());
        if (phase is not null) _figures.AddCalls(phase, _calls);
        return (result, ms);
    }

    private static void Require(bool holds, string what)
    {
        if (!holds) throw new InvalidOperationException($"the run did something else than it should: {what}");
    }
}
