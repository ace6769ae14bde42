using System.Diagnostics;
using System.Text;
using Nstance.Temporal.Benchmarks.Measuring;
using Nstance.Temporal.Simulation.Cloud;
using Nstance.Temporal.Simulation.Fleet;
using Nstance.Temporal.TestServer.Hosting;

namespace Nstance.Temporal.Benchmarks.Start;

/// <summary>
/// Starts a worker again and again as systemd or a container would, against the test server and simulated EC2 and S3 in this
/// process, and takes the time from just before its process begins. Each start has a new data directory.
/// </summary>
internal sealed class StartRun(string worker, int runs, TextWriter story)
{
    private const string Key = "bench";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly SortedDictionary<string, Series> _figures = new(StringComparer.Ordinal);
    private readonly ShardRef _place = new("bench", "us-west-2a", "bench");

    public async Task<IReadOnlyDictionary<string, Series>> RunAsync(CancellationToken ct)
    {
        var folder = Directory.CreateTempSubdirectory("nstance-start-").FullName;
        try
        {
            using var calls = new FirstCalls();
            await using var server = await TemporalTestServer.StartAsync(new() { TimeSkipping = false });
            await using var cloud = await SimulatedCloud.StartAsync(new() { Buckets = [_place.Bucket], AccessKeys = [Key] }, ct);
            foreach (var (key, text) in _place.Objects())
                cloud.S3.Put(_place.Bucket, key, Encoding.UTF8.GetBytes(text));
            for (var run = 0; run <= runs; run++)
            {
                foreach (var isChecked in (bool[])[true, false])
                    await OnceAsync(run, isChecked, Path.Combine(folder, $"{run}-{isChecked}"), server, cloud, calls, ct);
            }

            return _figures;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    // The first run is not counted: it reads the files from the disk, and compiles the server's part here.
    private async Task OnceAsync(
        int run, bool isChecked, string data, TemporalTestServer server, SimulatedCloud cloud, FirstCalls calls, CancellationToken ct)
    {
        Directory.CreateDirectory(data);
        calls.Forget();
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(ct);
        patience.CancelAfter(Patience);
        var began = Stopwatch.GetTimestamp();
        using var process = Process.Start(Command(isChecked, data, server, cloud)) ?? throw new InvalidOperationException($"{worker} did not start");
        double Since(long timestamp) => Stopwatch.GetElapsedTime(began, timestamp).TotalMilliseconds;
        var errors = process.StandardError.ReadToEndAsync(ct);
        var output = process.StandardOutput.ReadToEndAsync(ct);
        try
        {
            var connected = calls.OfAsync("GetSystemInfo");
            var (workflows, activities) = (calls.OfAsync("PollWorkflowTaskQueue"), calls.OfAsync("PollActivityTaskQueue"));
            var first = Task.WhenAny(workflows, activities);
            await Task.WhenAny(Task.WhenAll(workflows, activities), process.WaitForExitAsync(patience.Token));
            patience.Token.ThrowIfCancellationRequested();
            if (process.HasExited) throw new InvalidOperationException($"the worker ended with code {process.ExitCode}: {await output}{await errors}");
            if (run == 0) return;

            // Of the worker alone: what others on the machine do leaves it as it is.
            var processor = process.TotalProcessorTime.TotalMilliseconds;
            var suffix = isChecked ? "Ms" : "UncheckedMs";
            Add("connected" + suffix, Since(await connected));
            Add("firstPoll" + suffix, Since(await await first));
            Add("bothPolled" + suffix, Since(Math.Max(await workflows, await activities)));
            Add("processor" + suffix, processor);
            await story.WriteLineAsync($"run {run} of {runs}, checks {(isChecked ? "made" : "skipped")}: first poll after {Since(await await first):0} ms");
        }
        finally
        {
            // What is measured is over, and a graceful end would wait for polls.
            process.Kill();
            await process.WaitForExitAsync(CancellationToken.None);
        }
    }

    private ProcessStartInfo Command(bool isChecked, string data, TemporalTestServer server, SimulatedCloud cloud)
    {
        var start = new ProcessStartInfo(worker, ["run", "--cluster", _place.Cluster, "--shard", _place.Shard, "--bucket", _place.Bucket])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (!isChecked) start.ArgumentList.Add("--skip-checks");
        var environment = new Dictionary<string, string>
        {
            ["TEMPORAL_ADDRESS"] = server.TargetHost,
            ["AWS_ENDPOINT_URL_EC2"] = cloud.Ec2Url.ToString(),
            ["AWS_ENDPOINT_URL_S3"] = cloud.S3Url.ToString(),
            ["AWS_ACCESS_KEY_ID"] = Key,
            ["AWS_SECRET_ACCESS_KEY"] = Key,
            ["AWS_REGION"] = "us-west-2",

            // As in deploy/.
            ["NSTANCE_GC__DATADIRECTORY"] = data,
            ["NSTANCE_GC__HEALTHADDRESS"] = "127.0.0.1:0",
            ["NSTANCE_GC__LOGFORMAT"] = "json",
            ["DOTNET_EnableDiagnostics"] = "0",
        };
        foreach (var (name, value) in environment) start.Environment[name] = value;
        return start;
    }

    private void Add(string name, double milliseconds)
    {
        if (!_figures.TryGetValue(name, out var series)) _figures[name] = series = new();
        series.Add(milliseconds);
    }
}
