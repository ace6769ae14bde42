using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Ports;

namespace Nstance.Temporal.Tests.Collect;

public sealed class CollectPhaseTests : IDisposable
{
    private readonly CollectWorld _world = new();

    public void Dispose() => _world.Dispose();

    [Fact]
    public async Task Dangling_RowCloudAndRecordAgree_TerminatesDeletesMarksAndSendsTheEvent()
    {
        var made = _world.Add();

        var result = await _world.CollectAsync();

        Assert.Equal([made.ProviderId], _world.Cloud.TerminateCalls);
        _world.AssertCollected(made);
        var e = Assert.Single(_world.Events.Events);
        Assert.Equal((ReconcileEventType.GroupChanged, "acme", "web"), (e.Type, e.Tenant, e.Group));
        Assert.Equal(
            new CollectCounts { Reason = CollectReason.Dangling, Candidates = 1, Terminated = 1 },
            result.Of(CollectReason.Dangling));
    }

    [Fact]
    public async Task Dangling_RecordSaysRegistered_SkippedAndWrittenToTheRow()
    {
        var made = _world.Add(recordRegistered: true);

        var result = await _world.CollectAsync();

        _world.AssertSkipped(made, result, "its record says registered at");
        Assert.NotNull(_world.Db.Find(made.Id)!.RegisteredAt);
    }

    [Theory]
    [InlineData("true")]
    [InlineData("2026-11-23T18:40:01Z")]
    [InlineData("2026-13-45T99:00:00Z")]
    [InlineData("2026-11-22T00:00:00")]
    [InlineData("")]
    [InlineData("false")]
    public async Task Dangling_ProtectedByTag_Skipped(string value)
    {
        var made = _world.Add(protect: value);

        var result = await _world.CollectAsync();

        _world.AssertSkipped(made, result, "protected by tag");
    }

    [Fact]
    public async Task Dangling_ProtectionExpired_Terminated()
    {
        var made = _world.Add(protect: "2026-11-23T18:40:00Z");

        await _world.CollectAsync();

        _world.AssertCollected(made);
    }

    [Fact]
    public async Task Dangling_Young_IsNoCandidate()
    {
        var made = _world.Add(age: TimeSpan.FromMinutes(4));

        Assert.Equal(0, (await _world.CollectAsync()).Of(CollectReason.Dangling).Candidates);
        _world.AssertUntouched(made);
    }

    [Fact]
    public async Task Dangling_ForeignAtTheCloud_Skipped()
    {
        var made = _world.Add(shardTag: "elsewhere");

        var result = await _world.CollectAsync();

        _world.AssertSkipped(made, result, "does not carry the shard's tags");
    }

    [Fact]
    public async Task Dangling_LaunchedLately_Skipped()
    {
        var made = _world.Add();
        var instance = _world.Cloud.Instances[made.ProviderId];
        _world.Cloud.Add(instance with { LaunchTime = CollectWorld.AsOf.AddMinutes(-1) });

        var result = await _world.CollectAsync();

        _world.AssertSkipped(made, result, "launched too recently to have registered");
    }

    [Fact]
    public async Task Dangling_RecordUnreadableOrBroken_Skipped()
    {
        var unreadable = _world.Add();
        var broken = _world.Add();
        _world.Records.Unreadable.Add(unreadable.Key);
        _world.Records.Put(broken.Key, "{oops");

        var result = await _world.CollectAsync();

        _world.AssertSkipped(unreadable, result, "its record could not be read");
        _world.AssertSkipped(broken, result, "its record is invalid");
        Assert.Equal((2, 1), (result.Of(CollectReason.Dangling).Skipped, result.Invalid));
    }

    [Fact]
    public async Task Dangling_RecordNamesAnotherInstance_Skipped()
    {
        var made = _world.Add();
        _world.Sql("UPDATE instances SET provider_id = 'i-0000000000000099'");
        var instance = _world.Cloud.Instances[made.ProviderId];
        _world.Cloud.Add(instance with { ProviderId = "i-0000000000000099" });

        var result = await _world.CollectAsync();

        _world.AssertSkipped(made, result, $"its record names {made.ProviderId}, the row i-0000000000000099");
        Assert.Empty(_world.Cloud.TerminateCalls);
    }

    [Fact]
    public async Task Any_CloudCannotSay_Skipped()
    {
        var dangling = _world.Add();
        var stopped = _world.Add(rowStatus: "stopped", status: InstanceStatus.Stopped, registered: true);
        _world.Cloud.DescribeFault = new CloudException(CloudFault.Throttled, "throttled");

        var result = await _world.CollectAsync();

        _world.AssertSkipped(dangling, result, "the cloud could not say: throttled");
        _world.AssertSkipped(stopped, result, "the cloud could not say: throttled");
        Assert.Equal((1, 1), (result.Of(CollectReason.Dangling).Skipped, result.Of(CollectReason.Unhealthy).Skipped));
    }

    [Fact]
    public async Task Dangling_RowIsOfAnotherInstance_Skipped()
    {
        var made = _world.Add();
        var instance = _world.Cloud.Instances[made.ProviderId];
        var tags = new Dictionary<string, string>(instance.Tags) { [CloudTags.InstanceId] = "someone-else" };
        _world.Cloud.Add(instance with { Tags = tags });

        var result = await _world.CollectAsync();

        _world.AssertSkipped(made, result, "belongs to someone-else at the cloud");
    }

    [Fact]
    public async Task Dangling_GoneFromTheCloud_CleanedWithoutTermination()
    {
        var made = _world.Add(inCloud: false);

        var result = await _world.CollectAsync();

        Assert.Empty(_world.Cloud.TerminateCalls);
        _world.AssertCollected(made);
        Assert.Equal(1, result.Of(CollectReason.Dangling).AlreadyGone);
        Assert.Equal(1, result.GroupsChanged);
    }
}
