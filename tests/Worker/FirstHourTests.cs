using System.Text;
using System.Text.RegularExpressions;
using Nstance.Temporal.Tests.Support;
using Nstance.Temporal.Worker.Errors;

namespace Nstance.Temporal.Tests.Worker;

/// <summary>
/// An operator's first hour on a terminal of 80 columns: the real command against the embedded server, beside
/// <c>Golden/first-hour.txt</c>. With NSTANCE_WRITE_GOLDEN=1 the test writes the file: read the difference before it is
/// committed.
/// </summary>
public sealed partial class FirstHourTests : LoopbackShard
{
    private const int Columns = 80;
    private const string Shard = "--cluster c --shard s";
    private const string Bucket = "--cluster c --shard s --bucket bbb";

    private readonly StringBuilder _transcript = new();
    private readonly List<string> _wide = [];

    private WorkerProcess? _worker;

    public override async ValueTask DisposeAsync()
    {
        if (_worker is not null) await _worker.DisposeAsync();
        await base.DisposeAsync();
    }

    [Fact]
    public async Task FirstHour_EveryCommand_FitsInto80ColumnsAndIsAsRecorded()
    {
        Launch(8);
        await RunAsync($"doctor {Bucket}");
        var init = await RunAsync($"init {Bucket} --interval 1h --health-check-interval 1s --settle-time 0s");
        Assert.Empty(Twice(init));
        await RunAsync($"status {Shard}", ExitCode.Unreachable);
        _worker = Start(["run", .. Bucket.Split(' ')]);
        await _worker.LogUntilAsync(Ready, Token);
        await EndGraceAsync();
        await RunAsync($"cycle {Shard} --dry-run");
        await RunAsync($"status {Shard}");
        await RunAsync($"enforce {Shard} --by ann --comment read");
        await RunAsync($"cycle {Shard}");
        await RunAsync($"reports {Shard} --last 2");
        await RunAsync($"plan show {Shard}");
        var id = PlanId().Match(await RunAsync($"plan approve {Shard}", ExitCode.BadInput)).Value;
        await RunAsync($"plan approve {id} {Shard} --by ann --comment emptied --yes");
        await _worker.LogUntilAsync("cycle=4 outcome=", Token); // the one that the approval began
        await RunAsync($"cycle {Shard}");
        await RunAsync($"explain {Bucket} {Cloud.Ec2.All()[0].Id}");
        await RunAsync($"pause {Shard} --by ann --reason slow --group acme/web --sweep dangling");
        await RunAsync($"pause {Shard} --by ann --reason moving --until 2h");
        await RunAsync($"status {Shard}");
        await RunAsync($"resume {Shard} --by ann");
        await RunAsync($"resume {Shard} --by ann --group acme/web --sweep dangling");
        await RunAsync($"init {Bucket} --quarantine 1h", ExitCode.Refused);
        Assert.Empty(Twice(await RunAsync($"init {Bucket} --quarantine 1h --replace")));
        var machine = Launch(1)[0];
        await RunAsync($"cycle {Shard}");
        await RunAsync($"quarantine list {Bucket}");
        await RunAsync($"release {Bucket} {machine} --by ann --comment needed");
        await RunAsync($"schedule show {Shard}");
        await RunAsync("status");
        await RunAsync($"doctor {Bucket}");
        await RunAsync($"dry-run {Shard} --by ann");
        await RunAsync($"schedule delete {Shard} --stop");

        var file = Repository.File("tests/Worker/Golden/first-hour.txt");
        var text = Masked(_transcript.ToString());
        if (Environment.GetEnvironmentVariable("NSTANCE_WRITE_GOLDEN") == "1")
            await File.WriteAllTextAsync(file, text, Token);
        Assert.Empty(_wide);
        Assert.Equal(await File.ReadAllTextAsync(file, Token), text);
    }

    /// <summary>Runs a command, adds its lines to the transcript, and keeps those that are too long.</summary>
    private async Task<string> RunAsync(string line, int code = ExitCode.Done)
    {
        var end = await EndAsync(line.Split(' '));
        // Progress depends on the moment at which it is drawn.
        var errors = end.Errors.Where(error => !error.StartsWith('['));
        var shown = $"{end.Output}{string.Concat(errors.Select(error => $"{error}\n"))}";
        Assert.True(end.Code == code, $"{line} ended with {end.Code}:\n{shown}");
        _transcript.Append($"$ nstance-gc {line}\n{shown}\n");

        // A command is there to be copied, and an id is never broken.
        _wide.AddRange(shown.Split('\n').Where(
            text => text.Length > Columns && text.Trim().Contains(' ') && !text.Contains("nstance-gc ")));
        return shown;
    }

