using System.Diagnostics;
using System.Globalization;
using Nstance.Temporal.Benchmarks.Measuring;
using Nstance.Temporal.TestServer.Hosting;
using Temporalio.Client;
using Temporalio.Testing;
using Temporalio.Worker;

namespace Nstance.Temporal.Benchmarks.TestServer;

/// <summary>Takes the figures one after the other, each on a server of its own.</summary>
internal sealed class TestServerRun(TestServerRun.Sizes sizes, Action<string, double> tell)
{
    /// <param name="Timers">Timers of the loop that continues as new.</param>
    /// <param name="Cycles">Quiet cycles of a collector.</param>
    /// <param name="Open">Workflows that stay open.</param>
    /// <param name="Runs">Repetitions of what is short.</param>
    /// <param name="Executable">The server as a process of its own, to tell its share from the SDK's; null for one in this process.</param>
    /// <param name="Address">Another server that runs, to compare with; null for our own.</param>
    internal sealed record Sizes(int Timers, int Cycles, int Open, int Runs, string? Executable, string? Address);

    public static readonly string[] Names = ["start", "sequential", "throughput", "month-timer", "open", "closed", "timers", "cycles"];

    /// <summary>Those that say something of a server in real time.</summary>
    public static readonly string[] RealTimeNames = ["sequential", "throughput"];

    private const int InFlight = 100;
    private const int Sequence = 200;
    private const int ClosedRounds = 4;

    // A server that lives longer than a run may hold the ids and the queue of another.
    private static readonly string Own = Guid.NewGuid().ToString("N")[..8];
    private static readonly string Queue = "measured-" + Own;

    private static readonly TimeSpan Month = TimeSpan.FromDays(30);

    private int _environments;

    public async Task RunAsync(IReadOnlyCollection<string> names, CancellationToken ct)
    {
        // The first server pays for compiling everything: it is not measured.
        await WithWorkerAsync(env => SequenceAsync(env, 20), ct);
        foreach (var name in names)
        {
            switch (name)
            {
                case "start": await RepeatAsync(StartAsync, ct); break;
                case "sequential":
                    await RepeatAsync(() => WithWorkerAsync(
                        async env => tell(
                            "oneActivityMs",
                            (await ClockAsync("oneActivity", Sequence, () => SequenceAsync(env, Sequence))).TotalMilliseconds / Sequence),
                        ct), ct);
                    break;
                case "throughput": await RepeatAsync(() => WithWorkerAsync(ThroughputAsync, ct), ct); break;
                case "month-timer": await RepeatAsync(() => WithWorkerAsync(MonthTimerAsync, ct), ct); break;
                case "open": await WithWorkerAsync(OpenAsync, ct); break;
                case "closed": await WithWorkerAsync(ClosedAsync, ct); break;
                case "timers": await WithWorkerAsync(TimersAsync, ct); break;
                case "cycles": await WithWorkerAsync(CyclesAsync, ct); break;
            }
        }
    }

    private static double Milliseconds(Stopwatch watch) => watch.Elapsed.TotalMilliseconds;

    private async Task<WorkflowEnvironment> EnvironmentAsync()
    {
        _environments++;
        if (sizes.Address is { } address)
            return new WorkflowEnvironment(await TemporalClient.ConnectAsync(new(address)));
        return sizes.Executable is { } path
            ? await WorkflowEnvironment.StartTimeSkippingAsync(new() { TestServer = new() { ExistingPath = path } })
            : await EmbeddedWorkflowEnvironment.StartAsync();
    }

    /// <summary>Wall clock and processor time for each of <paramref name="count"/> things done.</summary>
    private async Task<TimeSpan> ClockAsync(string name, int count, Func<Task> work)
    {
        var own = Environment.CpuUsage.TotalTime;
        var server = ServerTime();
        var watch = Stopwatch.StartNew();
        await work();
        var elapsed = watch.Elapsed;
        tell(name + "CpuMs", (Environment.CpuUsage.TotalTime - own).TotalMilliseconds / count);
        if (sizes.Executable != null)
            tell(name + "ServerCpuMs", (ServerTime() - server).TotalMilliseconds / count);
        return elapsed;
    }

    private TimeSpan ServerTime() => sizes.Executable is { } path
        ? Process.GetProcessesByName(Path.GetFileName(path)).Aggregate(TimeSpan.Zero, (sum, each) => sum + each.TotalProcessorTime)
        : TimeSpan.Zero;

