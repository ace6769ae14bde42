using System.CommandLine;
using System.Diagnostics;
using Nstance.Temporal.Benchmarks.Compare;
using Nstance.Temporal.Simulation;
using Nstance.Temporal.TestServer.Hosting;
using Temporalio.Client;
using Temporalio.Testing;
using Temporalio.Worker;

namespace Nstance.Temporal.Benchmarks.TestServer;

/// <summary>Measures the test server as a test meets it: server, client and worker in one process.</summary>
/// <param name="address">Another server that runs, to compare with; null for our own.</param>
internal sealed class TestServerRun(string? address)
{
    private const int InFlight = 100;
    private const int Sequence = 200;
    private const int Many = 3_000;

    // Another server may hold the ids and the queue of an earlier run.
    private static readonly string Own = Guid.NewGuid().ToString("N")[..8];
    private static readonly string Queue = "measured-" + Own;

    private readonly SortedDictionary<string, List<double>> _figures = new(StringComparer.Ordinal);
    private int _environments;

    public static Command Create(TextWriter stdout, TextWriter stderr)
    {
        var runs = Arguments.Number("--runs", "how often all is measured; figures are medians", 5, 1, 100);
        var address = new Option<string>("--address")
        {
            Description = "HOST:PORT of another Temporal server, namespace default, to compare",
        };
        var command = new Command("testserver", "start and throughput of the test server")
        {
            runs, address,
        };
        command.SetAction(async (parsed, ct) =>
        {
            var run = new TestServerRun(parsed.GetValue(address));
            // The first server pays for compiling everything: it is not measured.
            await run.WithWorkerAsync(env => run.SequenceAsync(env, 20), ct);
            for (var n = 1; n <= parsed.GetValue(runs); n++)
            {
                await run.MeasureAsync(ct);
                await stderr.WriteLineAsync($"run {n} of {parsed.GetValue(runs)} done");
            }

            foreach (var (name, values) in run._figures)
            {
                await stdout.WriteLineAsync(
                    $"{name,-30} {Comparison.Median(values),8:0.0}   ({values.Min():0.0} to {values.Max():0.0})");
            }
        });
        return command;
    }

    private async Task MeasureAsync(CancellationToken ct)
    {
        await TimeAsync("start, ms", 1, async () => await (await EnvironmentAsync()).DisposeAsync());
        await WithWorkerAsync(
            env => TimeAsync("one-activity workflow, ms", Sequence, () => SequenceAsync(env, Sequence)), ct);
        await WithWorkerAsync(env => TimeAsync($"the same, {InFlight} in flight, ms", Many, () => Parallel.ForEachAsync(
            Enumerable.Range(0, Many), new ParallelOptions { MaxDegreeOfParallelism = InFlight },
            async (i, _) => await OneAsync(env, i))), ct);
    }

    private async Task TimeAsync(string name, int count, Func<Task> work)
    {
        var processor = Environment.CpuUsage.TotalTime;
        var watch = Stopwatch.StartNew();
        await work();
        Add(name, watch.Elapsed);
        Add($"{name}, processor", Environment.CpuUsage.TotalTime - processor);

        void Add(string figure, TimeSpan time)
        {
            if (!_figures.TryGetValue(figure, out var values)) _figures[figure] = values = [];
            values.Add(time.TotalMilliseconds / count);
        }
    }

    private async Task<WorkflowEnvironment> EnvironmentAsync()
    {
        _environments++;
        return address is null
            ? await EmbeddedWorkflowEnvironment.StartAsync()
            : new WorkflowEnvironment(await TemporalClient.ConnectAsync(new(address)));
    }

    private async Task WithWorkerAsync(Func<WorkflowEnvironment, Task> measure, CancellationToken ct)
    {
        await using var env = await EnvironmentAsync();
        using var worker = new TemporalWorker(env.Client, new TemporalWorkerOptions(Queue)
            .AddAllActivities(typeof(MeasuredActivities), null)
            .AddWorkflow<OneActivityWorkflow>());
        await worker.ExecuteAsync(() => measure(env), ct);
    }

    private async Task SequenceAsync(WorkflowEnvironment env, int count)
    {
        for (var i = 0; i < count; i++) await OneAsync(env, i);
    }

    private Task<int> OneAsync(WorkflowEnvironment env, int i) => env.Client.ExecuteWorkflowAsync(
        (OneActivityWorkflow w) => w.RunAsync(i), new($"one-{Own}-{_environments}-{i}", Queue));
}
