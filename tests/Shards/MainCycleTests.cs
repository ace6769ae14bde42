using Microsoft.Data.Sqlite;
using Nstance.Temporal.Activities;
using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Tests.Support;
using Temporalio.Exceptions;

namespace Nstance.Temporal.Tests.Shards;

/// <summary>
/// Whole cycles over a cloud and a bucket. Each cloud has a class that derives from this one, so that all clouds pass
/// the same tests.
/// </summary>
public abstract class MainCycleTests : IAsyncLifetime
{
    private protected static readonly DateTimeOffset Start = new(2026, 11, 23, 18, 0, 0, TimeSpan.Zero);

    private readonly string _folder = Directory.CreateTempSubdirectory("nstance-cycle-").FullName;
    private readonly FakeEventSink _events = new();

    private PhaseInput _input = null!;

    private protected virtual ShardRef Shard { get; } = new("prod-eu", "us-west-2a", "bucket");

    /// <summary>The time of the cycle, for every clock.</summary>
    private protected DateTimeOffset Now => _input.AsOf;

    private protected abstract IConnections Connections { get; }

    private protected abstract void SetCloudTime(DateTimeOffset now);

    /// <summary>Machines that the collector terminated.</summary>
    private protected abstract IEnumerable<string> Terminated { get; }

    public virtual ValueTask InitializeAsync()
    {
        _input = new(Shard, Start, new()) { Limits = TerminationLimits.Off };
        PutObject(
            ShardKeys.Config(Shard),
            $$$"""{"cluster":{"id":"{{{Shard.Cluster}}}"},"shard":{"id":"{{{Shard.Shard}}}"}}""");
        for (var n = 0; n < 5; n++) Member();
        return default;
    }

    public virtual ValueTask DisposeAsync()
    {
        Directory.Delete(_folder, recursive: true);
        GC.SuppressFinalize(this);
        return default;
    }

    [Fact]
    public async Task Cycle_GarbageOfEachReason_IsTerminatedAndNothingElse()
    {
        var unhealthy = Member(isStopped: true);
        var dangling = Member(isRegistered: false);
        var anHourAgo = Start.AddHours(-1);
        var orphan = Launch(anHourAgo, Tags(NewId(anHourAgo)), isStopped: false, isLocked: false);
        var marked = Member();
        var preInsert = Member(isRegistered: false, hasMachine: false);
        var lost = Member(namesMachine: false);
        ShowAsTerminated(lost.Machine!);
        Member(isRegistered: false, issued: Start.AddMinutes(-1));
        var foreign = new Dictionary<string, string>(Tags(NewId(anHourAgo))) { [CloudTags.Shard] = "elsewhere" };
        Launch(anHourAgo, foreign, isStopped: false, isLocked: false);
        await AcquireAsync();
        MarkDeleted(marked, anHourAgo);

        var (_, collect, _) = await CycleAsync();

        Assert.Equal(
            new[] { unhealthy.Machine, dangling.Machine, orphan, marked.Machine }.Order(StringComparer.Ordinal),
            Terminated.Order(StringComparer.Ordinal));
        CollectReason[] terminating =
            [CollectReason.Unhealthy, CollectReason.Dangling, CollectReason.Orphan, CollectReason.DeletedButRunning];
        Assert.All(terminating, reason => Assert.Equal(1, collect.Of(reason).Terminated));
        Assert.Equal(1, collect.Of(CollectReason.StalePreInsert).AlreadyGone);
        Assert.Equal(1, collect.Of(CollectReason.MachineLost).AlreadyGone);
        Assert.Equal(
            new[] { unhealthy.Id, dangling.Id, marked.Id, preInsert.Id, lost.Id }.Order(StringComparer.Ordinal),
            DeletedRows());
        Assert.All([unhealthy, dangling, marked, preInsert], made => Assert.False(HasObject(made.Key)));
    }

