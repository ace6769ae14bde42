using Nstance.Temporal.Worker.Checks;
using Nstance.Temporal.Worker.Errors;
using Nstance.Temporal.Worker.Hosting;
using Nstance.Temporal.Worker.Output;

namespace Nstance.Temporal.Tests.Worker;

/// <summary>
/// What people read, at 80 columns, beside files in <c>Golden/</c>. With NSTANCE_WRITE_GOLDEN=1 the tests write the
/// files: read the difference before it is committed.
/// </summary>
public sealed class GoldenOutputTests
{
    private const int Columns = 80;
    private const string Instance = "knc06bgm7733st2576nx5jht4ecjw";

    private static readonly DateTimeOffset Now = new(2026, 11, 28, 12, 0, 30, TimeSpan.Zero);

    [Fact]
    public void Status_EnforcingWithAPlan() => Golden(
        "status", screen => StatusText.Write(screen, Enforcing(), Now, wide: false));

    [Fact]
    public void Status_Paused() => Golden(
        "status-paused", screen => StatusText.Write(screen, Paused(), Now, wide: false));

    [Fact]
    public void Status_WithoutAWorker() => Golden("status-without-worker", screen => StatusText.Write(
        screen,
        new StatusWithoutWorker("prod", "us-west-2a", "active, by its search attributes", true, new Pollers(0, Now).Why)
        {
            LastReport = DryRun(301),
        },
        wide: false));

    [Fact]
    public void Shards_TheWorstFirst() => Golden(
        "shards", screen => ShardsText.Write(screen, Lines(), Now, wide: false));

    [Fact]
    public void Shards_MoreThanTheTerminalHolds_KeepTheHeader()
    {
        var output = new StringWriter();
        var lines = Enumerable.Range(1, 300).Select(n => Line($"shard-{n}", Enforcing())).ToArray();

        ShardsText.Write(new(output, TextWriter.Null, Columns), lines, Now, wide: false, height: 24);

        var written = output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.InRange(written.Length, 20, 23);
        Assert.StartsWith("SHARD", written[1], StringComparison.Ordinal);
        Assert.Equal("… and 280 more", written[^1].TrimEnd());
    }

    [Fact]
    public void Reports_OfSeveralCycles() => Golden("reports", screen => ReportsText.Write(
        screen, [Partial(303), Blocked(302), DryRun(301), Partial(300)], Now, wide: false));

    [Fact]
    public void Cycle_InDryRun() => Golden(
        "cycle-dry-run", screen => ReportText.Write(screen, DryRun(301), wide: false));

    [Fact]
    public void Cycle_ThatWasPartial() => Golden(
        "cycle-partial", screen => ReportText.Write(screen, Partial(303), wide: false));

    [Fact]
    public void Doctor_WithAWarningAndAFault() => Golden("doctor", screen => ChecksText.Write(screen,
    [
        Check.Ok("temporal", "temporal:7233 answers"),
        Check.Warning("workers", new Pollers(0, Now).Why),
        Check.Failed(
            "collector",
            "no collector runs for prod/us-west-2a since 2026-11-28 11:00:00Z: 71@ops-1 terminated it (too many); "
            + "start it again: nstance-gc schedule trigger --cluster prod --shard us-west-2a",
            ExitCode.NotFound),
        Check.Skipped("aws identity", "no shard given"),
    ]));

    [Fact]
    public void Verbs_SayWhatTheyChangedInAtMostFiveLines()
    {
        var status = Enforcing();
        const string Named = "--cluster prod --shard us-west-2a";
        IReadOnlyList<string>[] all =
        [
            ChangeText.Paused(status, Named, new("migrating") { By = "ann", Until = Now.AddHours(2) }),
            ChangeText.Paused(status, Named, new("slow images") { Group = "acme/web", Sweep = Sweep.Dangling }),
            ChangeText.Resumed(status, Named, new()),
            ChangeText.ModeSet(status, Named),
            ChangeText.ModeSet(status with { DryRun = true }, Named),
            ChangeText.ModeSet(status with { Pause = new("migrating", Now) }, Named),
            ChangeText.Decided("rejected", status, Named, new("1f3c9a07be42", "ann", "the registry was down")),
        ];
        Assert.All(all, lines => Assert.InRange(lines.Count, 2, 5));
        Assert.All(all, lines => Assert.StartsWith("next: nstance-gc ", lines[^1], StringComparison.Ordinal));
        Golden("verbs", screen =>
        {
            foreach (var lines in all) ChangeText.Write(screen, lines);
        });
    }