    private async Task WithWorkerAsync(Func<WorkflowEnvironment, Task> measure, CancellationToken ct)
    {
        await using var env = await EnvironmentAsync();
        using var worker = new TemporalWorker(env.Client, new TemporalWorkerOptions(Queue)
            .AddAllActivities(typeof(MeasuredActivities), null)
            .AddWorkflow<OneActivityWorkflow>()
            .AddWorkflow<OneTimerWorkflow>()
            .AddWorkflow<TimerLoopWorkflow>()
            .AddWorkflow<QuietCyclesWorkflow>()
            .AddWorkflow<OpenWorkflow>());
        await worker.ExecuteAsync(() => measure(env), ct);
    }

    private async Task SequenceAsync(WorkflowEnvironment env, int count)
    {
        for (var i = 0; i < count; i++) await OneAsync(env, i);
    }

    private Task<int> OneAsync(WorkflowEnvironment env, int i) =>
        env.Client.ExecuteWorkflowAsync((OneActivityWorkflow w) => w.RunAsync(i), new($"one-{Own}-{_environments}-{i}", Queue));

    private async Task RepeatAsync(Func<Task> measure, CancellationToken ct)
    {
        for (var run = 0; run < sizes.Runs; run++)
        {
            ct.ThrowIfCancellationRequested();
            await measure();
        }
    }

    private async Task StartAsync()
    {
        var watch = Stopwatch.StartNew();
        await using var env = await EnvironmentAsync();
        tell("startMs", Milliseconds(watch));
    }

    private async Task ThroughputAsync(WorkflowEnvironment env)
    {
        const int Count = 3_000;
        var elapsed = await ClockAsync("workflow", Count, () => ManyAsync(env, 0, Count));
        tell("workflowsPerSecond", Count / elapsed.TotalSeconds);
    }

    private Task ManyAsync(WorkflowEnvironment env, int first, int count) => Parallel.ForEachAsync(
        Enumerable.Range(first, count),
        new ParallelOptions { MaxDegreeOfParallelism = InFlight },
        async (i, _) => await OneAsync(env, i));

    private async Task MonthTimerAsync(WorkflowEnvironment env)
    {
        var watch = Stopwatch.StartNew();
        await env.Client.ExecuteWorkflowAsync((OneTimerWorkflow w) => w.RunAsync(Month), new("month", Queue));
        tell("monthTimerMs", Milliseconds(watch));
    }

    private async Task TimersAsync(WorkflowEnvironment env)
    {
        var elapsed = await ClockAsync("timer", sizes.Timers, () => env.Client.ExecuteWorkflowAsync(
            (TimerLoopWorkflow w) => w.RunAsync(sizes.Timers, 1), new("timers", Queue)));
        tell("timerLoopSeconds", elapsed.TotalSeconds);
        tell("timerMs", elapsed.TotalMilliseconds / sizes.Timers);
    }

    private async Task CyclesAsync(WorkflowEnvironment env)
    {
        var watch = Stopwatch.StartNew();
        await env.Client.ExecuteWorkflowAsync((QuietCyclesWorkflow w) => w.RunAsync(sizes.Cycles), new("cycles", Queue));
        tell("cyclesSeconds", watch.Elapsed.TotalSeconds);
        tell("cycleMs", Milliseconds(watch) / sizes.Cycles);
    }

    private async Task OpenAsync(WorkflowEnvironment env)
    {
        Memory.ForgetPeak();
        var before = Memory.ResidentMb();
        await Parallel.ForEachAsync(
            Enumerable.Range(0, sizes.Open),
            new ParallelOptions { MaxDegreeOfParallelism = InFlight },
            async (i, _) =>
            {
                await env.Client.StartWorkflowAsync((OpenWorkflow w) => w.RunAsync(), new($"open-{i}", Queue));
                // Answered only after the first task: each is really open, not merely noted down.
                await env.Client.GetWorkflowHandle<OpenWorkflow>($"open-{i}").QueryAsync(w => w.Ends());
            });
        Memory.ForgetPeak();
        tell("openMb", Memory.ResidentMb());
        tell("openGrowthMb", Memory.ResidentMb() - before);
    }

    /// <summary>As many runs as the server remembers, and as many again, and again: what comes after the first must cost nothing.</summary>
    private async Task ClosedAsync(WorkflowEnvironment env)
    {
        var remembered = new TemporalTestServerOptions().MaxClosedRuns;
        for (var round = 0; round < ClosedRounds; round++)
        {
            await ManyAsync(env, round * remembered, remembered);
            Memory.ForgetPeak();
            var name = string.Create(CultureInfo.InvariantCulture, $"closed{round + 1}");
            tell(name + "HeapMb", GC.GetTotalMemory(forceFullCollection: true) / 1e6);
            tell(name + "Mb", Memory.ResidentMb());
        }
    }
}
