using System.Text;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Simulation.Cloud;
using Nstance.Temporal.Simulation.Faults;
using Nstance.Temporal.Tests.Support;

namespace Nstance.Temporal.Tests.Aws;

/// <summary>The audit's port through the real SDK client.</summary>
public sealed class S3AuditStoreTests
{
    private static readonly SimulatedCloudOptions OneBucket = new() { Buckets = ["bucket"] };
    private static readonly DateTimeOffset At = new(2026, 11, 25, 23, 59, 58, TimeSpan.Zero);

    [Fact]
    public async Task PutAsync_ThenRead_GivesTheSameLinesOnThatDayAlone()
    {
        await using var cloud = await SimulatedCloud.StartAsync(OneBucket);
        using var connections = cloud.Connect();
        var store = Store(connections);
        var key = AuditKey.For(AwsShard.Ref, At, "abc");

        await store.PutAsync(AwsShard.Ref, key, "{\"id\":\"1\"}\n"u8.ToArray(), default);

        Assert.Equal("shard/us-west-2a/gc/audit/2026/11/25/235958-abc.jsonl", key);
        Assert.Equal([key], await store.ListAsync(AwsShard.Ref, new(2026, 11, 25), default));
        Assert.Empty(await store.ListAsync(AwsShard.Ref, new(2026, 11, 26), default));
        Assert.Equal("{\"id\":\"1\"}\n", Encoding.UTF8.GetString((await store.GetAsync(AwsShard.Ref, key, default))!));
        Assert.Null(await store.GetAsync(AwsShard.Ref, AuditKey.For(AwsShard.Ref, At, "other"), default));
    }

    [Fact]
    public async Task PutAsync_Denied_SaysSo()
    {
        await using var cloud = await SimulatedCloud.StartAsync(OneBucket);
        cloud.Faults.Always("PutObject", Fault.Denied);
        using var connections = cloud.Connect();

        var key = AuditKey.For(AwsShard.Ref, At, "abc");
        var fault = await Assert.ThrowsAsync<CloudException>(
            () => Store(connections).PutAsync(AwsShard.Ref, key, "x"u8.ToArray(), default));

        Assert.Equal(CloudFault.Denied, fault.Fault);
    }

    [Theory]
    [InlineData("shard/us-west-2a/instance/acme.json")]
    [InlineData("shard/other/gc/audit/2026/11/25/1.jsonl")]
    public async Task PutAndGet_KeyOutsideTheAudit_AreRefused(string key)
    {
        await using var cloud = await SimulatedCloud.StartAsync(OneBucket);
        using var connections = cloud.Connect();

        await Assert.ThrowsAsync<ArgumentException>(
            () => Store(connections).PutAsync(AwsShard.Ref, key, "x"u8.ToArray(), default));
        await Assert.ThrowsAsync<ArgumentException>(() => Store(connections).GetAsync(AwsShard.Ref, key, default));
    }

    private static IAuditStore Store(IConnections connections) => connections.Audit(RealClients.Timeout);
}
