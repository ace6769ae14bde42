using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Simulation.Cloud;
using Nstance.Temporal.Simulation.Faults;
using Nstance.Temporal.Tests.Support;

namespace Nstance.Temporal.Tests.Aws;

/// <summary>The bucket's port through the real SDK client.</summary>
public class S3RecordStoreTests
{
    private const string Key = "shard/us-west-2a/instance/acme.01970a1c-e31e-7422-9cd5-e9651d11cc97-knc.json";

    private static readonly SimulatedCloudOptions OneBucket = new() { Buckets = ["bucket"] };

    [Fact]
    public async Task ListAsync_MoreThanAPage_ListsRecordsOfTheShardAlone()
    {
        await using var cloud = await SimulatedCloud.StartAsync(OneBucket);
        var keys = Enumerable.Range(0, 1_300).Select(n => $"shard/us-west-2a/instance/acme.{n:0000}.json").ToArray();
        foreach (var key in keys) cloud.S3.Put("bucket", key, "{}"u8.ToArray());
        cloud.S3.Put("bucket", "shard/us-west-2a/config.jsonc", "{}"u8.ToArray());
        cloud.S3.Put("bucket", "shard/elsewhere/instance/acme.1.json", "{}"u8.ToArray());
        using var connections = cloud.Connect();
        var listed = await Store(connections).ListAsync(AwsShard.Ref, default).AllAsync();
        Assert.Equal(keys, listed.Select(o => o.Key));
    }

    [Fact]
    public async Task ListAsync_KeyThatXmlCannotHold_HidesNoneOfTheOthers()
    {
        await using var cloud = await SimulatedCloud.StartAsync(OneBucket);
        const string prefix = "shard/us-west-2a/instance/";
        string[] keys = [prefix + "%41+b c~*(é).json", Key, prefix + "b\u0001\u001e\n.json"];
        foreach (var key in keys) cloud.S3.Put("bucket", key, "{}"u8.ToArray());
        using var connections = cloud.Connect();
        var listed = await Store(connections).ListAsync(AwsShard.Ref, default).AllAsync();
        Assert.Equal(keys, listed.Select(o => o.Key));
    }

    [Fact]
    public async Task GetAsync_MissingBucket_IsNotAMissingRecord()
    {
        await using var cloud = await SimulatedCloud.StartAsync();
        using var connections = cloud.Connect();
        var fault = await Assert.ThrowsAsync<CloudException>(
            () => Store(connections).GetAsync(AwsShard.Ref, Key, default));
        Assert.NotEqual(CloudFault.Gone, fault.Fault);
    }

    [Fact]
    public async Task GetAsync_FoundMissingAndBroken_AreDistinguished()
    {
        await using var cloud = await SimulatedCloud.StartAsync(OneBucket);
        using var connections = cloud.Connect();
        var store = Store(connections);
        Assert.IsType<RecordRead.Missing>(await store.GetAsync(AwsShard.Ref, Key, default));
        cloud.S3.Put("bucket", Key, "{oops jwt-secret"u8.ToArray());
        var invalid = Assert.IsType<RecordRead.Invalid>(await store.GetAsync(AwsShard.Ref, Key, default));
        Assert.DoesNotContain("secret", invalid.Why, StringComparison.Ordinal);
        cloud.S3.Put("bucket", Key, """
            { "instance_id": "knc06bgm7733st2576nx5jht4ecjw", "tenant": "acme", "group": "web", "status": "running" }
            """u8.ToArray());
        var found = Assert.IsType<RecordRead.Found>(await store.GetAsync(AwsShard.Ref, Key, default));
        Assert.Equal("web", found.Record.Group);
    }

    [Fact]
    public async Task DeleteAsync_OneKeyFails_IsNamedAndTheOthersGo()
    {
        await using var cloud = await SimulatedCloud.StartAsync(OneBucket);
        var other = Key.Replace("acme", "globex", StringComparison.Ordinal);
        cloud.S3.Put("bucket", Key, "{}"u8.ToArray());
        cloud.S3.Put("bucket", other, "{}"u8.ToArray());
        cloud.Faults.Always("DeleteObjects:Key", Fault.InternalError, key => key == other);
        using var connections = cloud.Connect();
        var missing = Key.Replace("acme", "missing", StringComparison.Ordinal);
        var failed = await Store(connections).DeleteAsync(AwsShard.Ref, [Key, other, missing], default);
        Assert.Equal(other, Assert.Single(failed).Key);
        Assert.Null(cloud.S3.Get("bucket", Key));
        Assert.NotNull(cloud.S3.Get("bucket", other));
    }

    [Theory]
    [InlineData("shard/elsewhere/instance/acme.01970a1c-e31e-7422-9cd5-e9651d11cc97-knc.json")]
    [InlineData("shard/us-west-2a/config.jsonc")]
    [InlineData("cluster/ca.crt")]
    public async Task DeleteAsync_KeyOutsideTheShardsRecords_IsNeverDeleted(string key)
    {
        await using var cloud = await SimulatedCloud.StartAsync(OneBucket);
        cloud.S3.Put("bucket", key, "{}"u8.ToArray());
        using var connections = cloud.Connect();
        await Record.ExceptionAsync(() => Store(connections).DeleteAsync(AwsShard.Ref, [key], default));
        Assert.NotNull(cloud.S3.Get("bucket", key));
    }

    private static IRecordStore Store(IConnections connections) => connections.Records(RealClients.Timeout);
}
