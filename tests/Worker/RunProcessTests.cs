using System.Text;
using Nstance.Temporal.Activities.KeepAlive;
using Nstance.Temporal.Simulation.Cloud;
using Nstance.Temporal.TestServer.Hosting;
using Nstance.Temporal.Worker;
using Temporalio.Client;

namespace Nstance.Temporal.Tests.Worker;

/// <summary>The real process.</summary>
public sealed class RunProcessTests : IAsyncLifetime
{
    private const string Ready = "polls nstance-gc and nstance-gc@test-host";

    private TemporalTestServer _server = null!;
    private SimulatedCloud _cloud = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await TemporalTestServer.StartAsync(new() { TimeSkipping = false });
        _cloud = await SimulatedCloud.StartAsync(new() { Buckets = ["bbb"], AccessKeys = ["key"] });
        _cloud.S3.Put("bbb", "shard/s/config.jsonc", Encoding.UTF8.GetBytes("""{ "cluster": { "id": "c" }, "shard": { "id": "s" } }"""));
    }

    public async ValueTask DisposeAsync()
    {
        await _cloud.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Theory]
    [InlineData("TERM")]
    [InlineData("INT")]
    public async Task Run_Signal_EndsGracefullyWithZeroAndAnEmptyStdout(string signal)
    {
        var token = TestContext.Current.CancellationToken;
        await using var process = WorkerProcess.Start(WorkerProcess.Environment(_server.TargetHost, key: null), "run");
        var log = await process.LogUntilAsync(Ready, token);
        Assert.Contains(log, line => line.Contains("Search attributes registered"));

        await process.SignalAsync(signal, token);

        var end = await process.EndAsync(token);
        Assert.Equal((ExitCode.Done, ""), (end.Code, end.Output));
        Assert.Contains(end.Errors, line => line.Contains("Worker test-host stopped"));
    }

    [Fact]
    public async Task Run_WithACollector_IsSteeredFromTheCommandLine()
    {
        var token = TestContext.Current.CancellationToken;
        await using var process = WorkerProcess.Start(
            WorkerProcess.Environment(_server.TargetHost, _cloud), "run", "--cluster", "c", "--shard", "s", "--bucket", "bbb");
        await process.LogUntilAsync(Ready, token);
        var client = await TemporalClient.ConnectAsync(new(_server.TargetHost));
        await CollectorStart.EnsureRunsAsync(
            client, new(new("c", "s", "bbb")) { Settings = new() { Interval = TimeSpan.FromHours(1) } });

        var cycle = await SteerAsync("cycle --dry-run --timeout 1m");
        Assert.Equal((ExitCode.Done, "completed", "test-host"), (cycle.Code, Text(cycle, "outcome"), Text(cycle, "host")));
        Assert.True(cycle.Json.GetProperty("dryRun").GetBoolean());
        Assert.Equal(0, cycle.Json.GetProperty("collect").GetProperty("dangling").GetProperty("ended").GetInt32());

        var paused = await SteerAsync("pause --reason moving --by me --until 2h");
        Assert.Equal((ExitCode.Done, "paused"), (paused.Code, Text(paused, "state")));
        Assert.Equal("moving", paused.Json.GetProperty("pause").GetProperty("reason").GetString());

        var refused = await SteerAsync("cycle");
        Assert.Equal(ExitCode.Refused, refused.Code);
        Assert.Single(refused.Errors);

        Assert.Equal(ExitCode.Done, (await SteerAsync("resume")).Code);
        var status = await SteerAsync("status");
        Assert.Equal(("waiting", "1h"), (Text(status, "state"), status.Json.GetProperty("timings").GetProperty("interval").GetString()));
        Assert.Equal("c", status.Json.GetProperty("shard").GetProperty("cluster").GetString());
        Assert.DoesNotContain("very-secret", status.Output);
    }

    [Theory]
    [InlineData("--bucket nowhere", "key", "bucket \"nowhere\" does not exist there: create it, or name another")]
    [InlineData("--bucket bbb", "stolen", "check the AWS credentials and what they may do")]
    [InlineData("--bucket bbb", null, "no usable AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile, or a role")]
    [InlineData("--bucket bbb --shard other", "key", "s3://bbb/shard/other/config.jsonc is not there")]
    [InlineData("--bucket bbb --cluster other", "key", "cluster.id is \"c\": must be \"other\"")]
    public async Task Run_CloudThatWillNotDo_EndsWithALineAndTouchesNothing(string args, string? key, string expected)
    {
        var shard = args.Contains("--shard") ? "" : " --shard s";
        var cluster = args.Contains("--cluster") ? "" : " --cluster c";
        await using var process = WorkerProcess.Start(
            WorkerProcess.Environment(_server.TargetHost, _cloud, key), $"run {args}{shard}{cluster}".Split(' '));

        var end = await process.EndAsync(TestContext.Current.CancellationToken);

        Assert.Equal((ExitCode.BadInput, ""), (end.Code, end.Output));
        Assert.Contains(end.Errors, line => line.Contains(expected));
        Assert.All(end.Errors, line => Assert.StartsWith("nstance-gc: ", line, StringComparison.Ordinal));
        Assert.Empty(_cloud.S3.Deletions);
    }

    private async Task<Cli> SteerAsync(string line) =>
        await Cli.RunAsync([.. line.Split(' '), "--cluster", "c", "--shard", "s", "--address", _server.TargetHost, "--output", "json"]);

    private static string? Text(Cli cli, string name) => cli.Json.GetProperty(name).GetString();
}
