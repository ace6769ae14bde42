using System.CommandLine;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Nstance.Temporal.Worker;
using Nstance.Temporal.Worker.Errors;
using Nstance.Temporal.Worker.Options;

namespace Nstance.Temporal.Tests.Worker;

public sealed class CommandLineTests
{
    [Theory]
    [InlineData(
        "",
        "say what to do: init, run, doctor, status, reports, cycle, pause, resume, plan, explain, quarantine, "
            + "release, enforce, dry-run, schedule, config, completion, replay; nstance-gc --help explains")]
    [InlineData(
        "schedule",
        "say what to do: create, show, pause, resume, trigger, delete; nstance-gc schedule --help explains")]
    [InlineData("schedul create --cluster c", "schedul: no such command of nstance-gc; did you mean schedule?")]
    [InlineData("frobnicate", "frobnicate: no such command of nstance-gc; nstance-gc --help lists them")]
    [InlineData("status now", "now: nstance-gc status takes options only")]
    [InlineData("status --clutser c", "--clutser: no such option of nstance-gc status; did you mean --cluster?")]
    [InlineData(
        "status --frobnicate",
        "--frobnicate: no such option of nstance-gc status; nstance-gc status --help lists them")]
    [InlineData(
        "run --interval 2s",
        "--interval: not an option of nstance-gc run, but of nstance-gc init, nstance-gc doctor, nstance-gc schedule "
            + "create, nstance-gc config check")]
    [InlineData("status --output yaml", "--output: \"yaml\" is not known: text, wide or json")]
    [InlineData("pause --cluster c --shard s --reason x --until", "Required argument missing for option: '--until'")]
    [InlineData("pause --cluster c --shard s", "--reason: is required: say why, others will read it")]
    [InlineData(
        "cycle --cluster c --shard s --timeout never",
        "--timeout: \"never\" is not a time such as 90s, 2m, 1h30m, 500ms or 00:01:30")]
    [InlineData(
        "cycle --cluster c --shard s --timeout 1200h", "--timeout: \"1200h\" is not a time from 1ms to 24h")]
    [InlineData("status --watch --every 1200h", "--every: \"1200h\" is not a time from 1ms to 24h")]
    // A duration of 18 hours, or six in the evening?
    [InlineData(
        "pause --cluster c --shard s --reason x --until 18:00:00",
        "--until: \"18:00:00\" may be a duration or a time of day: write 2h30m, 18:00Z or 2026-11-24T18:00:00Z")]
    [InlineData(
        "pause --cluster c --shard s --reason x --until 1.18:00:00",
        "--until: \"1.18:00:00\" may be a duration or a time of day: write 2h30m, 18:00Z or 2026-11-24T18:00:00Z")]
    public async Task Run_CommandLineThatIsWrong_SaysSoInOneLine(string line, string expected)
    {
        var cli = await Cli.RunAsync(line.Split(' ', StringSplitOptions.RemoveEmptyEntries));

        Assert.Equal([$"nstance-gc: {expected}"], cli.Errors);
        Assert.Equal((ExitCode.BadInput, ""), (cli.Code, cli.Output));
    }

    [Fact]
    public async Task Run_SeveralFaultsOfAnOperatorsRequest_AreReportedTogether()
    {
        var cli = await Cli.RunAsync("pause --cluster c --shard s --until yesterday --group web".Split(' '));

        Assert.Equal(
            [
                "nstance-gc: --reason: is required: say why, others will read it",
                "nstance-gc: --until: \"yesterday\" is not a time from now (2h) or a moment (2026-11-24T18:00:00Z)",
                "nstance-gc: --group: \"web\" is not tenant/group",
            ],
            cli.Errors);
        Assert.Equal((ExitCode.BadInput, ""), (cli.Code, cli.Output));
    }

    [Theory]
    [InlineData("init")]
    [InlineData("run")]
    [InlineData("reports")]
    [InlineData("schedule create")]
    [InlineData("schedule delete")]
    [InlineData("cycle")]
    [InlineData("status")]
    [InlineData("pause")]
    [InlineData("resume")]
    [InlineData("doctor")]
    [InlineData("config check")]
    [InlineData("explain")]
    [InlineData("release")]
    public async Task Help_OfEachCommand_HasAnExample(string command)
    {
        var cli = await Cli.RunAsync([.. command.Split(' '), "--help"]);

        Assert.Equal(ExitCode.Done, cli.Code);
        Assert.Contains($"  nstance-gc {command} --cluster prod --shard us-west-2a", cli.Output);
    }