    [Fact]
    public async Task Cycle_CloudDoesNotAnswer_TerminatesNothingAndSaysSo()
    {
        var dangling = Member(isRegistered: false);
        await AcquireAsync();
        await CycleAsync(dryRun: true);
        FallSilent();

        await Assert.ThrowsAsync<ApplicationFailureException>(() => CycleAsync());
        var collect = await Activities().CollectAsync(_input);

        Assert.Empty(Terminated);
        Assert.Empty(DeletedRows());
        Assert.True(HasObject(dangling.Key));
        var guard = Assert.Single(collect.Blocked);
        Assert.StartsWith("the cloud could not say anything about any of 1 candidates", guard.Why);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Cycle_ProtectedMachine_IsSkippedWithItsReason(bool isByTag)
    {
        var made = Member(isRegistered: false, protectedByTag: isByTag, isLocked: !isByTag);
        await AcquireAsync();

        var (_, collect, _) = await CycleAsync();

        var sample = Assert.Single(collect.Samples);
        Assert.Equal((made.Id, "skipped"), (sample.InstanceId, sample.Action));
        Assert.Contains(isByTag ? "protected by tag" : "protect", sample.Why, StringComparison.Ordinal);
        Assert.Empty(Terminated);
        Assert.Empty(DeletedRows());
        Assert.True(HasObject(made.Key));
    }

    [Fact]
    public async Task Cycle_DryRun_ReportsAndChangesNothing()
    {
        var dangling = Member(isRegistered: false);
        var vanished = Member();
        Vanish(vanished.Machine!);
        await AcquireAsync();

        var (sync, collect, _) = await CycleAsync(dryRun: true);

        Assert.Contains(sync.Samples, s => s.InstanceId == vanished.Id && s.Action == "would mark deleted");
        Assert.Contains(collect.Samples, s => s.InstanceId == dangling.Id && s.Action == "would-terminate");
        Assert.Empty(Terminated);
        Assert.Empty(DeletedRows());
        Assert.Empty(_events.Batches);
        Assert.All([dangling, vanished], made => Assert.True(HasObject(made.Key)));
    }

    [Fact]
    public async Task Cycle_MachineVanished_RowIsMarkedAndLaterPurged()
    {
        var made = Member();
        await AcquireAsync();
        await CycleAsync();
        Vanish(made.Machine!);

        var (sync, _, _) = await CycleAsync();

        Assert.Equal(1, sync.MarkedDeleted);
        Assert.Equal([made.Id], DeletedRows());
        Assert.True(HasObject(made.Key));

        _input = _input with { AsOf = _input.AsOf.AddHours(1) };
        var (_, _, purge) = await CycleAsync();

        Assert.Equal(1, purge.Purged);
        Assert.Empty(DeletedRows());
        Assert.False(HasObject(made.Key));
        Assert.Empty(Terminated);
    }

    [Fact]
    public async Task Cycle_Quarantine_StopsTheMachineAndTerminatesItAfterTheWait()
    {
        var made = Member(isRegistered: false);
        await AcquireAsync();
        _input = _input with { Quarantine = TimeSpan.FromHours(1) };

        var (_, collect, _) = await CycleAsync();

        Assert.Equal(1, collect.Of(CollectReason.Dangling).Quarantined);
        Assert.True(IsStopped(made.Machine!));
        Assert.Empty(Terminated);

        _input = _input with { AsOf = _input.AsOf.AddHours(2) };
        await CycleAsync();

        Assert.Equal([made.Machine], Terminated);
    }

    private protected abstract string Launch(
        DateTimeOffset at, IReadOnlyDictionary<string, string> tags, bool isStopped, bool isLocked);

    /// <summary>Terminates the machine; the cloud still shows it.</summary>
    private protected abstract void ShowAsTerminated(string machine);

    /// <summary>The cloud no longer knows the machine.</summary>
    private protected abstract void Vanish(string machine);

    private protected abstract void FallSilent();

    private protected abstract bool IsStopped(string machine);

    private protected abstract void PutObject(string key, string text);

    private protected abstract void DeleteObject(string key);

    private protected abstract bool HasObject(string key);

    private static string NewId(DateTimeOffset issued) =>
        InstanceIds.New(issued).ToString();

    private Dictionary<string, string> Tags(string id) => new()
    {
        [CloudTags.Managed] = "true",
        [CloudTags.ClusterId] = Shard.Cluster,
        [CloudTags.Shard] = Shard.Shard,
        [CloudTags.InstanceId] = id,
        [CloudTags.Group] = "web",
    };

    /// <summary>A record and its machine.</summary>
    private Made Member(
        bool isRegistered = true, bool isStopped = false, bool hasMachine = true, bool namesMachine = true,
        bool protectedByTag = false, bool isLocked = false, DateTimeOffset? issued = null)
    {
        var at = issued ?? Start.AddHours(-5);
        var id = NewId(at);
        var tags = Tags(id);
        if (protectedByTag) tags[CloudTags.GcProtect] = "true";
        var machine = hasMachine ? Launch(at, tags, isStopped, isLocked) : null;
        Assert.True(InstanceId.TryParse(id, out var parsed));
        var key = RecordKey.For(Shard, "acme", parsed);
        var registered = isRegistered ? $", \"registered_at\": \"{at:yyyy-MM-ddTHH:mm:ssZ}\"" : "";
        PutObject(key, $$"""
            { "instance_id": "{{id}}", "tenant": "acme", "group": "web", "status": "running",
              "provider_instance_id": "{{(namesMachine ? machine : null)}}"{{registered}} }
            """);
        return new(id, machine, key);
    }

    private GcActivities Activities() =>
        new(
            new ShardDatabases { HostName = "host", DataDirectory = _folder }, Connections, _ => _events,
            new StoppedClock { Time = () => Now });

    /// <summary>Long enough ago: silence counts from the first read of a record.</summary>
    private async Task AcquireAsync() => await Activities().AcquireShardAsync(new(Shard, Start.AddMinutes(-30)));

    private async Task<(SyncResult Sync, CollectResult Collect, PurgeResult Purge)> CycleAsync(bool dryRun = false)
    {
        _input = _input with { Cycle = _input.Cycle + 1, AsOf = _input.AsOf.AddMinutes(2), DryRun = dryRun };
        SetCloudTime(_input.AsOf);
        var activities = Activities();
        var sync = await activities.SyncProviderAsync(_input);
        var collect = await activities.CollectAsync(_input);
        await activities.ScanHealthAsync(_input);
        return (sync, collect, await activities.PurgeRecordsAsync(_input));
    }

    /// <summary>Marks a row as deleted while its machine runs.</summary>
    private void MarkDeleted(Made made, DateTimeOffset at)
    {
        Query($"UPDATE instances SET deleted_at = '{GoTime.Format(at)}' WHERE id = '{made.Id}' RETURNING id");
        DeleteObject(made.Key);
    }

    private IEnumerable<string> DeletedRows() =>
        Query("SELECT id FROM instances WHERE deleted_at IS NOT NULL").Order(StringComparer.Ordinal);

    private List<string> Query(string sql)
    {
        var path = Path.Combine(_folder, Shard.Cluster, $"{Shard.Shard}.db");
        using var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        using var reader = command.ExecuteReader();
        var values = new List<string>();
        while (reader.Read()) values.Add(reader.GetString(0));
        return values;
    }

    private sealed record Made(string Id, string? Machine, string Key);
}
