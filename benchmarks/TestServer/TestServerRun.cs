using System.Diagnostics;
using Nstance.Temporal.TestServer.Hosting;
using Temporalio.Client;
using Temporalio.Testing;
using Temporalio.Worker;

namespace Nstance.Temporal.Benchmarks.TestServer;

/// <summary>Takes the figures one after the other, each on a server of its own.</summary>
/// <param name="runs">Repetitions of what is short.</param>
/// <param name="executable">The server as a process of its own; null for one in this process.</param>
/// <param name="address">Another server that runs, to compare with; null for our own.</param>
/// <param name="report">Takes a figure.</param>
internal sealed class TestServerRun(int runs, string? executable, string? address, Action<string, double> report)
{
    private const int InFlight = 100;
    private const int Sequence = 200;
    private const int Many = 3_000;

    public static readonly string[] Names = ["start", "sequential", "throughput", "month-timer"];

    /// <summary>Figures that a server in real time has too.</summary>
    public static readonly string[] RealTimeNames = ["sequential", "throughput"];

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
            for (var run = 0; run < runs; run++)
            {
                ct.ThrowIfCancellationRequested();
                await (name switch
                {
                    "start" => StartAsync(),
                    "sequential" => WithWorkerAsync(SequentialAsync, ct),
                    "throughput" => WithWorkerAsync(ThroughputAsync, ct),
                    _ => WithWorkerAsync(MonthTimerAsync, ct),
                });
            }
        }
    }

    private async Task<WorkflowEnvironment> EnvironmentAsync()
    {
        _environments++;
        if (address is not null) return new WorkflowEnvironment(await TemporalClient.ConnectAsync(new(address)));
        if (executable is null) return await EmbeddedWorkflowEnvironment.StartAsync();
        return await WorkflowEnvironment.StartTimeSkippingAsync(
            new() { TestServer = new() { ExistingPath = executable } });
    }

    /// <summary>Returns wall clock, and reports processor time for each thing done.</summary>
    private async Task<TimeSpan> ClockAsync(string name, int count, Func<Task> work)
    {
        var own = Environment.CpuUsage.TotalTime;
        var server = ServerTime();
        var watch = Stopwatch.StartNew();
        await work();
        var elapsed = watch.Elapsed;
        report(name + "CpuMs", (Environment.CpuUsage.TotalTime - own).TotalMilliseconds / count);
        if (executable is not null) report(name + "ServerCpuMs", (ServerTime() - server).TotalMilliseconds / count);
        return elapsed;
    }

    private TimeSpan ServerTime() => executable is null ? TimeSpan.Zero
        : Process.GetProcessesByName(Path.GetFileName(executable))
            .Aggregate(TimeSpan.Zero, (sum, each) => sum + each.TotalProcessorTime);

    private async Task WithWorkerAsync(Func<WorkflowEnvironment, Task> measure, CancellationToken ct)
    {
        await using var env = await EnvironmentAsync();
        using var worker = new TemporalWorker(env.Client, new TemporalWorkerOptions(Queue)
            .AddAllActivities(typeof(MeasuredActivities), null)
            .AddWorkflow<OneActivityWorkflow>().AddWorkflow<OneTimerWorkflow>());
        await worker.ExecuteAsync(() => measure(env), ct);
    }

    private async Task StartAsync()
    {
        var watch = Stopwatch.StartNew();
        await using var env = await EnvironmentAsync();
        report("startMs", watch.Elapsed.TotalMilliseconds);
    }

    private async Task SequentialAsync(WorkflowEnvironment env)
    {
        var elapsed = await ClockAsync("oneActivity", Sequence, () => SequenceAsync(env, Sequence));
        report("oneActivityMs", elapsed.TotalMilliseconds / Sequence);
    }

    private async Task SequenceAsync(WorkflowEnvironment env, int count)
    {
        for (var i = 0; i < count; i++) await OneAsync(env, i);
    }

    private Task<int> OneAsync(WorkflowEnvironment env, int i) => env.Client.ExecuteWorkflowAsync(
        (OneActivityWorkflow w) => w.RunAsync(i), new($"one-{Own}-{_environments}-{i}", Queue));

    private async Task ThroughputAsync(WorkflowEnvironment env)
    {
        var options = new ParallelOptions { MaxDegreeOfParallelism = InFlight };
        var elapsed = await ClockAsync("workflow", Many, () => Parallel.ForEachAsync(
            Enumerable.Range(0, Many), options, async (i, _) => await OneAsync(env, i)));
        report("workflowsPerSecond", Many / elapsed.TotalSeconds);
    }

    private async Task MonthTimerAsync(WorkflowEnvironment env)
    {
        var watch = Stopwatch.StartNew();
        await env.Client.ExecuteWorkflowAsync((OneTimerWorkflow w) => w.RunAsync(Month), new("month", Queue));
        report("monthTimerMs", watch.Elapsed.TotalMilliseconds);
    }
}
