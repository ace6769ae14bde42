using System.Diagnostics;
using Nstance.Temporal.Activities.KeepAlive;
using Nstance.Temporal.Simulation.Chaos;
using Nstance.Temporal.Worker.Hosting;
using Nstance.Temporal.Workflows;
using Temporalio.Client;
using Temporalio.Testing;
using Temporalio.Worker;

namespace Nstance.Temporal.Simulation.Soak;

/// <summary>What the worker holds at the end of a day.</summary>
internal sealed record SoakDay(int Day, int Cycles, double HeapMiB, double RssMiB, int Handles, int Threads, long Timers, double DatabaseKiB, int Rows);

/// <summary>What came of it.</summary>
internal sealed record SoakOutcome(
    int Days, int Cycles, int Renewals, int CameAndWent, int Checked, IReadOnlyList<SoakDay> Each, IReadOnlyList<string> Faults, double Seconds);

/// <summary>
/// The worker's own parts for simulated days: real workflows, phases and SQLite in this process; the Temporal server, which keeps
/// every history, in another.
/// </summary>
internal static class SoakRun
{
    // One call for a long time may outlast a call's deadline on a busy machine.
    private static readonly TimeSpan Piece = TimeSpan.FromMinutes(4);

    public static async Task<SoakOutcome> RunAsync(int days, TimeSpan interval, Action<SoakDay> said, CancellationToken ct)
    {
        var watch = Stopwatch.StartNew();
        await using var server = await WorkflowEnvironment.StartTimeSkippingAsync(new()
        {
            TestServer = new()
            {
                ExistingPath = Path.Combine(AppContext.BaseDirectory, OperatingSystem.IsWindows() ? "testserver.exe" : "testserver"),
                StartupTimeout = TimeSpan.FromMinutes(1),
            },
        });
        // The story begins when the server's clock says so.
        var story = SoakStory.Tell(days, interval);
        using var hosts = new ChaosHosts(story.Setup);
        var begin = new DateTimeOffset(await server.GetCurrentTimeAsync(), TimeSpan.Zero);
        var world = new ChaosWorld(story, begin);
        using var nstance = new ChaosNstance(world, hosts.SharedPath!);
        world.Nstance = nstance;
        using var activities = new SoakActivities(world, hosts, () => server.Client);
        await SearchAttributes.EnsureAsync((TemporalClient)server.Client, new());
        using var shared = new TemporalWorker(server.Client, new TemporalWorkerOptions(Names.TaskQueue)
            .AddWorkflow<GcWorkflow>().AddWorkflow<KeepAliveWorkflow>().AddWorkflow<ReconcilerWorkflow>()
            .AddAllActivities(activities).AddAllActivities(new KeepAliveActivities()));
        using var host = new TemporalWorker(server.Client, new TemporalWorkerOptions(Names.HostTaskQueue("host-0")).AddAllActivities(activities));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var (polls, alsoPolls) = (shared.ExecuteAsync(stop.Token), host.ExecuteAsync(stop.Token));

        var (each, faults) = (new List<SoakDay>(), new List<string>());
        await CollectorStart.EnsureRunsAsync(server.Client, new(Story.Shard) { Settings = new() { DryRun = false, Limits = TerminationLimits.Off } });
        var collector = server.Client.GetWorkflowHandle<GcWorkflow>(Names.GcWorkflowId(Story.Shard.Cluster, Story.Shard.Shard));
        for (var day = 1; day <= days && world.Violation is null; day++)
        {
            for (var passed = TimeSpan.Zero; passed < TimeSpan.FromDays(1); passed += Piece) await server.DelayAsync(Piece, ct);
            var status = await collector.QueryAsync(w => w.Status());
            if (status.LastReport is not { Outcome: CycleOutcome.Completed } last)
                faults.Add($"day {day}: {string.Join("; ", status.LastReport?.Problems ?? ["no report"])}");
            var measured = Measure(day, status.Cycle, hosts);
            each.Add(measured);
            said(measured);
        }

        await CalmAsync(server, world, ct);
        new Invariants(world).NothingLeaks();
        if (world.Violation is { } violation) faults.Add($"{violation.Step}: {violation.Invariant}: {violation.What}");
        faults.AddRange(Growth(each));
        var runs = 0;
        await foreach (var run in server.Client.ListWorkflowsAsync($"WorkflowId = '{collector.Id}'")) runs += run.HistoryLength > 0 ? 1 : 0;
        var cycles = (await collector.QueryAsync(w => w.Status())).Cycle;
        await collector.TerminateAsync("the soak is over");
        await stop.CancelAsync();
        await Task.WhenAll(polls, alsoPolls).ContinueWith(_ => { }, TaskScheduler.Default);
        return new(days, cycles, runs - 1, activities.Launched, activities.Checked, each, faults, Math.Round(watch.Elapsed.TotalSeconds, 1));
    }

    private static async Task CalmAsync(WorkflowEnvironment server, ChaosWorld world, CancellationToken ct)
    {
        world.CalmDown();
        for (var n = 0; n < 30; n++) await server.DelayAsync(Piece, ct);
    }

    private static SoakDay Measure(int day, int cycles, ChaosHosts hosts)
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        using var self = Process.GetCurrentProcess();
        var handles = Directory.Exists("/proc/self/fd") ? Directory.GetFiles("/proc/self/fd").Length : self.HandleCount;
        var files = new[] { "", "-wal" }.Select(ending => new FileInfo(hosts.DatabasePath + ending)).Where(f => f.Exists).Sum(f => f.Length);
        return new(day, cycles, Round(GC.GetTotalMemory(false) / 1048576.0), Round(self.WorkingSet64 / 1048576.0), handles, self.Threads.Count,
            Timer.ActiveCount, Round(files / 1024.0), hosts.Rows()!.Count);
    }

    /// <summary>The last day beside the first whole one: what leaks grows with days.</summary>
    private static IEnumerable<string> Growth(List<SoakDay> each)
    {
        if (each.Count < 2) yield break;
        var (first, last) = (each[Math.Min(2, each.Count - 2)], each[^1]);
        if (last.HeapMiB > (first.HeapMiB * 1.25) + 4) yield return $"heap grew from {first.HeapMiB} to {last.HeapMiB} MiB";
        if (last.Handles > first.Handles + 8) yield return $"open files grew from {first.Handles} to {last.Handles}";
        if (last.Threads > first.Threads + 8) yield return $"threads grew from {first.Threads} to {last.Threads}";
        if (last.Timers > first.Timers + 16) yield return $"timers grew from {first.Timers} to {last.Timers}";
        if (last.DatabaseKiB > (first.DatabaseKiB * 1.5) + 512) yield return $"the database grew from {first.DatabaseKiB} to {last.DatabaseKiB} KiB";
    }

    private static double Round(double value) => Math.Round(value, 1);
}
