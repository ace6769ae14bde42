using System.Collections.Concurrent;
using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using Nstance.Temporal.Activities.KeepAlive;
using Nstance.Temporal.Benchmarks.Fleet;
using Nstance.Temporal.Simulation;
using Nstance.Temporal.TestServer.Hosting;
using Nstance.Temporal.Worker.Hosting;
using Nstance.Temporal.Worker.Options;
using Nstance.Temporal.Workflows;
using Nstance.Temporal.Workflows.Payloads;
using Temporalio.Client;
using Temporalio.Worker;

namespace Nstance.Temporal.Benchmarks.Shards;

/// <summary>
/// Starts the collectors evenly over one interval, as workers that come and go leave them, lets each rebuild its
/// database and run a cycle, and then measures when cycles begin. A cycle is late when it begins more than
/// <see cref="Tolerance"/> after the one before it and the interval.
/// </summary>
internal sealed class ShardsRun(int shards, int instances, TimeSpan interval, int cycles, TextWriter story)
{
    private static readonly GcOptions Defaults = new();
    private static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<string, ConcurrentQueue<long>> _began = new(StringComparer.Ordinal);
    private int _started;

    public static Command Create(TextWriter stdout, TextWriter stderr)
    {
        var shards = Arguments.Number("--shards", "shards on the worker", 1000, 1, 20_000);
        var instances = Arguments.Number("--instances", "instances of each", 1000, 200, 100_000);
        var interval = Arguments.Number("--interval", "seconds between the starts of a shard's cycles", 120, 5, 3600);
        var cycles = Arguments.Number(
            "--cycles", "cycles of each shard that are measured, after two that are not", 2, 1, 1000);
        var address = Arguments.Optional(
            "--address", "HOST:PORT of another server, its default namespace empty; default: our own, in this process");
        var command = new Command("shards", "punctuality, processor and memory of one worker with many shards")
        {
            shards, instances, interval, cycles, address,
        };
        command.SetAction(async (parsed, ct) =>
        {
            var run = new ShardsRun(
                parsed.GetValue(shards), parsed.GetValue(instances), TimeSpan.FromSeconds(parsed.GetValue(interval)),
                parsed.GetValue(cycles), stderr);
            var figures = await run.RunAsync(parsed.GetValue(address), ct);
            await stdout.WriteLineAsync(JsonSerializer.Serialize(figures, JsonSerializerOptions.Web));
        });
        return command;
    }

    /// <summary>Runs a worker's two halves as in <c>nstance-gc run</c>, with the ports in memory.</summary>
    private async Task<object> RunAsync(string? address, CancellationToken ct)
    {
        await using var server = address is null
            ? await TemporalTestServer.StartAsync(new() { TimeSkipping = false }) : null;
        var client = await TemporalClient.ConnectAsync(
            new(address ?? server!.TargetHost) { DataConverter = PayloadJson.Converter });
        await SearchAttributes.EnsureAsync(client, new());
        var fleet = new MeasuredFleet(instances, new("bench", "s0", "bench"), DateTimeOffset.UtcNow, isQuiet: true);
        using var bucket = new MemoryBucket(fleet, new Calls(TimeSpan.Zero));
        using var folder = new TempFolder("nstance-shards-");
        var gc = bucket.Activities(folder.Path, null, shard =>
            _began.GetOrAdd(shard.Shard, _ => []).Enqueue(Stopwatch.GetTimestamp()));
        using var shared = new TemporalWorker(client, Options(Names.TaskQueue)
            .AddWorkflow<GcWorkflow>().AddWorkflow<KeepAliveWorkflow>().AddWorkflow<ReconcilerWorkflow>()
            .AddAllActivities(gc).AddAllActivities(new KeepAliveActivities()));
        using var host = new TemporalWorker(client, Options(Names.HostTaskQueue("bench")).AddAllActivities(gc));
        try
        {
            var figures = await shared.ExecuteAsync(
                () => host.ExecuteAsync(() => MeasureAsync(client, ct), ct), ct);
            if (bucket.Events > 0) throw new InvalidOperationException($"not quiet: {bucket.Events} events");
            return figures;
        }
        finally
        {
            // A server that goes on would keep them, also when the measuring was interrupted.
            for (var n = 0; address is not null && n < _started; n++)
                await client.GetWorkflowHandle(Names.GcWorkflowId("bench", $"s{n}")).TerminateAsync("measured");
        }
    }

    private static TemporalWorkerOptions Options(string queue) => new(queue)
    {
        MaxConcurrentActivities = Defaults.MaxConcurrentActivities,
        MaxConcurrentActivityTaskPolls = Defaults.Pollers,
        MaxConcurrentWorkflowTaskPolls = Defaults.Pollers,
        MaxCachedWorkflows = Defaults.MaxCachedWorkflows,
    };

    private async Task<object> MeasureAsync(TemporalClient client, CancellationToken ct)
    {
        var idle = Memory.ResidentMb();
        var settings = new GcSettings { Interval = interval, DryRun = false };
        var clock = Stopwatch.StartNew();
        for (; _started < shards; _started++)
        {
            var due = (interval * _started / shards) - clock.Elapsed;
            if (due > TimeSpan.Zero) await Task.Delay(due, ct);
            await CollectorStart.EnsureRunsAsync(
                client, new(new("bench", $"s{_started}", "bench")) { Settings = settings });
        }

        await story.WriteLineAsync($"{shards} started in {clock.Elapsed.TotalSeconds:0} s");
        await Task.Delay(interval, ct);
        Memory.ForgetPeak();
        var from = Stopwatch.GetTimestamp();
        var processor = Environment.CpuUsage.TotalTime;
        await Task.Delay(interval * cycles, ct);
        var used = Environment.CpuUsage.TotalTime - processor;
        // For each cycle that began since: how long after the one before it.
        var gaps = _began.Values.SelectMany(began => began.Zip(began.Skip(1)))
            .Where(pair => pair.Second >= from)
            .Select(pair => Stopwatch.GetElapsedTime(pair.First, pair.Second)).Order().ToArray();
        return new
        {
            shards,
            instances,
            intervalSeconds = interval.TotalSeconds,
            cycles = gaps.Length,
            expected = shards * cycles,
            late = gaps.Count(gap => gap > interval + Tolerance),
            worstLateMs = Math.Max(0, Math.Round((gaps.LastOrDefault() - interval).TotalMilliseconds)),
            cores = Math.Round(used / (interval * cycles), 2),
            processorMsACycle = gaps.Length == 0 ? 0 : Math.Round(used.TotalMilliseconds / gaps.Length, 1),
            idleRssMb = Math.Round(idle),
            peakRssMb = Math.Round(Memory.PeakMb()),
        };
    }
}
