using Nstance.Temporal.Activities.KeepAlive;
using Nstance.Temporal.Worker.Errors;

namespace Nstance.Temporal.Tests.Worker;

/// <summary><c>nstance-gc run</c> as a process.</summary>
public sealed class RunProcessTests : LoopbackShard
{
    [Theory]
    [InlineData("TERM")]
    [InlineData("INT")]
    public async Task Run_Signal_ExitsWithZeroAndAnEmptyStdout(string signal)
    {
        Assert.SkipWhen(signal == "INT" && IgnoresInterrupts(), "a background job of a shell ignores SIGINT");
        await using var process = WorkerProcess.Start(WorkerProcess.Environment(Server, key: null), "run");
        var log = await process.LogUntilAsync(Ready, Token);
        Assert.Contains(log, line => line.Contains("Search attributes registered"));

        await process.SignalAsync(signal, Token);

        var end = await process.EndAsync(Token);
        Assert.Equal((ExitCode.Done, ""), (end.Code, end.Output));
        Assert.Contains(end.Errors, line => line.Contains("Worker test-host stopped"));
    }

    [Fact]
    public async Task Run_ShardWithoutACollector_WarnsOnceWithTheCommand()
    {
        await using var process = Process(["run", "--cluster", "c", "--shard", "s", "--bucket", "bbb"]);
        var log = await process.LogUntilAsync("no collector runs", Token);

        Assert.Contains("no collector runs for c/s: nstance-gc init sets one up", log[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_WithACollector_IsSteeredFromTheCommandLine()
    {
        await using var process = Process(["run", "--cluster", "c", "--shard", "s", "--bucket", "bbb"]);
        await process.LogUntilAsync(Ready, Token);
        var client = Server.Client;
        await CollectorStart.EnsureRunsAsync(
            client, new(new("c", "s", "bbb")) { Settings = new() { Interval = TimeSpan.FromHours(1) } });

        var cycle = await AskAsync("cycle --dry-run --timeout 1m");
        Assert.Equal(
            (ExitCode.Done, "completed", "test-host"), (cycle.Code, Text(cycle, "outcome"), Text(cycle, "host")));
        Assert.True(cycle.Json.GetProperty("dryRun").GetBoolean());
        Assert.Equal(0, cycle.Counts("dangling").GetProperty("terminated").GetInt32());

        var paused = await AskAsync("pause --reason moving --by me --until 2h");
        Assert.Equal((ExitCode.Done, "paused"), (paused.Code, Text(paused, "state")));
        Assert.Equal("moving", paused.Json.GetProperty("pause").GetProperty("reason").GetString());

        var refused = await AskAsync("cycle");
        Assert.Equal(ExitCode.Refused, refused.Code);
        Assert.Single(refused.Errors);

        Assert.Equal(ExitCode.Done, (await AskAsync("resume")).Code);
        var status = await AskAsync("status");
        Assert.Equal(
            ("waiting", "1h"),
            (Text(status, "state"), status.Json.GetProperty("timings").GetProperty("interval").GetString()));
        Assert.Equal("c", status.Json.GetProperty("shard").GetProperty("cluster").GetString());
        Assert.DoesNotContain("very-secret", status.Output);
    }

    [Theory]
    [InlineData("--bucket nowhere", "key", "bucket \"nowhere\" does not exist there: create it, or name another")]
    [InlineData("--bucket bbb", "stolen", "check the AWS credentials and what they may do")]
    [InlineData(
        "--bucket bbb",
        null,
        "no usable AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile, or a role")]
    [InlineData("--bucket bbb --shard other", "key", "s3://bbb/shard/other/config.jsonc is not there")]
    [InlineData("--bucket bbb --cluster other", "key", "cluster.id is \"c\": must be \"other\"")]
    public async Task Run_UnusableCloud_ExitsWithOneLineAndChangesNothing(string args, string? key, string expected)
    {
        var shard = args.Contains("--shard") ? "" : " --shard s";
        var cluster = args.Contains("--cluster") ? "" : " --cluster c";
        await using var process = Process($"run {args}{shard}{cluster}".Split(' '), key);

        var end = await process.EndAsync(Token);

        // Credentials may come later, so systemd may start it again.
        Assert.Equal((key is null ? ExitCode.Unreachable : ExitCode.BadInput, ""), (end.Code, end.Output));
        Assert.Contains(end.Errors, line => line.Contains(expected));
        Assert.All(end.Errors, line => Assert.StartsWith("nstance-gc: ", line, StringComparison.Ordinal));
        Assert.Empty(Cloud.S3.Deletions);
    }

    private Task<Cli> AskAsync(string line) => SteerAsync($"{line} --cluster c --shard s --output json");

    private static string? Text(Cli cli, string name) => cli.Json.GetProperty(name).GetString();

    /// <summary>True if this process ignores SIGINT. A child process inherits that.</summary>
    private static bool IgnoresInterrupts()
    {
        var ignored = File.ReadLines("/proc/self/status")
            .Single(line => line.StartsWith("SigIgn:", StringComparison.Ordinal));
        return (Convert.ToUInt64(ignored["SigIgn:".Length..].Trim(), 16) & 0b10) != 0;
    }
}
