using Nstance.Temporal.Worker;
using Nstance.Temporal.Worker.Errors;

namespace Nstance.Temporal.Tests.Worker;

/// <summary>A shard that is set up and operated from the command line alone.</summary>
public sealed class OperateTests : LoopbackShard
{
    private const string Shard = "--cluster c --shard s";

    [Fact]
    public async Task Init_ThenAWorker_CollectsInDryRunAndEveryCommandShowsIt()
    {
        var init = await ProcessAsync($"init {Shard} --bucket bbb --interval 1h");
        Assert.Equal((ExitCode.Done, ""), (init.Code, string.Join('\n', init.Errors)));
        Assert.Contains("schedule nstance-gc/c/s: created\ncollector: started\nmode: dry-run: ", init.Output);
        Assert.Contains("nstance's collector: runs every 2m, nstance's default; both may run", init.Output);
        Assert.Contains("settings: --interval 1h\n", init.Output);
        Assert.Contains("nstance-gc enforce --cluster c --shard s", init.Output);
        var again = await ProcessAsync($"init {Shard} --bucket bbb --output json");
        Assert.Equal((ExitCode.Done, false), (again.Code, again.Json.GetProperty("created").GetBoolean()));

        var before = await ProcessAsync($"doctor {Shard} --bucket bbb");
        Assert.Equal(ExitCode.Done, before.Code);
        Assert.Contains("no worker has polled nstance-gc in the last 5 minutes: start one with", before.Output);

        await using var worker = Process(["run", "--cluster", "c", "--shard", "s", "--bucket", "bbb"]);
        await worker.LogUntilAsync("polls nstance-gc and", Token);
        var cycle = await Cli.RunAsync([.. $"cycle {Shard} --timeout 1m".Split(' '), .. Server.Args]);
        Assert.Equal(ExitCode.Done, cycle.Code);
        Assert.Contains("dry-run: nothing was touched", cycle.Output);

        var all = await SteerAsync("status --output json");
        var line = Assert.Single(all.Json.GetProperty("shards").EnumerateArray());
        Assert.Equal("nstance-gc/c/s", line.GetProperty("workflowId").GetString());
        Assert.True(line.GetProperty("status").GetProperty("dryRun").GetBoolean());
        var table = (await SteerAsync("status")).Output;
        Assert.Contains("c/s", table);
        Assert.Contains("waiting  dry-run", table);
        Assert.DoesNotContain(table.Split('\n'), line => line.Length > 80);
        Assert.Contains("test-host", (await SteerAsync("status --output wide")).Output);

        var reports = await SteerAsync($"reports {Shard} --last 1 --output json");
        var report = Assert.Single(reports.Json.GetProperty("reports").EnumerateArray());
        Assert.Equal("completed", report.GetProperty("outcome").GetString());
        Assert.Contains("completed (dry)", (await SteerAsync($"reports {Shard}")).Output);

        var doctor = await ProcessAsync($"doctor {Shard} --bucket bbb --output json");
        Assert.Equal(ExitCode.Done, doctor.Code);
        Assert.Equal(
            [
                ("settings", "ok"), ("temporal", "ok"), ("namespace", "ok"), ("search attributes", "ok"),
                ("workers", "ok"), ("schedule", "ok"),
                ("collector", "ok"), ("bucket", "ok"), ("config.jsonc", "ok"), ("nstance's collector", "ok"),
                ("cloud", "ok"), ("database", "ok"), (
                    "aws identity", "skipped"),
                ("aws permissions", "ok"), ("clock", "ok"),
            ],
            doctor.Json.GetProperty("checks").EnumerateArray().Select(
                c => (c.GetProperty("name").GetString()!, c.GetProperty("state").GetString()!)));
        Assert.Empty(Cloud.Ec2.All());
    }

    [Fact]
    public async Task Run_LogInJson_NamesShardAndCycleOfEachLine()
    {
        Assert.Equal(ExitCode.Done, (await ProcessAsync($"init {Shard} --bucket bbb --interval 1h")).Code);
        await using var worker = Process(
            ["run", "--cluster", "c", "--shard", "s", "--bucket", "bbb", "--log-format", "json"]);

        var line = (await worker.LogUntilAsync("outcome=", Token))[^1];

        var json = System.Text.Json.JsonDocument.Parse(line).RootElement;
        Assert.Equal(
            (1, "completed"),
            (json.GetProperty("EventId").GetInt32(), json.GetProperty("State").GetProperty("Outcome").GetString()));
        var scope = Assert.Single(json.GetProperty("Scopes").EnumerateArray(), s => s.TryGetProperty("Shard", out _));
        Assert.Equal(("c", "s"), (scope.GetProperty("Cluster").GetString(), scope.GetProperty("Shard").GetString()));
    }

    [Fact]
    public async Task Status_NoCollectorAtAll_SaysWhatToDo()
    {
        var cli = await SteerAsync("status");

        Assert.Equal(
            (ExitCode.Done, "no collector runs in this namespace: nstance-gc init sets one up"),
            (cli.Code, cli.Output.Trim()));
    }

    /// <summary>A mistyped cluster must not read as if the namespace were empty.</summary>
    [Fact]
    public async Task Status_NoCollectorOfTheCluster_NamesTheCluster()
    {
        var cli = await SteerAsync("status --cluster prd");

        Assert.Equal(
            "no collector runs for cluster prd in this namespace: nstance-gc init sets one up", cli.Output.Trim());
    }

    [Fact]
    public async Task Status_Watch_RepeatsUntilInterruptedAndExitsWithZero()
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var output = new StopAfter("no collector runs", 2, stop);

        var code = await NstanceGc.RunAsync(
            ["status", "--watch", "--every", "10ms", .. Server.Args], output, TextWriter.Null, stop.Token);

        Assert.Equal((ExitCode.Done, 2), (code, output.Seen));
    }

    [Theory]
    [InlineData("status --shard s", "--cluster is missing: ")]
    [InlineData("status --watch --every never", "--every: \"never\" is not a time such as")]
    [InlineData("reports --cluster c --shard s --last 21", "--last: \"21\" is not a whole number from 1 to 20")]
    [InlineData("completion tcsh", "completion: \"tcsh\" is not known: bash, zsh or fish")]
    [InlineData(
        "init --cluster c --shard s --bucket bbb --dry-run", "--dry-run: not an option of nstance-gc init, but of ")]
    public async Task Command_WrongInput_IsOneLine(string line, string expected)
    {
        var cli = await SteerAsync(line);

        Assert.Equal(ExitCode.BadInput, cli.Code);
        Assert.StartsWith($"nstance-gc: {expected}", Assert.Single(cli.Errors), StringComparison.Ordinal);
    }

    private async Task<Cli> ProcessAsync(string line)
    {
        await using var process = Process(line.Split(' '));
        return await process.EndAsync(Token);
    }

    /// <summary>Interrupts, as Ctrl-C does, after the given number of writes of a text.</summary>
    private sealed class StopAfter(string text, int times, CancellationTokenSource stop) : StringWriter
    {
        public int Seen { get; private set; }

        public override void Write(string? value) => Look(value, () => base.Write(value));

        public override void Write(char[] buffer, int index, int count) =>
            Look(new(buffer, index, count), () => base.Write(buffer, index, count));

        private void Look(string? value, Action write)
        {
            write();
            if (value?.Contains(text) != true) return;
            Seen++;
            if (Seen == times) stop.Cancel();
        }
    }
}
