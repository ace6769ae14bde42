using System.CommandLine;
using System.Diagnostics;
using Nstance.Temporal.Benchmarks.Compare;
using Nstance.Temporal.Simulation;
using Nstance.Temporal.TestServer.Hosting;
using Temporalio.Activities;
using Temporalio.Client;
using Temporalio.Worker;
using Temporalio.Workflows;

namespace Nstance.Temporal.Benchmarks.TestServer;

/// <summary>Measures the test server as a test meets it: server, client and worker in one process.</summary>
internal static class TestServerRun
{
    private const string Queue = "measured";
    private const int InFlight = 100;
    private const int Sequence = 200;
    private const int Many = 3_000;

    public static Command Create(TextWriter stdout, TextWriter stderr)
    {
        var runs = Arguments.Number("--runs", "how often all is measured; figures are medians", 5, 1, 100);
        var command = new Command("testserver", "start and throughput of the test server") { runs };
        command.SetAction(async (parsed, ct) =>
        {
            await ExecuteAsync("warm-up", 20, inFlight: 1, ct); // Pays for compiling everything.
            var figures = new List<(string Name, TimeSpan Time)>();
            for (var n = 1; n <= parsed.GetValue(runs); n++)
            {
                figures.AddRange(await MeasureAsync(ct));
                await stderr.WriteLineAsync($"run {n} of {parsed.GetValue(runs)} done");
            }

            foreach (var of in figures.GroupBy(figure => figure.Name, figure => figure.Time.TotalMilliseconds))
                await stdout.WriteLineAsync($"{of.Key,-40} {Comparison.Range([.. of])}");
        });
        return command;
    }

    private static async Task<IEnumerable<(string Name, TimeSpan Time)>> MeasureAsync(CancellationToken ct) =>
    [
        .. await TimeAsync(
            "start, ms", 1, async () => await (await EmbeddedWorkflowEnvironment.StartAsync()).DisposeAsync()),
        .. await ExecuteAsync("one-activity workflow, ms", Sequence, inFlight: 1, ct),
        .. await ExecuteAsync($"the same, {InFlight} in flight, ms", Many, InFlight, ct),
    ];

    private static async Task<(string Name, TimeSpan Time)[]> TimeAsync(string name, int count, Func<Task> work)
    {
        var processor = Environment.CpuUsage.TotalTime;
        var watch = Stopwatch.StartNew();
        await work();
        var used = Environment.CpuUsage.TotalTime - processor;
        return [(name, watch.Elapsed / count), ($"{name}, processor", used / count)];
    }

    /// <summary>Measures workflows of one activity on a server of their own.</summary>
    private static async Task<(string Name, TimeSpan Time)[]> ExecuteAsync(
        string name, int count, int inFlight, CancellationToken ct)
    {
        await using var env = await EmbeddedWorkflowEnvironment.StartAsync();
        using var worker = new TemporalWorker(env.Client, new TemporalWorkerOptions(Queue)
            .AddAllActivities(typeof(OneActivityWorkflow), null).AddWorkflow<OneActivityWorkflow>());
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = inFlight };
        return await worker.ExecuteAsync(() => TimeAsync(name, count, () => Parallel.ForEachAsync(
            Enumerable.Range(0, count), parallel, async (n, _) => await env.Client.ExecuteWorkflowAsync(
                (OneActivityWorkflow w) => w.RunAsync(n), new($"one-{n}", Queue)))), ct);
    }
}

/// <summary>One activity, as most workflows have at least.</summary>
[Workflow]
public class OneActivityWorkflow
{
    /// <summary>Runs the activity once.</summary>
    [WorkflowRun]
    public Task<int> RunAsync(int value) =>
        Workflow.ExecuteActivityAsync(() => Echo(value), new() { StartToCloseTimeout = TimeSpan.FromMinutes(1) });

    /// <summary>Returns what it gets.</summary>
    [Activity]
    public static int Echo(int value) => value;
}