    [Fact]
    public async Task Help_OfEveryCommand_NamesADefaultOnceAndNoTypeOfDotNet()
    {
        var commands = Leaves(NstanceGc.Line(TextWriter.Null, TextWriter.Null).Root, []).ToList();
        Assert.Contains(commands, path => path.SequenceEqual(["schedule", "delete"]));

        foreach (var path in commands)
        {
            var help = (await Cli.RunAsync([.. path, "--help"])).Output;

            Assert.DoesNotMatch(@"\[default: .*\[default: ", help);
            Assert.DoesNotContain("System.", help);
        }
    }

    [Theory]
    [InlineData("reports --last x", "--last: \"x\" is not a whole number from 1 to 20")]
    [InlineData("explain i-1 --days 1.5", "--days: \"1.5\" is not a whole number from 1 to 366")]
    public async Task Run_InvalidNumber_IsReported(string line, string expected) =>
        Assert.Contains($"nstance-gc: {expected}", (await Cli.RunAsync(line.Split(' '))).Errors);

    [Theory]
    [InlineData("status")]
    [InlineData("cycle")]
    [InlineData("resume")]
    [InlineData("schedule show")]
    [InlineData("schedule delete")]
    public async Task Run_NoServer_IsOneLineWithinSeconds(string command)
    {
        var address = FreeAddress();
        var watch = Stopwatch.StartNew();

        var cli = await Cli.RunAsync([.. command.Split(' '), "--cluster", "c", "--shard", "s", "--address", address]);

        Assert.Equal(
            [
                $"nstance-gc: Temporal at {address} cannot be reached: no program listens there: check --address or "
                    + "TEMPORAL_ADDRESS, and that the server runs",
            ],
            cli.Errors);
        Assert.Equal(ExitCode.Unreachable, cli.Code);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(5), $"took {watch.Elapsed}");
    }

    [Fact]
    public async Task Run_ServerThatNeverAnswers_GivesUpAfterTheConnectTimeout()
    {
        using var mute = new TcpListener(IPAddress.Loopback, 0);
        mute.Start();
        var address = mute.LocalEndpoint.ToString()!;

        var cli = await Cli.RunAsync(
            "status", "--cluster", "c", "--shard", "s", "--address", address, "--connect-timeout", "300ms");

        Assert.Equal(
            [
                $"nstance-gc: Temporal at {address} did not answer within 300ms: check --address or TEMPORAL_ADDRESS, "
                    + "and that the server runs",
            ],
            cli.Errors);
        Assert.Equal(ExitCode.Unreachable, cli.Code);
    }

    [Fact]
    public async Task Run_FailureInJson_IsOneObjectOnStdoutToo()
    {
        var cli = await Cli.RunAsync("status", "--output", "json", "--cluster", "Prod", "--shard", "s");

        var error = cli.Json.GetProperty("error");
        Assert.Equal(ExitCode.BadInput, error.GetProperty("code").GetInt32());
        Assert.StartsWith(
            "--cluster: \"Prod\" is not an id", error.GetProperty("messages")[0].GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Verbose_ExpectedFailure_ShowsWhere()
    {
        var cli = await Cli.RunAsync("status", "--verbose", "--cluster", "Prod", "--shard", "s");

        Assert.Contains(cli.Errors, line => line.Contains("   at Nstance.Temporal.Worker."));
    }

    [Fact]
    public async Task ConfigReference_Json_NamesEverySetting()
    {
        var cli = await Cli.RunAsync("config", "reference", "--output", "json");

        var settings = cli.Json.GetProperty("settings").EnumerateArray().ToList();
        Assert.Equal(Settings.All.Count, settings.Count);
        Assert.Equal(
            ["option", "environment", "key", "default", "help"], settings[0].EnumerateObject().Select(p => p.Name));
    }

    [Fact]
    public void Docs_OfEveryCommand_NameItsOutputInJson()
    {
        var docs = File.ReadAllText(Repository.File("docs/configuration.md"));
        var section = docs[docs.IndexOf("## Output in JSON", StringComparison.Ordinal)..];
        var named = section[..section.IndexOf("\n## ", StringComparison.Ordinal)];

        foreach (var path in Leaves(NstanceGc.Line(TextWriter.Null, TextWriter.Null).Root, []))
            Assert.Matches($"`({string.Join(' ', path[..^1])} )?{path[^1]}`", named);
    }

    private static IEnumerable<string[]> Leaves(Command command, string[] path) => command.Subcommands.Count == 0
        ? [path]
        : command.Subcommands.SelectMany(sub => Leaves(sub, [.. path, sub.Name]));

    private static string FreeAddress()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return listener.LocalEndpoint.ToString()!;
    }
}
