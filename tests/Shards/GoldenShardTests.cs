using System.Text;
using Nstance.Temporal.Activities;
using Nstance.Temporal.Activities.Audit;
using Nstance.Temporal.Activities.Aws;
using Nstance.Temporal.Activities.Rules;
using Nstance.Temporal.Tests.Support;

namespace Nstance.Temporal.Tests.Shards;

/// <summary>
/// Two whole shards, of nstance v1 and v2, collected through the real AWS clients over HTTP. The cloud, the bucket and
/// nstance's tables are then exactly as <c>expected.json</c> says.
/// </summary>
public sealed class GoldenShardTests
{
    private static readonly string[] Marked = ["deleted_at", "updated_at"];

    public static TheoryData<string> Fixtures => ["shard-1", "shard-2"];

    [Theory]
    [MemberData(nameof(Fixtures))]
    public async Task Cycle_Enforcing_DoesExactlyWhatIsExpected(string fixture)
    {
        await using var golden = await FixtureShard.StartAsync(fixture);
        var objects = Objects(golden);
        var machines = golden.Cloud.Ec2.All().ToDictionary(m => m.Id);
        var before = NstanceTables.Dump(golden.DatabasePath);
        var events = new FakeEventSink();

        var result = await CycleAsync(golden, events);

        var terminate = golden.Cases("terminate");
        Assert.Equal(terminate.Select(c => c.Provider).Order(), Terminated(golden).Order());
        var untouched = golden.Cloud.Ec2.All().Where(m => m.EndedBy is null);
        Assert.All(untouched, m => Assert.Equal(machines[m.Id].State, m.State));

        var cleaned = golden.Cases("cleanWithoutTerminate");
        var gone = terminate.Concat(cleaned).Concat(golden.Cases("purge")).Select(c => c.Key).OfType<string>();
        var left = Objects(golden);
        Assert.Equal(gone.Order(), objects.Keys.Except(left.Keys).Order());
        Assert.All(left, o => Assert.Equal(objects[o.Key], o.Value));
        Assert.Equal(
            golden.Cases("check").Select(c => c.Instance).Order(),
            events.Events.Where(e => e.Type == ReconcileEventType.CheckInstance).Select(e => e.InstanceId).Order());
        var groups = terminate.Where(c => c.Key is not null).Concat(cleaned).Select(c => $"{c.Tenant}/{c.Group}");
        Assert.Equal(
            groups.Distinct().Order(),
            events.Events.Where(e => e.Type == ReconcileEventType.GroupChanged)
                .Select(e => $"{e.Tenant}/{e.Group}").Distinct().Order());
        AssertTables(golden, before, NstanceTables.Dump(golden.DatabasePath));

        Assert.Empty(result.Sync.Problems);
        Assert.Equal(golden.Cases("markDeleted").Count, result.Sync.MarkedDeleted);
        Assert.All(result.Collect.Counts, counts => Assert.Equal(0, counts.Failed));
        Assert.Equal(golden.Cases("check").Count, result.Health.Enqueued);
        Assert.Equal(golden.Cases("purge").Count, result.Purge.Purged);
    }

    [Theory]
    [MemberData(nameof(Fixtures))]
    public async Task Cycle_EnforcingAgain_TerminatesAndEnqueuesNothingNew(string fixture)
    {
        await using var golden = await FixtureShard.StartAsync(fixture);
        var events = new FakeEventSink();

        for (var cycle = 0; cycle < 2; cycle++) await CycleAsync(golden, events);

        Assert.Equal(golden.Cases("terminate").Count, Terminated(golden).Count());
        var health = events.Batches.Where(batch => batch.Key.Contains("/health/", StringComparison.Ordinal));
        Assert.Single(health.Select(batch => batch.Key).Distinct());
    }

    [Theory]
    [MemberData(nameof(Fixtures))]
    public async Task Cycle_DryRun_LeavesEverythingAsItWas(string fixture)
    {
        await using var golden = await FixtureShard.StartAsync(fixture);
        var objects = Objects(golden);
        var machines = golden.Cloud.Ec2.All();
        var before = NstanceTables.Dump(golden.DatabasePath);
        var events = new FakeEventSink();

        for (var cycle = 0; cycle < 2; cycle++)
        {
            var result = await CycleAsync(golden, events, dryRun: true);
            Assert.Equal(golden.Cases("purge").Count, result.Purge.Expired);
        }

        NstanceTables.AssertSame(before, NstanceTables.Dump(golden.DatabasePath));
        Assert.Equal(machines.Select(m => (m.Id, m.State)), golden.Cloud.Ec2.All().Select(m => (m.Id, m.State)));
        Assert.Equal(objects.Keys.Order(), Objects(golden).Keys.Order());
        Assert.Empty(events.Batches);
    }

    /// <summary>The limits that every shard starts with: what trips, what is skipped, what is terminated.</summary>
    [Fact]
    public async Task Collect_DefaultLimits_DoesExactlyWhatTheFileSays()
    {
        var text = await CollectAsync("default limits", new())
            + await CollectAsync("half the shard's share", new() { ShardPercent = 5 });

        // Beside the expected one, so that an intended change is a copy of a file.
        var expected = Path.Combine(AppContext.BaseDirectory, "Fixtures", "shard-1-default-limits.txt");
        await File.WriteAllTextAsync(expected + ".actual", text, TestContext.Current.CancellationToken);
        Assert.Equal(await File.ReadAllTextAsync(expected, TestContext.Current.CancellationToken), text);
    }

