using System.Text;
using System.Text.Json;
using Nstance.Temporal.Activities.KeepAlive;
using Nstance.Temporal.Simulation.Cloud;
using Nstance.Temporal.TestServer.Hosting;
using Nstance.Temporal.Worker;
using Nstance.Temporal.Workflows.Contracts;
using Temporalio.Client;

namespace Nstance.Temporal.Tests.Worker;

/// <summary>What operators do with plans, modes, pauses and quarantine: the real command, the real worker, the cloud's own truth.</summary>
public sealed class SteerProcessTests : IAsyncLifetime
{
    private const string Ready = "polls nstance-gc and nstance-gc@test-host";

    private static readonly Dictionary<string, string> Own = new()
    {
        ["nstance:managed"] = "true",
        ["nstance:cluster-id"] = "c",
        ["nstance:shard"] = "s",
    };

    private TemporalTestServer _server = null!;
    private SimulatedCloud _cloud = null!;
    private WorkerProcess _worker = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server = await TemporalTestServer.StartAsync(new() { TimeSkipping = false });
        _cloud = await SimulatedCloud.StartAsync(new() { Buckets = ["bbb"], AccessKeys = ["key"] });
        _cloud.S3.Put("bbb", "shard/s/config.jsonc", Encoding.UTF8.GetBytes("""
            { "cluster": { "id": "c" }, "shard": { "id": "s", "garbage_collection": { "registration_timeout": "1s" } } }
            """));
        _worker = Process("run");
        await _worker.LogUntilAsync(Ready, Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _worker.DisposeAsync();
        await _cloud.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Operator_DryRunEnforceApprove_EndsWhatWasReadAndCanExplainIt()
    {
        var ids = await GarbageAsync(8);
        await StartAsync(new());
        await SeeingAsync();
        var dry = await SteerAsync("cycle");
        Assert.True(dry.Json.GetProperty("dryRun").GetBoolean());
        Assert.All(ids, id => Assert.True(_cloud.Ec2.Find(id)!.Alive));

        Assert.Equal(ExitCode.Done, (await SteerAsync("enforce --comment read --by ann")).Code);
        var held = await SteerAsync("cycle");
        Assert.Equal("guarded", held.Json.GetProperty("outcome").GetString());
        Assert.All(ids, id => Assert.True(_cloud.Ec2.Find(id)!.Alive));
        var plan = (await SteerAsync("plan show")).Json.GetProperty("pending");
        Assert.Equal(8, plan.GetProperty("instances").GetInt32());

        Assert.Equal(ExitCode.Refused, (await SteerAsync("plan approve 000000000000 --comment ok")).Code);
        var approved = await SteerAsync($"plan approve {plan.GetProperty("id").GetString()} --comment emptied --by ann");
        Assert.Equal((ExitCode.Done, "ann"), (approved.Code, approved.Json.GetProperty("approval").GetProperty("by").GetString()));
        await SteerAsync("cycle"); // after the one that the approval began
        Assert.All(ids, id => Assert.False(_cloud.Ec2.Find(id)!.Alive));

        await using var explain = Process("explain", ids[0], "--output", "json");
        var told = await explain.EndAsync(Token);
        Assert.Equal(ExitCode.Done, told.Code);
        var audit = told.Json.GetProperty("audit").EnumerateArray().ToArray();
        Assert.Equal(["spared", "over-limit", "over-limit", "ending", "ended"], audit.Select(e => e.GetProperty("action").GetString()));
        Assert.Equal(("ann", "emptied"), (audit[^1].GetProperty("approvedBy").GetString(), audit[^1].GetProperty("approvalComment").GetString()));
        Assert.DoesNotContain("very-secret", told.Output);
    }

    [Fact]
    public async Task Operator_PausesAGroup_ItsMachinesLiveUntilResumed()
    {
        var ids = await GarbageAsync(1, "nstance:group", "web");
        await StartAsync(new() { DryRun = false });
        var status = await SteerAsync("status");
        Assert.False(status.Json.GetProperty("dryRun").GetBoolean());
        var paused = await SteerAsync("pause --group acme/web --reason moving --by ann");
        Assert.Equal("acme/web", paused.Json.GetProperty("holds")[0].GetProperty("group").GetString());

        await SeeingAsync();
        Assert.True(_cloud.Ec2.Find(ids[0])!.Alive);

        await SteerAsync("resume --group acme/web");
        await SteerAsync("cycle");
        Assert.False(_cloud.Ec2.Find(ids[0])!.Alive);
    }

    [Fact]
    public async Task Operator_Quarantine_IsStoppedThenReleasedAndLeftAlone()
    {
        var id = (await GarbageAsync(1))[0];
        await StartAsync(new() { DryRun = false, Quarantine = TimeSpan.FromHours(1) });

        var cycle = await SeeingAsync();
        Assert.Equal(1, cycle.Json.GetProperty("collect").GetProperty("orphan").GetProperty("quarantined").GetInt32());
        Assert.StartsWith("stop", _cloud.Ec2.Find(id)!.StateName, StringComparison.Ordinal);

        await using var release = Process("release", id, "--comment", "still needed", "--by", "ann", "--output", "json");
        Assert.Equal(ExitCode.Done, (await release.EndAsync(Token)).Code);
        await using var again = Process("release", id, "--comment", "once more");
        Assert.Equal(ExitCode.Refused, (await again.EndAsync(Token)).Code);

        await SteerAsync("cycle");
        Assert.Contains(_cloud.Ec2.Find(id)!.StateName, new[] { "pending", "running" });
    }

    [Theory]
    [InlineData("explain i-0123456789abcdef0", ExitCode.NotFound, "nothing is known of it in the last 7 days")]
    [InlineData("explain i-0123456789abcdef0 --days none", ExitCode.BadInput, "--days: \"none\" is not a whole number from 1 to 366")]
    [InlineData("release i-0123456789abcdef0 --comment x", ExitCode.Refused, "no such instance of this shard at the cloud")]
    [InlineData("release i-0123456789abcdef0 --comment x --protect never", ExitCode.BadInput, "--protect: \"never\" is not a time from 1m to 8760h")]
    [InlineData("release i-0123456789abcdef0", ExitCode.BadInput, "--comment")]
    public async Task Explain_OrReleaseThatCannotBe_SaysWhy(string line, int code, string expected)
    {
        await using var process = Process(line.Split(' '));

        var end = await process.EndAsync(Token);

        Assert.Equal((code, ""), (end.Code, end.Output));
        Assert.Contains(end.Errors, e => e.Contains(expected, StringComparison.Ordinal));
    }

    private WorkerProcess Process(params string[] args) => WorkerProcess.Start(
        WorkerProcess.Environment(_server.TargetHost, _cloud), [.. args, "--cluster", "c", "--shard", "s", "--bucket", "bbb"]);

    /// <summary>Machines of ours that nobody knows, older than the registration timeout by the clock of all.</summary>
    private async Task<string[]> GarbageAsync(int count, params string[] tag)
    {
        var tags = new Dictionary<string, string>(Own);
        if (tag.Length == 2) tags[tag[0]] = tag[1];
        var launched = _cloud.Ec2.Launch(new LaunchSpec { Count = count, Tags = tags });
        while (DateTimeOffset.UtcNow < launched[0].LaunchedAt + TimeSpan.FromSeconds(2)) await Task.Delay(100, Token);
        return [.. launched.Select(m => m.Id)];
    }

    private async Task StartAsync(GcSettings settings) => await CollectorStart.EnsureRunsAsync(
        await TemporalClient.ConnectAsync(new(_server.TargetHost)),
        new(new("c", "s", "bbb")) { Settings = settings with { Interval = TimeSpan.FromHours(1), SettleTime = TimeSpan.Zero, HealthCheckInterval = TimeSpan.FromSeconds(1) } });

    /// <summary>Cycles until the grace of a new shard is over; gives the first one after it.</summary>
    private async Task<Cli> SeeingAsync()
    {
        while (true)
        {
            var cycle = await SteerAsync("cycle");
            Assert.Equal(ExitCode.Done, cycle.Code);
            if (!cycle.Json.TryGetProperty("grace", out var grace) || grace.ValueKind == JsonValueKind.Null) return cycle;
        }
    }

    private async Task<Cli> SteerAsync(string line) =>
        await Cli.RunAsync([.. line.Split(' '), "--cluster", "c", "--shard", "s", "--address", _server.TargetHost, "--output", "json"]);
}
