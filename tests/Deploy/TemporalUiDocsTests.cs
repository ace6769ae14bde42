using Nstance.Temporal.Activities.KeepAlive;
using Nstance.Temporal.Tests.Worker;
using Nstance.Temporal.Workflows.Collector;

namespace Nstance.Temporal.Tests.Deploy;

/// <summary>
/// What docs/temporal-ui.md shows is what the collector shows. After an intended change, run this class with
/// NSTANCE_GC_WRITE_DOCS=1.
/// </summary>
public sealed class TemporalUiDocsTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 25, 12, 0, 0, TimeSpan.Zero);
    private static readonly ShardRef Shard = new("prod", "us-west-2a", "prod-nstance");

    [Theory]
    [InlineData("details")]
    [InlineData("static")]
    public void Docs_Block_IsWhatTheCollectorShows(string name)
    {
        var path = Repository.File("docs/temporal-ui.md");
        var text = File.ReadAllText(path);
        var shown = name == "details"
            ? DetailsTable.Render(CollectorState())
            : CollectorStart.Options(Shard).StaticDetails!;
        var from = $"<!-- {name} -->\n";
        var start = text.IndexOf(from, StringComparison.Ordinal) + from.Length;
        var end = text.IndexOf($"<!-- end {name} -->", StringComparison.Ordinal);
        Assert.True(start >= from.Length && end >= start);
        if (Environment.GetEnvironmentVariable("NSTANCE_GC_WRITE_DOCS") is { Length: > 0 })
            File.WriteAllText(path, text[..start] + shown.TrimEnd() + "\n" + text[end..]);
        else
            Assert.Equal(shown.TrimEnd(), text[start..end].TrimEnd());
    }

    private static CollectorState CollectorState()
    {
        var plan = new CollectPlan("1f3c9a07be42" + new string('0', 52), Noon.AddMinutes(-2), 14)
        {
            Exceeded = ["unhealthy: 14 instances of 61 in the shard, limit 6 (10 %)"],
            Samples =
            [
                Note("knc06h00ys4g1zez6jbykcbpyvkhr", "i-4de962a6da4fd57c5"),
                Note("knc06gw7gbx01yd71aw16d45cw7am", "i-d43b30f66110e2cb6"),
            ],
        };
        var state = new GcState
        {
            Cycle = 412,
            Host = new("host-a", Names.HostTaskQueue("host-a"), new()),
            Mode = new(false, "ada", Noon.AddDays(-3)),
            Pending = plan,
            NextCycleAt = Noon.AddMinutes(2),
            Reports =
        [
            Report(412, CycleOutcome.Blocked, 14),
            Report(411, CycleOutcome.Completed, 0),
            Report(410, CycleOutcome.Completed, 0),
        ],
            Totals = new() { Cycles = 412 },
        };
        return new(new(Shard) { State = state });
    }

    private static InstanceNote Note(string id, string provider) =>
        new(id, provider, "acme", "web", "end", "no health report for 9m, the cloud says running");

    private static CycleReport Report(int cycle, CycleOutcome outcome, int over) =>
        new(cycle, Noon.AddMinutes(2 * (cycle - 412)))
        {
            Outcome = outcome,
            Host = "host-a",
            Sync = new() { Listed = 61, Added = cycle == 411 ? 2 : 0 },
            Collect = new()
            {
                Counts =
            [
                new() { Reason = CollectReason.Unhealthy, Candidates = over, OverLimit = over },
                new() { Reason = CollectReason.Dangling, Candidates = 1, Skipped = 1 },
            ],
            },
            Health = new() { Registered = 58, Stale = over },
            Purge = new() { Purged = cycle == 410 ? 3 : 0 },
        };
}
