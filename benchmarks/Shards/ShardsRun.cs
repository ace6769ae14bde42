using System.Collections.Concurrent;
using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using Nstance.Temporal.Activities.KeepAlive;
using Nstance.Temporal.Benchmarks.Fleet;
using Nstance.Temporal.Simulation;
using Nstance.Temporal.TestServer.Hosting;
using Nstance.Temporal.Worker.Hosting;
using Nstance.Temporal.Workflows.Payloads;
using Temporalio.Client;

namespace Nstance.Temporal.Benchmarks.Shards;

/// <summary>
/// Starts the collectors evenly over one interval, as workers that come and go leave them, lets each rebuild its
/// database and run a cycle, and then measures when cycles begin. A cycle is late when it begins more than
/// <see cref="Tolerance"/> after the one before it and the interval.
/// </summary>
internal sealed class ShardsRun(
    int shards, int instances, TimeSpan interval, int cycles, string? address, TextWriter story)
{
    private static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<string, List<long>> _began = new(StringComparer.Ordinal);
    private int _started;

    public static Command Create(TextWriter stdout, TextWriter stderr)
    {
        var shards = Arguments.Number("--shards", "shards on the worker", 1000, 1, 20_000);
        var instances = Arguments.Number("--instances", "instances of each", 1000, 200, 100_000);
        var interval = Arguments.Number(
            "--interval", "seconds between the starts of a shard's cycles", 120, 5, 3600);
        var cycles = Arguments.Number(
            "--cycles", "cycles of each shard that are measured, after two that are not", 2, 1, 1000);
        var address = new Option<string>("--address")
        {
            Description = "HOST:PORT of another server, its default namespace empty; default: our own, in this process",
        };
        var command = new Command("shards", "punctuality, processor and memory of one worker with many shards")
        {
            shards, instances, interval, cycles, address,
        };
        command.SetAction(async (parsed, ct) =>
        {
            var run = new ShardsRun(
                parsed.GetValue(shards), parsed.GetValue(instances), TimeSpan.FromSeconds(parsed.GetValue(interval)),
                parsed.GetValue(cycles), parsed.GetValue(address), stderr);
            await stdout.WriteLineAsync(JsonSerializer.Serialize(await run.RunAsync(ct), JsonSerializerOptions.Web));
        });
        return command;
    }

    private async Task<Dictionary<string, object>> RunAsync(CancellationToken ct)
    {
        var fleet = new MeasuredFleet(instances, new("bench", "s0", "bench"), DateTimeOffset.UtcNow, isQuiet: true);
        await using var server = address is null
            ? await TemporalTestServer.StartAsync(new() { TimeSkipping = false }) : null;
        var client = await TemporalClient.ConnectAsync(
            new(address ?? server!.TargetHost) { DataConverter = PayloadJson.Converter });
        await SearchAttributes.EnsureAsync(client, new());
        return await CollectorWorker.RunAsync(client, fleet, Began, async () =>
        {
            try
            {
                return await MeasureAsync(client, ct);
            }
            finally
            {
                if (address is not null) await EndAsync(client);
            }
        });
    }

    private void Began(ShardRef shard)
    {
        var list = _began.GetOrAdd(shard.Shard, _ => []);
        lock (list) list.Add(Stopwatch.GetTimestamp());
    }

    private async Task<Dictionary<string, object>> MeasureAsync(TemporalClient client, CancellationToken ct)
    {
        var idle = Memory.ResidentMb();
        var settings = new GcSettings { Interval = interval, DryRun = false };
        var clock = Stopwatch.StartNew();
        for (var n = 0; n < shards; n++)
        {
            var due = (interval * n / shards) - clock.Elapsed;
            if (due > TimeSpan.Zero) await Task.Delay(due, ct);
            await CollectorStart.EnsureRunsAsync(client, new(new("bench", $"s{n}", "bench")) { Settings = settings });
            _started++;
        }

        await story.WriteLineAsync($"{shards} started in {clock.Elapsed.TotalSeconds:0} s");
        await Task.Delay(interval, ct);
        Memory.ForgetPeak();
        var from = Stopwatch.GetTimestamp();
        var processor = Environment.CpuUsage.TotalTime;
        await Task.Delay(interval * cycles, ct);
        var wall = Stopwatch.GetElapsedTime(from);
        var used = Environment.CpuUsage.TotalTime - processor;
        var gaps = _began.Values.SelectMany(list => Gaps(list, from)).Order().ToArray();
        var late = gaps.Count(gap => gap > interval + Tolerance);
        return new Dictionary<string, object>
        {
            ["shards"] = shards,
            ["instances"] = instances,
            ["intervalSeconds"] = interval.TotalSeconds,
            ["measuredSeconds"] = Math.Round(wall.TotalSeconds, 1),
            ["cycles"] = gaps.Length,
            ["expected"] = shards * cycles,
            ["late"] = late,
            ["worstLateMs"] = gaps.Length == 0 ? 0 : Math.Max(0, Math.Round((gaps[^1] - interval).TotalMilliseconds)),
            ["cores"] = Math.Round(used / wall, 2),
            ["processorMsACycle"] = gaps.Length == 0 ? 0 : Math.Round(used.TotalMilliseconds / gaps.Length, 1),
            ["idleRssMb"] = Math.Round(idle),
            ["peakRssMb"] = Math.Round(Memory.PeakMb()),
        };
    }

    /// <summary>A server that goes on would keep them, also when the measuring was interrupted.</summary>
    private async Task EndAsync(TemporalClient client)
    {
        for (var n = 0; n < _started; n++)
            await client.GetWorkflowHandle(Names.GcWorkflowId("bench", $"s{n}")).TerminateAsync("measured");
    }

    /// <summary>For each cycle that began since: how long after the one before it.</summary>
    private static IEnumerable<TimeSpan> Gaps(List<long> began, long since)
    {
        long[] times;
        lock (began) times = [.. began];
        for (var i = 1; i < times.Length; i++)
        {
            if (times[i] >= since) yield return Stopwatch.GetElapsedTime(times[i - 1], times[i]);
        }
    }
}