    private static GcStatus Enforcing() => new(new("prod", "us-west-2a", "prod-nstance"), CollectorActivity.Waiting)
    {
        Cycle = 303,
        Host = "host-a",
        Leader = new("nst-7", "10.0.3.4:9000", Now.AddDays(-2)),
        Timings = new(),
        Mode = new(DryRun: false, "ann", Now.AddDays(-1)),
        Pending = new("1f3c9a07be42aaaa", Now.AddMinutes(-6), 31),
        NextCycleAt = Now.AddSeconds(95),
        LastReport = Blocked(303),
        Totals = new() { Cycles = 303, Terminated = [new(CollectReason.Orphan, 12)], AlreadyGone = 1, Purged = 40 },
    };

    private static GcStatus Paused() => Enforcing() with
    {
        State = CollectorActivity.Paused,
        Pause = new("the registry of images is down and nothing registers in time", Now.AddHours(-1)) { By = "ann" },
        PartialPauses = [new() { Group = "acme/web", Sweep = Sweep.Dangling, Reason = "slow images", At = Now }],
        Pending = null,
        Mode = null,
        DryRun = true,
        NextCycleAt = null,
        LastReport = null,
    };

    private static ShardLine[] Lines() => [.. ((ShardLine[])
        [
            Line("us-west-2a", Enforcing()),
            Line("us-west-2b", Enforcing() with { Pending = null, LastReport = DryRun(9) }),
            Line("us-west-2c", Paused()),
            Line("us-west-2d", Enforcing() with { LastReport = Partial(12) }),
            new("nstance-gc/prod/us-west-2e", null, "no answer in time"),
        ]).OrderBy(ShardsText.Rank)];

    private static ShardLine Line(string shard, GcStatus status) => new($"nstance-gc/prod/{shard}", status, null);

    private static CycleReport DryRun(int cycle) => Report(cycle) with
    {
        DryRun = true,
        Collect = new()
        {
            Counts =
            [
                new() { Reason = CollectReason.Dangling, Candidates = 9, Terminated = 6, Skipped = 1, Quarantined = 2 },
            ],
            Samples =
            [
                new(Instance, "i-0123456789abcdef0", "acme", "web", "would-terminate",
                    "never registered: issued at 2026-11-28 11:40:00Z, registration timeout 5m; EC2: running"),
                new("dangling-i-0fedcba9876543210", "i-0fedcba9876543210", null, null, "skipped", "protected by tag"),
            ],
        },
    };

    private static CycleReport Blocked(int cycle) => Report(cycle) with
    {
        Outcome = CycleOutcome.Blocked,
        Collect = new()
        {
            Counts = [new() { Reason = CollectReason.DeletedButRunning, Candidates = 31, Blocked = 31 }],
            Blocked = [new(Guards.Agents, "no agent has registered or reported for 5m")],
            Plan = new("1f3c9a07be42aaaa", Now, 31),
        },
    };

    private static CycleReport Partial(int cycle) => Report(cycle) with
    {
        Outcome = CycleOutcome.Partial,
        Collect = new() { Counts = [new() { Reason = CollectReason.Orphan, Candidates = 3, Failed = 3 }] },
        Purge = new() { Expired = 8, Failed = 8 },
        Problems =
        [
            "collect: Orphan: none of 3 was terminated, because the audit could not be written: the bucket is away",
            "purge: record shard/us-west-2a/instance/acme.01970a1c-e31e-7422-9cd5-e9651d11cc97-knc.json "
            + "could not be deleted: S3 at us-west-2 refused DeleteObjects (InternalError)",
        ],
    };

    private static CycleReport Report(int cycle) => new(cycle, Now.AddMinutes(2 * (cycle - 304)))
    {
        EndedAt = Now.AddMinutes(2 * (cycle - 304)).AddSeconds(1.25),
        Outcome = CycleOutcome.Completed,
        Host = "host-a",
        Sync = new() { Listed = 289, Updated = 2 },
        Collect = new(),
        Health = new() { Registered = 280, Stale = 3, Enqueued = 3 },
        Purge = new(),
    };

    private static void Golden(string name, Action<Screen> write)
    {
        var output = new StringWriter { NewLine = "\n" };
        write(new(output, TextWriter.Null, Columns));
        var text = output.ToString().Replace(Environment.NewLine, "\n", StringComparison.Ordinal);

        // Only a key of the bucket, and a command to be copied, may be longer than a line.
        Assert.All(
            text.Split('\n').Where(line => line.Trim().Contains(' ') && !line.Contains(": nstance-gc ")),
            line => Assert.True(line.Length <= Columns, $"{line.Length} columns: {line}"));
        var file = Repository.File($"tests/Worker/Golden/{name}.txt");
        if (Environment.GetEnvironmentVariable("NSTANCE_WRITE_GOLDEN") == "1") File.WriteAllText(file, text);
        Assert.Equal(File.ReadAllText(file), text);
    }
}