    private static IEnumerable<string> Twice(string shown) =>
        shown.Split('\n').Where(line => line.Length > 0).GroupBy(line => line).Where(g => g.Count() > 1)
            .Select(g => g.Key);

    /// <summary>Starts a process, because commands that call AWS need its environment variables.</summary>
    private async Task<Cli> EndAsync(string[] args)
    {
        if (!args.Contains("--bucket") && args is not ["plan", ..])
            return await Cli.RunAsync(Columns, [.. args, .. Server.Args]);
        await using var process = Start(args);
        return await process.EndAsync(Token);
    }

    private WorkerProcess Start(string[] args)
    {
        var environment = WorkerProcess.Environment(Server, Cloud);
        environment["COLUMNS"] = $"{Columns}";
        return WorkerProcess.Start(environment, args);
    }

    /// <summary>Waits until the grace period of a new shard is over.</summary>
    private async Task EndGraceAsync()
    {
        var first = await SteerAsync($"cycle {Shard} --dry-run --output json");
        Assert.Equal(ExitCode.Done, first.Code);
        var left = first.Json.GetProperty("grace").GetProperty("until").GetDateTimeOffset() - DateTimeOffset.UtcNow;
        if (left > TimeSpan.Zero) await Task.Delay(left, Token);
    }

    /// <summary>Launches machines of the shard that no record knows; they are an hour old.</summary>
    private string[] Launch(int count) => [.. Cloud.Ec2.Launch(new LaunchSpec
    {
        Count = count,
        Tags = new Dictionary<string, string>
        {
            ["nstance:managed"] = "true",
            ["nstance:cluster-id"] = "c",
            ["nstance:shard"] = "s",
            ["nstance:group"] = "web",
        },
    }).Select(m => m.Id)];

    /// <summary>Replaces what differs between runs by a constant of the same form.</summary>
    private string Masked(string text)
    {
        text = text.Replace(Server.TargetHost, "127.0.0.1:7233", StringComparison.Ordinal)
            .Replace(Server.Namespace, "default", StringComparison.Ordinal)
            .Replace($"host {Environment.MachineName} ", "host ops-1 ", StringComparison.Ordinal);
        foreach (var (pattern, constant) in (ReadOnlySpan<(Regex, string)>)
            [
                (Day(), "2026-11-28"), (Time(), "12:00:00Z"), (Machine(), "i-0123456789abcdef0"),
                (Hash(), "1f3c9a07be42…"), (PlanId(), "1f3c9a07be42"), (Span(), "1s"), (Waited(), "0.1"),
                (Folder(), "/tmp/nstance-gc"), (LastCheck(), "last check 2026-11-28 12:00:00Z"), (Blanks(), "  "),
            ])
        {
            text = pattern.Replace(text, constant);
        }

        return text;
    }

    [GeneratedRegex(@"\d{4}-\d\d-\d\d")]
    private static partial Regex Day();

    [GeneratedRegex(@"\d\d:\d\d(:\d\d)?(\.\d+)?Z")]
    private static partial Regex Time();

    [GeneratedRegex("i-[0-9a-f]{17}")]
    private static partial Regex Machine();

    [GeneratedRegex("[0-9a-f]{64}")]
    private static partial Regex Hash();

    [GeneratedRegex(@"\b[0-9a-f]{12}\b")]
    private static partial Regex PlanId();

    /// <summary>A span that counts up or down; a setting is no such span.</summary>
    [GeneratedRegex(@"(?<=\bin |oldest |(?<!every *|interval *) {2})\d+(\.\d+)?(ms|s|m)\b")]
    private static partial Regex Span();

    [GeneratedRegex(@"\d+\.\d(?= since the plan)")]
    private static partial Regex Waited();

    [GeneratedRegex(@"/tmp/nstance-gc-\w+")]
    private static partial Regex Folder();

    /// <summary>The schedule fires at each tenth minute of the clock.</summary>
    [GeneratedRegex("last check +.*")]
    private static partial Regex LastCheck();

    [GeneratedRegex(@"(?<=\S) {2,}")]
    private static partial Regex Blanks();
}
