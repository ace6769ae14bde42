using System.Text;
using System.Text.Json;
using Nstance.Temporal.Tests.Support;
using Nstance.Temporal.Worker.Errors;

namespace Nstance.Temporal.Tests.Worker;

/// <summary>Set-up, modes and pauses: the real command, with a worker and without one.</summary>
public sealed class SetupTests : LoopbackShard
{
    private const string Shard = "--cluster c --shard s";
    private const string Init = $"init {Shard} --bucket bbb --skip-checks";

    [Fact]
    public async Task Init_BesideACollectorThatEnforces_SaysSoAndChangesNothingWithoutReplace()
    {
        await using var worker = await WorkAsync();
        await DoneAsync($"{Init} --interval 1h --limit-group-floor 7");
        await DoneAsync($"enforce {Shard} --by ann");
        var deleted = await DoneAsync($"schedule delete {Shard}");
        Assert.Contains("collector: goes on in enforce: it terminates instances", deleted.Output);

        var other = await SteerAsync($"{Init} --quarantine 1h");
        Assert.Equal(
            (ExitCode.Refused, "nstance-gc: a collector runs for c/s with other settings; nothing was changed"),
            (other.Code, other.Errors[0]));
        Assert.Equal("nstance-gc: --quarantine: none: terminated at once -> 1h", other.Errors[1]);
        Assert.Equal(ExitCode.NotFound, (await SteerAsync($"schedule show {Shard}")).Code);

        var same = await DoneAsync(Init);
        Assert.Contains(
            "schedule nstance-gc/c/s: created\ncollector: runs already\nmode: enforce, by ann at ", same.Output);
        Assert.Contains("settings: --interval 1h --limit-group-floor 7\n", same.Output);
        Assert.DoesNotContain("dry-run:", same.Output);
        var shown = (await DoneAsync($"schedule show {Shard} --output json")).Json;
        Assert.False(shown.GetProperty("input").GetProperty("settings").GetProperty("dryRun").GetBoolean());

        var replaced = await DoneAsync($"{Init} --quarantine 1h --replace");
        Assert.Contains("collector: runs, and has the new settings\nmode: enforce, by ann", replaced.Output);
        var text = (await DoneAsync($"schedule show {Shard}")).Output;
        Assert.Matches("mode +enforce, by ann at .*: it terminates instances", text);
        Assert.Matches("settings +--interval 1h --limit-group-floor 7 --quarantine 1h", text);
        Assert.DoesNotContain("differs", text);

        var restored = await DoneAsync($"{Init} --quarantine default --replace");
        Assert.Contains("changed: --quarantine: 1h -> none: terminated at once", restored.Output);
    }

    [Fact]
    public async Task ScheduleShow_ModeSetElsewhere_ShowsTheCollectorsAndTheDifference()
    {
        await using var worker = await WorkAsync();
        await DoneAsync($"{Init} --interval 1h");
        await Server.Client.GetWorkflowHandle<Workflows.GcWorkflow>(Names.GcWorkflowId("c", "s"))
            .ExecuteUpdateAsync(w => w.SetModeAsync(new(false, "ann"))); // as from the Web UI

        var text = (await DoneAsync($"schedule show {Shard}")).Output;

        Assert.Matches("mode +enforce, by ann", text);
        Assert.Matches("differs +mode: collector enforce, schedule dry-run", text);
    }

    [Fact]
    public async Task ScheduleDelete_Stop_EndsCollectorAndReconcilerWithAndWithoutASchedule()
    {
        await using var worker = await WorkAsync();
        await DoneAsync($"{Init} --interval 1h");
        await Server.Client.StartWorkflowAsync(
            (Workflows.ReconcilerWorkflow w) => w.RunAsync(new(new("c", "s", "bbb"))),
            new(Names.ReconcilerWorkflowId("c", "s"), Names.TaskQueue));

        var first = await DoneAsync($"schedule delete {Shard}");
        Assert.Contains("collector: goes on in dry-run, and is not started again", first.Output);
        var second = await SteerAsync($"schedule delete {Shard}");
        Assert.Equal(ExitCode.NotFound, second.Code);
        Assert.Contains("schedule nstance-gc/c/s: not found\ncollector: goes on", second.Output);

        var stopped = await DoneAsync($"schedule delete {Shard} --stop");
        Assert.Equal(
            "schedule nstance-gc/c/s: not found\ncollector: ended\nreconciler: ended, its queue was empty\n",
            stopped.Output);
        var again = await SteerAsync($"schedule delete {Shard} --stop");
        Assert.Equal(ExitCode.NotFound, again.Code);
        Assert.Contains("and no collector runs", Assert.Single(again.Errors));
    }

