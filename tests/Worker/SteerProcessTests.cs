using System.Text.Json;
using Nstance.Temporal.Activities.KeepAlive;
using Nstance.Temporal.Tests.Support;
using Nstance.Temporal.Worker.Errors;

namespace Nstance.Temporal.Tests.Worker;

/// <summary>What operators do with plans, modes, pauses and quarantine: the real command, a worker, a cloud.</summary>
public sealed class SteerProcessTests : LoopbackShard
{
    private static readonly Dictionary<string, string> Own = new()
    {
        ["nstance:managed"] = "true",
        ["nstance:cluster-id"] = "c",
        ["nstance:shard"] = "s",
    };

    [Fact]
    public async Task Operator_DryRunEnforceApprove_TerminatesThePlanAndExplainsIt()
    {
        await using var worker = Shard("run");
        await worker.LogUntilAsync(Ready, Token);
        var ids = Garbage(8);
        await StartAsync(new());
        await SeeingAsync();
        var dry = await AskAsync("cycle");
        Assert.True(dry.Json.GetProperty("dryRun").GetBoolean());
        Assert.All(ids, id => Assert.True(Cloud.Ec2.Find(id)!.Alive));

        Assert.Equal(ExitCode.Done, (await AskAsync("enforce --comment read --by ann")).Code);
        var held = await AskAsync("cycle");
        Assert.Equal("completed", held.Json.GetProperty("outcome").GetString());
        Assert.All(ids, id => Assert.True(Cloud.Ec2.Find(id)!.Alive));
        var shown = await PlanAsync("show", "--output", "json");
        var plan = shown.Json.GetProperty("pending");
        Assert.Equal(8, plan.GetProperty("instances").GetInt32());
        Assert.Equal(8, shown.Json.GetProperty("plan").GetProperty("items").GetArrayLength());
        var id = plan.GetProperty("id").GetString()!;

        // Without an id nothing is approved, but all of it is shown.
        var without = await PlanAsync("approve");
        Assert.Equal(ExitCode.BadInput, without.Code);
        Assert.All(ids, machine => Assert.Contains(machine, without.Output));
        Assert.Contains("cost of waiting: 8 machine-hours an hour", without.Output);
        Assert.Contains(
            without.Errors, line => line.Contains($"nstance-gc plan approve {id} --cluster c --shard s --comment"));
        var noTerminal = await PlanAsync("approve", id, "--comment", "emptied");
        Assert.Equal(
            (ExitCode.BadInput, "nstance-gc: --yes is missing: without a terminal the command cannot ask"),
            (noTerminal.Code, noTerminal.Errors[^1]));
        Assert.All(ids, machine => Assert.True(Cloud.Ec2.Find(machine)!.Alive));

        Assert.Equal(ExitCode.Refused, (await AskAsync("plan approve 000000000000 --comment ok")).Code);
        var approved = await AskAsync($"plan approve {id} --comment emptied --by ann --yes");
        Assert.Equal(
            (ExitCode.Done, "ann"),
            (approved.Code, approved.Json.GetProperty("approval").GetProperty("by").GetString()));
        await AskAsync("cycle"); // after the one that the approval began
        Assert.All(ids, id => Assert.False(Cloud.Ec2.Find(id)!.Alive));

        await using var explain = Shard("explain", ids[0], "--output", "json");
        var told = await explain.EndAsync(Token);
        Assert.Equal(ExitCode.Done, told.Code);
        var audit = told.Json.GetProperty("audit").EnumerateArray().ToArray();
        Assert.Equal(
            ["skipped", "over-limit", "over-limit", "terminating", "terminated"],
            audit.Select(e => e.GetProperty("action").GetString()));
        Assert.Equal(
            ("ann", "emptied"),
            (audit[^1].GetProperty("approvedBy").GetString(), audit[^1].GetProperty("approvalComment").GetString()));
        Assert.All(audit, e => Assert.True(e.GetProperty("doneAt").GetDateTimeOffset() <= DateTimeOffset.UtcNow));
        Assert.DoesNotContain("very-secret", told.Output);
        await worker.LogUntilAsync($"shard=c/s terminated={ids[0]} instance=dangling-{ids[0]} reason=orphan plan={plan
            .GetProperty("id").GetString()}", Token);
    }

    private async Task<Cli> PlanAsync(params string[] args)
    {
        await using var process = Process(["plan", .. args, "--cluster", "c", "--shard", "s"]);
        return await process.EndAsync(Token);
    }

