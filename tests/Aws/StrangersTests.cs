using Amazon.Runtime;
using Microsoft.AspNetCore.Http;
using Nstance.Temporal.Activities.Aws;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Simulation.Cloud;
using Nstance.Temporal.Tests.Support;

namespace Nstance.Temporal.Tests.Aws;

/// <summary>
/// A proxy or another service answers 200 in AWS's place. Its page must read neither as an empty answer nor as success.
/// </summary>
public sealed class StrangersTests : IAsyncLifetime
{
    private const string Id = "i-0123456789abcdef0";

    private static readonly CloudInstance Instance =
        new(Id, "running", default, null, "us-west-2a", null, null, null, new Dictionary<string, string>());

    private string _answer = "";
    private LoopbackServer _stranger = null!;
    private AwsConnections _connections = null!;

    public static TheoryData<string> Answers =>
    [
        "",
        "Sign in",
        "<!DOCTYPE html><html><body>Sign in<br></body></html>",
        "<html><head><title>Sign in</title></head><body/></html>",
        "<ListAllMyBucketsResult><Buckets/></ListAllMyBucketsResult>",
    ];

    public async ValueTask InitializeAsync()
    {
        _stranger = await LoopbackServer.StartAsync(http => http.Response.WriteAsync(_answer));
        _connections = new(new AwsSettings
        {
            Region = "us-west-2",
            Ec2Endpoint = _stranger.Url,
            S3Endpoint = _stranger.Url,
            Credentials = new BasicAWSCredentials("test", "test"),
            MaxErrorRetry = 0,
        });
    }

    public async ValueTask DisposeAsync()
    {
        _connections.Dispose();
        await _stranger.DisposeAsync();
    }

    [Theory]
    [MemberData(nameof(Answers))]
    public async Task Ec2_StrangerAnswers_SaysNothing(string answer)
    {
        _answer = answer;
        var cloud = AwsShard.Ec2(_connections);

        await SaysNothing(() => cloud.ListAsync(AwsShard.Ref, 0, default).AllAsync());
        await SaysNothing(() => cloud.FindByInstanceIdAsync(AwsShard.Ref, ["knc06bgm7733st2576nx5jht4ecjw"], default));
        Assert.Equal([Id], (await cloud.DescribeAsync([Id], default)).Unknown.Keys);
        Assert.Equal(TerminateOutcome.Failed, (await cloud.FindProtectedAsync([Instance], default))[Id].Outcome);
        Assert.Equal(TerminateOutcome.Failed, (await cloud.TerminateAsync([Instance], default))[Id].Outcome);
        await SaysNothing(() => cloud.ReleaseAsync(Instance, DateTimeOffset.UnixEpoch, default));
    }

    [Theory]
    [MemberData(nameof(Answers))]
    public async Task S3_StrangerAnswers_SaysNothing(string answer)
    {
        const string line = "shard/us-west-2a/gc/audit/2026/11/27/1.jsonl";
        const string record = "shard/us-west-2a/instance/acme.01970a1c-e31e-7422-9cd5-e9651d11cc97-knc.json";
        _answer = answer;
        IConnections connections = _connections;
        var records = connections.Records(RealClients.Timeout);
        var audit = connections.Audit(RealClients.Timeout);

        await SaysNothing(() => records.ListAsync(AwsShard.Ref, default).AllAsync());
        Assert.IsNotType<RecordRead.Missing>(await records.GetAsync(AwsShard.Ref, record, default));
        Assert.Equal([record], (await records.DeleteAsync(AwsShard.Ref, [record], default)).Keys);
        await SaysNothing(() => audit.PutAsync(AwsShard.Ref, line, "x"u8.ToArray(), default));
        await SaysNothing(() => audit.ListAsync(AwsShard.Ref, new(2026, 11, 27), default));
    }

    private static async Task SaysNothing(Func<Task> ask) =>
        Assert.Equal(CloudFault.Transient, (await Assert.ThrowsAsync<CloudException>(ask)).Fault);
}