    /// <summary>
    /// Rows of terminated, cleaned and gone instances differ in their mark; purged rows are gone; backfilled rows are
    /// new.
    /// </summary>
    private static void AssertTables(FixtureShard golden, NstanceTables before, NstanceTables after)
    {
        static string Literal(string? id) => $"'{id}'";
        var backfilled = golden.Cases("backfill");
        var purged = golden.Cases("purge").Select(c => Literal(c.Instance)).ToHashSet();
        string[] marking = ["terminate", "cleanWithoutTerminate", "markDeleted"];
        var marked = marking.SelectMany(golden.Cases)
            .Select(c => Literal(c.Instance)).Where(before.Instances.ContainsKey).ToHashSet();

        var differing = marked.Concat(purged).Concat(backfilled.Select(c => Literal(c.Instance)));
        Assert.Equal(differing.Order(StringComparer.Ordinal), after.Differs(before));
        Assert.All(marked, id => Assert.Equal(Marked, after.Changes(id, before)!.Order(StringComparer.Ordinal)));
        Assert.All(purged, id => Assert.False(after.Instances.ContainsKey(id)));
        foreach (var c in backfilled)
        {
            var row = after.Instances[Literal(c.Instance)];
            Assert.Equal(
                (Literal(c.Tenant), Literal(c.Group), Literal(c.Provider)),
                (row["tenant"], row["group_key"], row["provider_id"]));
            Assert.StartsWith("X'", row["provider_state"], StringComparison.Ordinal);
            Assert.NotEqual("NULL", row["registered_at"]);
            Assert.NotEqual("NULL", row["infra_config_hash"]);
        }

        // Children of purged rows go with them, and no others.
        Assert.Equal(
            before.Others.Where(row => !purged.Any(id => row.Contains(id, StringComparison.Ordinal))), after.Others);
        Assert.Equal(before.Schema, after.Schema);
    }

    private static IEnumerable<string> Terminated(FixtureShard golden) =>
        golden.Cloud.Ec2.All().Where(m => m.EndedBy is not null and not "fixture").Select(m => m.Id);

    private static Dictionary<string, byte[]> Objects(FixtureShard golden) => Keys(golden)
        .Where(key => !IsAudit(key))
        .ToDictionary(key => key, key => golden.Cloud.S3.Get(FixtureShard.Bucket, key)!.Body);

    private static IEnumerable<string> Keys(FixtureShard golden) => golden.Cloud.S3.Keys(FixtureShard.Bucket, "");

    private static bool IsAudit(string key) => key.Contains("/gc/audit/", StringComparison.Ordinal);

    private static async Task<CycleResult> CycleAsync(FixtureShard golden, FakeEventSink events, bool dryRun = false)
    {
        using var connections = golden.Cloud.Connect();
        var activities = Activities(golden, connections, events);
        var input = await AcquireAsync(activities, golden) with { DryRun = dryRun };
        return new(
            await activities.SyncProviderAsync(input),
            await activities.CollectAsync(input),
            await activities.ScanHealthAsync(input),
            await activities.PurgeRecordsAsync(input));
    }

    private static async Task<string> CollectAsync(string title, TerminationLimits limits)
    {
        await using var golden = await FixtureShard.StartAsync();
        using var connections = golden.Cloud.Connect();
        var activities = Activities(golden, connections, new FakeEventSink());
        var input = await AcquireAsync(activities, golden) with { Limits = limits, Cycle = 1 };
        await activities.SyncProviderAsync(input);
        var result = await activities.CollectAsync(input);

        var text = new StringBuilder($"== {title}\n");
        foreach (var c in result.Counts)
        {
            text.Append(
                $"{Reasons.Of(c.Reason).Word}: {c.Candidates} candidates, {c.Terminated} terminated, "
                + $"{c.AlreadyGone} already gone, {c.Skipped} skipped, {c.Failed} failed, "
                + $"{c.OverLimit} over the limit\n");
        }

        foreach (var exceeded in result.Plan?.Exceeded ?? []) text.Append($"limit: {exceeded}\n");
        text.Append($"plan: {result.Plan?.Instances ?? 0} instances\n");
        var entries = Keys(golden).Where(IsAudit)
            .SelectMany(key => Encoding.UTF8.GetString(golden.Cloud.S3.Get(FixtureShard.Bucket, key)!.Body)
                .Split('\n', StringSplitOptions.RemoveEmptyEntries))
            .Select(line => AuditEntry.Parse(line)!).DistinctBy(e => e.Id);
        foreach (var e in entries.OrderBy(e => e.Reason, StringComparer.Ordinal)
            .ThenBy(e => e.Instance, StringComparer.Ordinal).ThenBy(e => e.Action, StringComparer.Ordinal))
            text.Append($"{e.Reason} {e.Instance} {e.ProviderId} {e.Action}: {e.Why}\n");
        return text.ToString();
    }

    private static GcActivities Activities(
        FixtureShard golden, AwsConnections connections, FakeEventSink events) => new(
        new()
        {
            HostName = "host",
            DataDirectory = Path.GetDirectoryName(golden.DatabasePath)!,
            SharedDatabasePath = golden.DatabasePath,
            NstanceServerId = LeaderFile.Id,
        },
        connections,
        _ => events,
        golden.Clock);

    private static async Task<PhaseInput> AcquireAsync(GcActivities activities, FixtureShard golden)
    {
        var acquired = await activities.AcquireShardAsync(new(golden.Shard, golden.AsOf));
        return new(golden.Shard, golden.AsOf, acquired.Timings) { Limits = TerminationLimits.Off };
    }

    private sealed record CycleResult(
        SyncResult Sync, CollectResult Collect, HealthScanResult Health, PurgeResult Purge);
}
