using System.Net;
using System.Net.Sockets;
using Nstance.Temporal.Activities.KeepAlive;
using Nstance.Temporal.Simulation.Cloud;
using Nstance.Temporal.TestServer.Hosting;
using Nstance.Temporal.Worker.Errors;
using Nstance.Temporal.Workflows.Payloads;
using Temporalio.Client;

namespace Nstance.Temporal.Tests.Worker;

/// <summary>The HTTP answers of a worker process.</summary>
public sealed class HealthEndpointsTests : IAsyncLifetime
{
    private const string Listening = "Health and metrics at ";

    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(30) };
    private TemporalTestServer? _server;
    private SimulatedCloud _cloud = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await TemporalTestServer.StartAsync(new() { TimeSkipping = false });
        _cloud = await SimulatedCloud.StartAsync(new() { Buckets = ["bbb"], AccessKeys = ["key"] });
        _cloud.S3.Put(
            "bbb", "shard/s/config.jsonc", """{ "cluster": { "id": "c" }, "shard": { "id": "s" } }"""u8.ToArray());
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _cloud.DisposeAsync();
        await StopServerAsync();
    }

    [Fact]
    public async Task Metrics_AfterACycle_CoverCyclePhasesCallsAndSdk()
    {
        var token = TestContext.Current.CancellationToken;
        await using var process = WorkerProcess.Start(
            WorkerProcess.Environment(_server!.TargetHost, _cloud),
            "run", "--cluster", "c", "--shard", "s", "--bucket", "bbb", "--health-address", "127.0.0.1:0");
        var url = await UrlAsync(process, token);
        var client = await TemporalClient.ConnectAsync(
            new(_server!.TargetHost) { DataConverter = PayloadJson.Converter });
        await CollectorStart.EnsureRunsAsync(
            client, new(new("c", "s", "bbb")) { Settings = new() { Interval = TimeSpan.FromHours(1) } });
        var cycle = await Cli.RunAsync(
            "cycle",
            "--cluster",
            "c",
            "--shard",
            "s",
            "--address",
            _server!.TargetHost,
            "--timeout",
            "1m",
            "--output",
            "json");
        Assert.Equal(ExitCode.Done, cycle.Code);

        var scrape = new Scrape(await _http.GetStringAsync(new Uri(url + "/metrics"), token));

        var names = scrape.Names;
        Assert.Superset(PrometheusNames.OfWorkflows, names);
        Assert.Contains("temporal_request_total", names);
        Assert.Contains("dotnet_process_memory_working_set_bytes", names);
        var completed = scrape.Sum(
            "nstance_gc_cycles_total", ("cluster", "c"), ("shard", "s"), ("outcome", "completed"));
        Assert.True(completed is 1 or 2);
        Assert.True(
            scrape.Sum("nstance_gc_cloud_calls_total", ("operation", "DescribeInstances"), ("result", "ok")) >= 1);
        Assert.True(scrape.Sum("nstance_gc_cloud_call_duration_seconds_count", ("service", "S3")) >= 1);
        foreach (var phase in (string[])["sync", "collect", "health", "purge"])
            Assert.True(
                scrape.Sum("nstance_gc_phase_duration_seconds_count", ("phase", phase), ("result", "ok")) >= 1, phase);
        Assert.True(
            scrape.Sum("nstance_gc_phase_duration_seconds_bucket", ("phase", "purge"), ("le", "0.5")) is not null);
        Assert.True(
            scrape.Sum("nstance_gc_cloud_call_duration_seconds_bucket", ("service", "S3"), ("le", "0.05")) is not null);
        Assert.True(scrape.Sum("nstance_gc_database_size_bytes", ("shard", "s")) > 1000);
        Assert.Equal(0, scrape.Sum("nstance_gc_instances", ("state", "running")));
        Assert.Equal(0, scrape.Sum("nstance_gc_garbage", ("reason", "dangling")));
        Assert.Equal(0, scrape.Sum("nstance_gc_candidates_total", ("reason", "orphan"), ("result", "skipped")));
        Assert.Equal(0, scrape.Sum("nstance_gc_limits_tripped_total"));
        Assert.Equal(1, scrape.Sum("nstance_gc_dry_run"));
        Assert.Equal(0, scrape.Sum("nstance_gc_plan_pending"));
        Assert.Equal(3600, scrape.Sum("nstance_gc_interval_seconds"));
        var age = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() - scrape.Sum(
            "nstance_gc_last_good_cycle_seconds");
        Assert.InRange(age!.Value, 0, 120);

        // PrometheusNames derives the names from the instruments; the exporter must agree.
        var ours = names.Where(n => n.StartsWith("nstance_gc_", StringComparison.Ordinal)).ToHashSet();
        Assert.Empty(ours.Except(PrometheusNames.All()));
    }

    [Fact]
    public async Task Health_TemporalGoesAway_StaysLiveAndIsNoLongerReady()
    {
        var token = TestContext.Current.CancellationToken;
        await using var process = WorkerProcess.Start(
            WorkerProcess.Environment(_server!.TargetHost, key: null), "run", "--health-address", "127.0.0.1:0");
        var url = await UrlAsync(process, token);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(url + "/healthz/live", token));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(url + "/healthz/ready", token));

        await StopServerAsync();

        Assert.Equal(HttpStatusCode.ServiceUnavailable, await StatusAsync(url + "/healthz/ready", token));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(url + "/healthz/live", token));
    }

    [Fact]
    public async Task Run_HealthAddressThatIsTaken_SaysSo()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var address = taken.LocalEndpoint.ToString()!;
        await using var process = WorkerProcess.Start(
            WorkerProcess.Environment(_server!.TargetHost, key: null), "run", "--health-address", address);

        var end = await process.EndAsync(TestContext.Current.CancellationToken);

        Assert.Equal(ExitCode.Unreachable, end.Code);
        Assert.Equal(
            $"nstance-gc: --health-address: {address} is taken by another process: stop it, or give another port, "
                + "0 for any, or off",
            end.Errors[^1]);
        Assert.DoesNotContain(end.Errors, line => line.Contains("Exception", StringComparison.Ordinal));
        Assert.DoesNotContain(end.Errors, line => line.StartsWith("   at ", StringComparison.Ordinal));
    }

    private async Task StopServerAsync()
    {
        if (_server is not null) await _server.DisposeAsync();
        _server = null;
    }

    private async Task<HttpStatusCode> StatusAsync(string url, CancellationToken token)
    {
        using var answer = await _http.GetAsync(new Uri(url), token);
        return answer.StatusCode;
    }

    private static async Task<string> UrlAsync(WorkerProcess process, CancellationToken token)
    {
        var line = (await process.LogUntilAsync(Listening, token))[^1];
        return line[(line.IndexOf(Listening, StringComparison.Ordinal) + Listening.Length)..].Split("/healthz")[0];
    }
}
