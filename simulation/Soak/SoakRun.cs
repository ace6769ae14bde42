using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using Nstance.Temporal.Activities.KeepAlive;
using Nstance.Temporal.Simulation.Chaos;
using Nstance.Temporal.Worker.Hosting;
using Nstance.Temporal.Workflows;
using Nstance.Temporal.Workflows.Payloads;
using Temporalio.Client;
using Temporalio.Testing;
using Temporalio.Worker;

namespace Nstance.Temporal.Simulation.Soak;

/// <summary>What the worker holds at the end of a day.</summary>
internal sealed record SoakDay(
    int Day, int Cycles, double HeapMiB, double RssMiB, int Handles, int Threads, long Timers, double DatabaseKiB,
    int Rows)
{
    /// <summary>Says what grew since a day: what leaks grows with days.</summary>
    public IEnumerable<string> Growth(SoakDay since)
    {
        (string What, double From, double To, double Max)[] measures =
        [
            ("MiB of heap", since.HeapMiB, HeapMiB, (since.HeapMiB * 1.25) + 4),
            ("open files", since.Handles, Handles, since.Handles + 8),
            ("threads", since.Threads, Threads, since.Threads + 8),
            ("timers", since.Timers, Timers, since.Timers + 16),
            ("KiB of the database", since.DatabaseKiB, DatabaseKiB, (since.DatabaseKiB * 1.5) + 512),
        ];
        return measures.Where(m => m.To > m.Max).Select(m => $"{m.What} grew from {m.From} to {m.To}");
    }
}

/// <summary>The outcome of all days.</summary>
internal sealed record SoakOutcome(
    int Days, int Cycles, int Renewals, int CameAndWent, int Checked, IReadOnlyList<SoakDay> Each,
    IReadOnlyList<string> Faults, double Seconds);

/// <summary>
/// The worker's own parts for simulated days: real workflows, phases and SQLite in this process; the Temporal server,
/// which keeps every history, in another.
/// </summary>
internal static class SoakRun
{
    private const double MiB = 1024 * 1024;
    private const int CalmPieces = 30;

    // One call for a long time may outlast a call's deadline on a busy machine.
    private static readonly TimeSpan Piece = TimeSpan.FromMinutes(4);

    public static Command Make(TextWriter stdout, TextWriter stderr)
    {
        var days = Arguments.Number("--days", "simulated days", 30, 1, 365);
        var minutes = Arguments.Number("--interval", "minutes between two cycles", 2, 1, 60);
        var command = new Command(
            "soak", "Runs a collector over a fleet with churn, and measures what it holds each day.")
        {
            days, minutes,
        };
        command.SetAction(async (parsed, ct) =>
        {
            ChaosCommand.TuneSqlite();
            var outcome = await RunAsync(
                parsed.GetValue(days), TimeSpan.FromMinutes(parsed.GetValue(minutes)),
                day => stderr.WriteLine(JsonSerializer.Serialize(day)), ct);
            await stdout.WriteLineAsync(JsonSerializer.Serialize(outcome));
            return outcome.Faults.Count == 0 ? 0 : 1;
        });
        return command;
    }

    public static async Task<SoakOutcome> RunAsync(
        int days, TimeSpan interval, Action<SoakDay> report, CancellationToken ct)
    {
        var watch = Stopwatch.StartNew();
        await using var server = await WorkflowEnvironment.StartTimeSkippingAsync(new()
        {
            DataConverter = PayloadJson.Converter,
            TestServer = new()
            {
                ExistingPath = Path.Combine(
                    AppContext.BaseDirectory, OperatingSystem.IsWindows() ? "testserver.exe" : "testserver"),
                StartupTimeout = TimeSpan.FromMinutes(1),
            },
        });
        var story = SoakStory.Tell(days, interval);
        using var hosts = new ChaosHosts(story.Setup);
        // The story begins when the server's clock says so.
        var world = new ChaosWorld(story, new DateTimeOffset(await server.GetCurrentTimeAsync(), TimeSpan.Zero));
        using var nstance = new ChaosNstance(world, hosts);
        using var activities = new SoakActivities(world, hosts, () => server.Client);
        await SearchAttributes.EnsureAsync((TemporalClient)server.Client, new());
        using var shared = new TemporalWorker(server.Client, new TemporalWorkerOptions(Names.TaskQueue)
            .AddWorkflow<GcWorkflow>().AddWorkflow<KeepAliveWorkflow>().AddWorkflow<ReconcilerWorkflow>()
            .AddAllActivities(activities).AddAllActivities(new KeepAliveActivities()));
        using var first = Host(0);
        using var second = Host(1);

        var each = new List<SoakDay>();
        var faults = new List<string>();
        return await shared.ExecuteAsync(() => first.ExecuteAsync(() => second.ExecuteAsync(async () =>
        {
            var settings = new GcSettings { DryRun = false, Limits = TerminationLimits.Off };
            await CollectorStart.EnsureRunsAsync(server.Client, new(Story.Shard) { Settings = settings });
            var collector = server.Client.GetWorkflowHandle<GcWorkflow>(
                Names.GcWorkflowId(Story.Shard.Cluster, Story.Shard.Shard));
            for (var day = 1; day <= days && world.Violation is null; day++)
            {
                await PassAsync((int)(TimeSpan.FromDays(1) / Piece));
                var status = await collector.QueryAsync(w => w.Status());
                if (status.LastReport is not { Outcome: CycleOutcome.Completed })
                    faults.Add($"day {day}: {string.Join("; ", status.LastReport?.Problems ?? ["no report"])}");
                each.Add(Measure(day, status.Cycle, hosts));
                report(each[^1]);
            }

            world.CalmDown();
            await PassAsync(CalmPieces);
            world.Must.NothingLeaks(hosts.IsShared(hosts.Current));
            if (world.Violation is { } violation)
                faults.Add($"{violation.Step}: {violation.Invariant}: {violation.What}");
            // The first whole day, or the last but one.
            if (each.Count > 1) faults.AddRange(each[^1].Growth(each[Math.Min(2, each.Count - 2)]));
            var runs = await server.Client.CountWorkflowsAsync($"WorkflowId = '{collector.Id}'");
            var cycles = (await collector.QueryAsync(w => w.Status())).Cycle;
            await collector.TerminateAsync("the soak is over");
            return new SoakOutcome(
                days, cycles, (int)runs.Count - 1, activities.Gone, activities.Checked, each, faults,
                Math.Round(watch.Elapsed.TotalSeconds, 1));
        }, ct), ct), ct);

        TemporalWorker Host(int n) => new(
            server.Client, new TemporalWorkerOptions(Names.HostTaskQueue($"host-{n}")).AddAllActivities(activities));

        async Task PassAsync(int pieces)
        {
            for (var n = 0; n < pieces; n++) await server.DelayAsync(Piece, ct);
        }
    }

    private static SoakDay Measure(int day, int cycles, ChaosHosts hosts)
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        using var self = Process.GetCurrentProcess();
        var handles = Directory.Exists("/proc/self/fd")
            ? Directory.GetFiles("/proc/self/fd").Length : self.HandleCount;
        var files = new[] { "", "-wal" }.Select(ending => new FileInfo(hosts.DatabasePath + ending));
        var bytes = files.Where(f => f.Exists).Sum(f => f.Length);
        return new(
            day, cycles, Math.Round(GC.GetTotalMemory(false) / MiB, 1), Math.Round(self.WorkingSet64 / MiB, 1), handles,
            self.Threads.Count, Timer.ActiveCount, Math.Round(bytes / 1024.0, 1), hosts.Rows().Count);
    }
}
