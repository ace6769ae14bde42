using System.Text;
using Microsoft.AspNetCore.Http;
using Nstance.Temporal.Activities.Aws;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Simulation.Cloud;
using Nstance.Temporal.Simulation.Faults;
using Nstance.Temporal.Tests.Support;

namespace Nstance.Temporal.Tests.Aws;

/// <summary>Stores that speak S3 as it was before AWS's newer checksums, such as MinIO, Ceph and SeaweedFS.</summary>
public sealed class OlderStoreTests
{
    private const string Prefix = "shard/us-west-2a/instance/acme.";

    private readonly List<string> _notices = [];

    [Theory]
    [InlineData("MissingContentMD5")]
    [InlineData("InvalidRequest")]
    [InlineData("NotImplemented")]
    public async Task DeleteAsync_BatchIsRefused_DeletesOneByOneAndSaysItOnce(string code)
    {
        await using var cloud = await StartAsync(code);
        using var connections = cloud.Connect(_notices.Add);
        var first = Put(cloud, 40, from: 0);
        var second = Put(cloud, 40, from: 40);
        var kept = Put(cloud, 1, from: 99);

        var missing = Prefix + "missing.json";
        Assert.Empty(await Store(connections).DeleteAsync(AwsShard.Ref, [.. first, missing], default));
        Assert.Empty(await Store(connections).DeleteAsync(AwsShard.Ref, second, default));

        Assert.Equal(kept, cloud.S3.Keys("bucket", ""));
        Assert.Equal((1, 81), (cloud.Calls["DeleteObjects"], cloud.Calls["DeleteObject"]));
        var line = Assert.Single(_notices);
        Assert.StartsWith(
            $"the store of bucket bucket refuses DeleteObjects (S3 at {cloud.S3Url} refused DeleteObjects ({code}: ",
            line, StringComparison.Ordinal);
        Assert.EndsWith("); objects are deleted one by one", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task DeleteAsync_OneIsDenied_TheOthersGo()
    {
        await using var cloud = await StartAsync("MissingContentMD5");
        using var connections = cloud.Connect(_notices.Add);
        var keys = Put(cloud, 20, from: 0);
        cloud.Faults.Always("DeleteObject", Fault.Denied, key => key == keys[7]);

        var failed = await Store(connections).DeleteAsync(AwsShard.Ref, keys, default);

        Assert.Contains("AccessDenied", Assert.Single(failed).Value, StringComparison.Ordinal);
        Assert.Equal([keys[7]], cloud.S3.Keys("bucket", ""));
    }

    [Fact]
    public async Task DeleteAsync_StoreIsAway_NamesEveryKeyAfterFewCalls()
    {
        await using var cloud = await StartAsync("MissingContentMD5");
        using var connections = cloud.Connect(_notices.Add);
        var keys = Put(cloud, 1_500, from: 0);
        cloud.Faults.Always("DeleteObject", Fault.Unavailable);

        var failed = await Store(connections).DeleteAsync(AwsShard.Ref, keys, default);

        Assert.Equal(keys.Order(StringComparer.Ordinal), failed.Keys.Order(StringComparer.Ordinal));
        Assert.InRange(cloud.Calls["DeleteObject"], 1, 32);
        Assert.Empty(_notices);
    }

    [Fact]
    public async Task DeleteAsync_BucketIsMissing_IsNoReasonToDeleteOneByOne()
    {
        await using var cloud = await SimulatedCloud.StartAsync();
        using var connections = cloud.Connect(_notices.Add);

        var failed = await Store(connections).DeleteAsync(AwsShard.Ref, [Prefix + "1.json"], default);

        Assert.Contains("NoSuchBucket", Assert.Single(failed).Value, StringComparison.Ordinal);
        Assert.Equal(0, cloud.Calls["DeleteObject"]);
    }

    /// <summary>S3 did not send a proxy's page, so the record may still exist.</summary>
    [Fact]
    public async Task DeleteAsync_ProxyAnswersASingleDelete_IsNotDone()
    {
        await using var server = await LoopbackServer.StartAsync(async http =>
        {
            http.Response.StatusCode = http.Request.Method == "POST" ? 400 : 200;
            await http.Response.WriteAsync(http.Request.Method == "POST"
                ? "<Error><Code>MissingContentMD5</Code><Message>x</Message></Error>"
                : "<html>sign in</html>");
        });
        using var connections = new AwsConnections(
            new()
            {
                Region = "us-west-2",
                S3Endpoint = server.Url,
                Credentials = new Amazon.Runtime.BasicAWSCredentials("a", "b"),
                MaxErrorRetry = 0,
            },
            _notices.Add);

        var failed = await Store(connections).DeleteAsync(AwsShard.Ref, [Prefix + "1.json"], default);

        Assert.Contains("not S3's", Assert.Single(failed).Value, StringComparison.Ordinal);
        Assert.Empty(_notices);
    }

    [Fact]
    public async Task OtherCalls_OlderStore_AreTaken()
    {
        await using var cloud = await StartAsync("MissingContentMD5");
        using var connections = cloud.Connect(_notices.Add);
        var audit = ((IConnections)connections).Audit(RealClients.Timeout);
        var key = AuditKey.For(AwsShard.Ref, new(2026, 11, 25, 1, 2, 3, TimeSpan.Zero), "abc");

        await audit.PutAsync(AwsShard.Ref, key, "{}\n"u8.ToArray(), default);

        Assert.Equal("{}\n", Encoding.UTF8.GetString((await audit.GetAsync(AwsShard.Ref, key, default))!));
        Assert.Equal([key], await audit.ListAsync(AwsShard.Ref, new(2026, 11, 25), default));
    }

    private static Task<SimulatedCloud> StartAsync(string code) =>
        SimulatedCloud.StartAsync(new() { Buckets = ["bucket"], OlderStore = code });

    private static string[] Put(SimulatedCloud cloud, int count, int from)
    {
        var keys = Enumerable.Range(from, count).Select(n => $"{Prefix}{n:0000}.json").ToArray();
        foreach (var key in keys) cloud.S3.Put("bucket", key, "{}"u8.ToArray());
        return keys;
    }

    private static IRecordStore Store(IConnections connections) => connections.Records(RealClients.Timeout);
}
