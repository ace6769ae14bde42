using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Tests.Support;
using Nstance.Temporal.Worker.Checks;
using Nstance.Temporal.Worker.Output;

namespace Nstance.Temporal.Tests.Worker;

/// <summary>What <c>doctor</c> and <c>status</c> say about nstance's leader.</summary>
public sealed class NstanceLeaderCheckTests
{
    private readonly FakeConnections _connections = new();

    [Theory]
    [InlineData("nst-1", nameof(CheckState.Ok), "nstance's leader for c/s is nst-1 at 10.0.3.4:9000, this host")]
    [InlineData(
        "nst-2", nameof(CheckState.Ok),
        "nstance's leader for c/s is nst-1 at 10.0.3.4:9000, not this host (nst-2): the worker waits")]
    public async Task Run_LeaderIsAlive_SaysWhere(string id, string state, string detail)
    {
        _connections.Bucket.Leader = () => LeaderFile.Alive(DateTimeOffset.UtcNow);

        Assert.Equal((Enum.Parse<CheckState>(state), detail), await RunAsync(id));
    }

    [Fact]
    public async Task Run_NoLeader_Warns() => Assert.Equal(
        (CheckState.Warning, "nstance has no leader for c/s: the bucket holds no shard/s/leader.json"),
        await RunAsync("nst-1"));

    [Fact]
    public async Task Run_FileIsNotJson_Warns()
    {
        _connections.Bucket.Leader = () => "nst-1"u8.ToArray();

        Assert.Equal(
            (CheckState.Warning, "s3://b/shard/s/leader.json is not valid JSON (line 1)"), await RunAsync("nst-1"));
    }

    [Fact]
    public async Task Run_Denied_Fails()
    {
        _connections.Bucket.LeaderFault = new(CloudFault.Denied, "S3 refused GetObject");

        Assert.Equal((CheckState.Failed, "S3 refused GetObject"), await RunAsync("nst-1"));
    }

    [Fact]
    public void Status_WithALeader_ShowsItAndSinceWhen()
    {
        var output = new StringWriter();
        var since = new DateTimeOffset(2026, 11, 28, 12, 0, 0, TimeSpan.Zero);

        var status = new GcStatus(new("c", "s", "b"), CollectorActivity.Waiting)
        {
            Host = "host-a",
            Leader = new("nst-7", "10.0.3.4", since),
        };
        StatusText.Write(new(output, TextWriter.Null, width: 200), status, since, wide: false);

        Assert.Contains("nst-7 at 10.0.3.4, since 2026-11-28 12:00:00Z", output.ToString(), StringComparison.Ordinal);
    }

    private async Task<(CheckState State, string Detail)> RunAsync(string id)
    {
        var check = await NstanceLeaderCheck.RunAsync(
            _connections, new() { Cluster = "c", Shard = "s", Bucket = "b", NstanceServerId = id },
            TestContext.Current.CancellationToken);
        return (check.State, check.Detail);
    }
}
