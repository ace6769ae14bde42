using System.Text.Json;
using Nstance.Temporal.Activities.KeepAlive;
using Nstance.Temporal.Simulation.Faults;
using Nstance.Temporal.Tests.Support;
using Nstance.Temporal.Worker.Errors;
using Nstance.Temporal.Worker.Hosting;
using Temporalio.Client;

namespace Nstance.Temporal.Tests.Worker;

/// <summary>The command reports a terminated collector, a missing worker and an unavailable bucket.</summary>
public sealed class WhatOperatorsSeeTests : LoopbackShard
{
    private const string Shard = "--cluster c --shard s";

    private static readonly GcSettings Quick = new()
    {
        Interval = TimeSpan.FromHours(1),
        SettleTime = TimeSpan.Zero,
        DryRun = false,
    };

    [Theory]
    [InlineData("status")]
    [InlineData("reports")]
    [InlineData("plan show")]
    [InlineData("cycle")]
    public async Task Command_CollectorWasTerminated_SaysSinceWhenByWhomAndWhy(string command)
    {
        var handle = await StartAsync();
        await handle.TerminateAsync("too many machines");

        var cli = await SteerAsync($"{command} {Shard}");

        Assert.Equal((ExitCode.NotFound, ""), (cli.Code, cli.Output));
        var identity = Server.Client.Connection.Options.Identity;
        Assert.Matches("^nstance-gc: no collector runs for c/s since [0-9-]{10} [0-9:]{8}Z: ", cli.Errors[0]);
        Assert.EndsWith($"{identity} terminated it (too many machines)", cli.Errors[0], StringComparison.Ordinal);
        Assert.Equal(
            "nstance-gc: start it again: nstance-gc schedule trigger --cluster c --shard s", cli.Errors[1]);
    }

    [Fact]
    public async Task Doctor_CollectorWasTerminated_FailsWithCode4()
    {
        var handle = await StartAsync();
        await handle.TerminateAsync("too many machines");

        await using var process = Process($"doctor {Shard} --bucket bbb --output json".Split(' '));
        var doctor = await process.EndAsync(Token);

        Assert.Equal(ExitCode.NotFound, doctor.Code);
        var collector = Check(doctor, "collector").Single();
        Assert.Equal("failed", collector.GetProperty("state").GetString());
        Assert.Contains("schedule trigger --cluster c", collector.GetProperty("detail").GetString());
    }

    [Fact]
    public async Task Status_NoWorkerEver_SaysSoWithWhatTemporalKnows()
    {
        await StartAsync();

        var cli = await SteerAsync($"status {Shard}");
        var all = await SteerAsync("status --cluster c --output wide");
        var reports = await SteerAsync($"reports {Shard}");

        const string None = "no worker has polled nstance-gc in the last 5 minutes: start one with nstance-gc run";
        Assert.Equal(ExitCode.Unreachable, cli.Code);
        Assert.Contains("active, by its search attributes", cli.Output);
        Assert.Contains(None, cli.Output);
        Assert.Contains("no cycle has ended in this run", cli.Output);
        Assert.Contains(None, all.Output);
        Assert.Equal((ExitCode.Unreachable, $"nstance-gc: {None}"), (reports.Code, Assert.Single(reports.Errors)));
    }

    [Fact]
    public async Task Status_WorkerIsGone_ShowsTheLastReport()
    {
        await StartAsync();
        await using (var worker = Process($"run {Shard} --bucket bbb".Split(' ')))
        {
            await worker.LogUntilAsync("cycle=1 outcome=completed", Token);
            Assert.Equal(ExitCode.Done, (await SteerAsync($"cycle {Shard} --dry-run")).Code);
        }

        var cli = await SteerAsync($"status {Shard} --output json");

        Assert.Equal(ExitCode.Unreachable, cli.Code);
        var report = cli.Json.GetProperty("lastReport");
        Assert.Equal(
            (2, "completed", true, "test-host"),
            (report.GetProperty("cycle").GetInt32(), report.GetProperty("outcome").GetString(),
                report.GetProperty("dryRun").GetBoolean(), report.GetProperty("host").GetString()));
        Assert.Matches("^no worker has polled nstance-gc since .*Z: start", cli.Json.GetProperty("worker").GetString());
    }

    [Fact]
    public async Task Status_OfACluster_ShowsThatClusterAlone()
    {
        await StartAsync();
        var other = new GcInput(new("d", "s", "bbb"));
        await CollectorStart.EnsureRunsAsync(Server.Client, other);

        var cli = await SteerAsync("status --cluster c --output json");

        var line = Assert.Single(cli.Json.GetProperty("shards").EnumerateArray());
        Assert.Equal("nstance-gc/c/s", line.GetProperty("workflowId").GetString());
    }

    [Fact]
    public async Task Cycle_BucketIsAway_IsPartialAndEveryCommandNamesTheReason()
    {
        var tags = new Dictionary<string, string>
        {
            ["nstance:managed"] = "true",
            ["nstance:cluster-id"] = "c",
            ["nstance:shard"] = "s",
        };
        var machine = Cloud.Ec2.Launch(new LaunchSpec { Count = 1, Tags = tags }).Single();
        await StartAsync();
        await using var worker = Process($"run {Shard} --bucket bbb".Split(' '));
        await worker.LogUntilAsync("cycle=1 outcome=completed", Token);
        Cloud.Faults.Always("PutObject", Fault.InternalError);

        Cli cycle;
        do cycle = await SteerAsync($"cycle {Shard} --output json");
        while (cycle.Json.GetProperty("collect").GetProperty("counts").EnumerateArray()
            .All(counts => counts.GetProperty("failed").GetInt32() == 0)); // the grace of a new shard

        Assert.Equal((ExitCode.Failed, "partial"), (cycle.Code, cycle.Json.GetProperty("outcome").GetString()));
        Assert.True(Cloud.Ec2.Find(machine.Id)!.Alive);
        var number = cycle.Json.GetProperty("cycle").GetInt32();
        const string Why = "because the audit could not be written";
        Assert.Contains(cycle.Json.GetProperty("problems").EnumerateArray(), p => p.GetString()!.Contains(Why));
        Assert.Contains(Why, (await SteerAsync($"status {Shard}")).Output);
        Assert.Contains(Why, (await SteerAsync($"reports {Shard}")).Output);
        await using var process = Process($"doctor {Shard} --bucket bbb --output json".Split(' '));
        Assert.Contains(
            Check(await process.EndAsync(Token), "collector"),
            check => check.GetProperty("detail").GetString()!.Contains(Why, StringComparison.Ordinal));
        var log = await worker.LogUntilAsync($"cycle={number} problem=collect: ", Token);
        var ended = $"shard=c/s cycle={number} outcome=partial";
        Assert.Contains(log, line => line.Contains(ended, StringComparison.Ordinal));
    }

    private static IEnumerable<JsonElement> Check(Cli doctor, string name) =>
        doctor.Json.GetProperty("checks").EnumerateArray().Where(c => c.GetProperty("name").GetString() == name);

    private async Task<WorkflowHandle> StartAsync()
    {
        await SearchAttributes.EnsureAsync(Server.Client, new());
        var input = new GcInput(new("c", "s", "bbb")) { Settings = Quick };
        await CollectorStart.EnsureRunsAsync(Server.Client, input);
        return Server.Client.GetWorkflowHandle(Names.GcWorkflowId("c", "s"));
    }
}