    [Fact]
    public async Task Command_WithoutAWorker_SaysWhatIsCarriedOutLaterAndWhatIsNot()
    {
        await DoneAsync($"{Init} --interval 1h");

        var enforce = await SteerAsync($"enforce {Shard}");
        Assert.Equal(ExitCode.Unreachable, enforce.Code);
        Assert.EndsWith("Nothing was asked for.", Assert.Single(enforce.Errors), StringComparison.Ordinal);
        var pause = await SteerAsync($"pause {Shard} --reason moving --group acme/web");
        Assert.Equal(ExitCode.Unreachable, pause.Code);
        Assert.Contains("but the request was accepted: Temporal keeps it", pause.Errors[0]);
        Assert.Equal($"nstance-gc: to see whether it was: nstance-gc status {Shard}", pause.Errors[1]);
        Assert.Equal($"nstance-gc: to undo it: nstance-gc resume --group acme/web {Shard}", pause.Errors[2]);
        var replaced = await SteerAsync(
            $"schedule create {Shard} --bucket bbb --skip-checks --interval 2h --replace --output json");
        Assert.Equal(ExitCode.Unreachable, replaced.Code);
        Assert.False(replaced.Json.GetProperty("configured").GetBoolean());

        await using var worker = await WorkAsync();
        var status = (await DoneAsync($"status {Shard} --output json")).Json;
        Assert.Equal("acme/web", Assert.Single(status.GetProperty("partialPauses").EnumerateArray().ToList())
            .GetProperty("group").GetString());
        Assert.Equal("2h", status.GetProperty("settings").GetProperty("interval").GetString());
        Assert.True(status.GetProperty("dryRun").GetBoolean());
    }

    [Fact]
    public async Task Init_ConfigThatSlowsNstanceDown_IsRefusedAndNamedByStatusAndDoctor()
    {
        Configure("""{ "interval": "8759h", "registration_timeout": "8760h" }""");
        await using var refused = Process([.. $"init {Shard} --bucket bbb".Split(' ')]);
        var end = await refused.EndAsync(Token);
        Assert.Equal((ExitCode.BadInput, 2), (end.Code, end.Errors.Count));
        Assert.Contains("config.jsonc has interval 8759h, which slows nstance's own collector down", end.Errors[0]);
        await using var own = Process(
            [.. $"init {Shard} --bucket bbb --interval 2m --registration-timeout 5m --output json".Split(' ')]);
        Assert.Equal(ExitCode.Done, (await own.EndAsync(Token)).Code);
        await DoneAsync(
            $"schedule create {Shard} --bucket bbb --skip-checks --interval default --replace", ExitCode.Unreachable);

        await using var worker = await WorkAsync();
        await DoneAsync($"cycle {Shard} --dry-run");
        Assert.Contains(
            "the interval is 8759h: this collector is as good as switched off",
            (await DoneAsync($"status {Shard}")).Output);
        await using var doctor = Process([.. $"doctor {Shard} --bucket bbb".Split(' ')]);
        Assert.Matches("warning collector +the interval is 8759h", (await doctor.EndAsync(Token)).Output);
    }

    [Fact]
    public async Task Init_FaultOfBucketAndCloudAlike_IsNamedOnce()
    {
        // Without a region neither is called.
        await using var process = WorkerProcess.Start(
            WorkerProcess.Environment(Server), [.. $"init {Shard} --bucket bbb".Split(' ')]);

        var end = await process.EndAsync(Token);

        Assert.Equal(
            (ExitCode.BadInput, "nstance-gc: no AWS region: set AWS_REGION, or region in the AWS profile"),
            (end.Code, Assert.Single(end.Errors)));
    }