    [Fact]
    public async Task Operator_PausesAGroup_ItsMachinesRunUntilResumed()
    {
        await using var worker = await WorkAsync();
        var ids = Garbage(1, "nstance:group", "web");
        await StartAsync(new() { DryRun = false });
        var status = await AskAsync("status");
        Assert.False(status.Json.GetProperty("dryRun").GetBoolean());
        var paused = await AskAsync("pause --group acme/web --reason moving --by ann");
        Assert.Equal("acme/web", paused.Json.GetProperty("partialPauses")[0].GetProperty("group").GetString());

        await SeeingAsync();
        Assert.True(Cloud.Ec2.Find(ids[0])!.Alive);

        await AskAsync("resume --group acme/web");
        await AskAsync("cycle");
        Assert.False(Cloud.Ec2.Find(ids[0])!.Alive);
    }

    [Fact]
    public async Task Operator_Quarantine_IsStoppedThenReleasedAndKept()
    {
        await using var worker = await WorkAsync();
        var id = Garbage(1)[0];
        await StartAsync(new() { DryRun = false, Quarantine = TimeSpan.FromHours(1) });

        var cycle = await SeeingAsync();
        Assert.Equal(1, cycle.Counts("orphan").GetProperty("quarantined").GetInt32());
        Assert.StartsWith("stop", Cloud.Ec2.Find(id)!.StateName, StringComparison.Ordinal);

        await using var list = Shard("quarantine", "list", "--output", "json");
        var listed = Assert.Single((await list.EndAsync(Token)).Json.GetProperty("instances").EnumerateArray());
        Assert.Equal(id, listed.GetProperty("providerId").GetString());
        Assert.StartsWith("stop", listed.GetProperty("state").GetString(), StringComparison.Ordinal);

        await using var release = Shard("release", id, "--comment", "still needed", "--by", "ann", "--output", "json");
        Assert.Equal(ExitCode.Done, (await release.EndAsync(Token)).Code);
        await using var again = Shard("release", id, "--comment", "once more");
        Assert.Equal(ExitCode.Refused, (await again.EndAsync(Token)).Code);

        await using var none = Shard("quarantine", "list");
        Assert.Equal("nothing of c/s is in quarantine", (await none.EndAsync(Token)).Output.Trim());
        await AskAsync("cycle");
        Assert.Contains(Cloud.Ec2.Find(id)!.StateName, new[] { "pending", "running" });
    }

    [Theory]
    [InlineData("explain i-0123456789abcdef0", ExitCode.NotFound, "nothing is known of it in the last 7 days")]
    [InlineData(
        "explain i-0123456789abcdef0 --days none",
        ExitCode.BadInput,
        "--days: \"none\" is not a whole number from 1 to 366")]
    [InlineData(
        "release i-0123456789abcdef0 --comment x", ExitCode.Refused, "no such instance of this shard at the cloud")]
    [InlineData(
        "release i-0123456789abcdef0 --comment x --protect never",
        ExitCode.BadInput,
        "--protect: \"never\" is not a time from 1m to 8760h")]
    [InlineData("release i-0123456789abcdef0", ExitCode.BadInput, "--comment")]
    public async Task ExplainOrRelease_Impossible_GivesTheReason(string line, int code, string expected)
    {
        await using var process = Shard(line.Split(' '));

        var end = await process.EndAsync(Token);

        Assert.Equal((code, ""), (end.Code, end.Output));
        Assert.Contains(end.Errors, e => e.Contains(expected, StringComparison.Ordinal));
    }

    private WorkerProcess Shard(params string[] args) =>
        Process([.. args, "--cluster", "c", "--shard", "s", "--bucket", "bbb"]);

    /// <summary>Launches machines without row and record, older than the registration timeout.</summary>
    private string[] Garbage(int count, params string[] tag)
    {
        var tags = new Dictionary<string, string>(Own);
        if (tag.Length == 2) tags[tag[0]] = tag[1];
        return [.. Cloud.Ec2.Launch(new LaunchSpec { Count = count, Tags = tags }).Select(m => m.Id)];
    }

    private async Task StartAsync(GcSettings settings)
    {
        var quick = settings with
        {
            Interval = TimeSpan.FromHours(1),
            SettleTime = TimeSpan.Zero,
            HealthCheckInterval = TimeSpan.FromSeconds(1),
        };
        await CollectorStart.EnsureRunsAsync(Server.Client, new(new("c", "s", "bbb")) { Settings = quick });
    }

    /// <summary>Runs cycles until the grace period of a new shard is over; returns the first one after it.</summary>
    private async Task<Cli> SeeingAsync()
    {
        while (true)
        {
            var cycle = await AskAsync("cycle");
            Assert.Equal(ExitCode.Done, cycle.Code);
            if (!cycle.Json.TryGetProperty("grace", out var grace)
                || grace.ValueKind == JsonValueKind.Null) return cycle;
        }
    }

    private Task<Cli> AskAsync(string line) => SteerAsync($"{line} --cluster c --shard s --output json");
}