    [Fact]
    public async Task LimitRules_OfNoReason_AreRefusedWithEachReason()
    {
        var cli = await SteerAsync($"{Init} --limit-rules *:none=1/2");

        Assert.Equal(ExitCode.BadInput, cli.Code);
        Assert.EndsWith(
            "REASON is unhealthy, dangling, orphan, deleted-but-running, stale-pre-insert, machine-lost or *",
            Assert.Single(cli.Errors),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Interval_OfZero_IsRefused()
    {
        var cli = await SteerAsync($"{Init} --interval 0s");

        Assert.Equal(
            (ExitCode.BadInput, "nstance-gc: --interval: 0s is out of range: a time from 1s to 8760h"),
            (cli.Code, Assert.Single(cli.Errors)));
    }

    [Fact]
    public async Task Pause_InForce_IsNamedAndNotOverwritten()
    {
        await using var worker = await WorkAsync();
        await DoneAsync($"{Init} --interval 1h");
        await DoneAsync($"pause {Shard} --reason moving --by ann");

        var second = await SteerAsync($"pause {Shard} --reason lunch --by bob --until 1h");
        Assert.Equal(ExitCode.Refused, second.Code);
        Assert.Matches(
            @"The collector is paused since .* by ann \(moving\), without an end: resume it first",
            Assert.Single(second.Errors));
        Assert.Equal("ann", Pause(await DoneAsync($"status {Shard} --output json")).GetProperty("by").GetString());
        await DoneAsync($"pause {Shard} --reason lunch --by bob --until 1h --replace");
        Assert.Equal("bob", Pause(await DoneAsync($"status {Shard} --output json")).GetProperty("by").GetString());

        await DoneAsync($"resume {Shard}");
        var idle = await SteerAsync($"resume {Shard}");
        Assert.Equal(
            (ExitCode.Refused, "nstance-gc: Nothing is paused, so the collector cannot be resumed"),
            (idle.Code, Assert.Single(idle.Errors)));
    }

    [Fact]
    public async Task Pause_OfAPart_ChecksTheGroupAndThePart()
    {
        Cloud.Ec2.Launch(new()
        {
            Count = 1,
            Tags = new Dictionary<string, string>
            {
                ["nstance:managed"] = "true",
                ["nstance:cluster-id"] = "c",
                ["nstance:shard"] = "s",
                ["nstance:group"] = "web",
            }
        });
        await using var worker = await WorkAsync();
        await DoneAsync($"{Init} --interval 1h");
        await DoneAsync($"cycle {Shard}");

        Assert.Empty((await DoneAsync($"pause {Shard} --reason x --group acme/web")).Errors);
        var typo = await DoneAsync($"pause {Shard} --reason x --group acme/wbe");
        Assert.Equal(
            "warning: the last sync saw no machine of a group wbe; groups: web; did you mean web?",
            Assert.Single(typo.Errors));
        var twice = await SteerAsync($"pause {Shard} --reason y --group acme/web");
        Assert.Equal(ExitCode.Refused, twice.Code);
        Assert.Contains("Group acme/web is paused since ", Assert.Single(twice.Errors));
        var whole = await SteerAsync($"resume {Shard}");
        Assert.Equal(
            (ExitCode.Refused, "nstance-gc: The collector is not paused. Paused: group acme/web; group acme/wbe"),
            (whole.Code, Assert.Single(whole.Errors)));
        var sweep = await SteerAsync($"resume {Shard} --group acme/web --sweep orphan");
        Assert.StartsWith(
            "nstance-gc: Sweep Orphan of group acme/web is not paused.",
            Assert.Single(sweep.Errors),
            StringComparison.Ordinal);
    }

    private async Task<Cli> DoneAsync(string line, int code = ExitCode.Done)
    {
        var cli = await SteerAsync(line);
        Assert.True(cli.Code == code, $"{line} ended with {cli.Code}: {cli.Output} {string.Join('\n', cli.Errors)}");
        return cli;
    }

    private void Configure(string collection) => Cloud.S3.Put("bbb", "shard/s/config.jsonc", Encoding.UTF8.GetBytes(
        $$"""{ "cluster": { "id": "c" }, "shard": { "id": "s", "garbage_collection": {{collection}} } }"""));

    private static JsonElement Pause(Cli status) => status.Json.GetProperty("pause");
}
