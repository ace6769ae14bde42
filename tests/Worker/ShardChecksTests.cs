using System.Text;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Worker.Checks;
using Nstance.Temporal.Worker.Errors;

namespace Nstance.Temporal.Tests.Worker;

public sealed class ShardChecksTests
{
    private const string Right = """
        { // as nstance writes it
          "cluster": { "id": "c" }, "shard": { "id": "s", "infra": { "provider": "aws", "region": "eu-1" } }, }
        """;

    private readonly FakeConnections _connections = new();
    private readonly List<Check> _checks = [];

    [Fact]
    public async Task Run_AllWell_SaysSoAndAsksTheShardsRegion()
    {
        _connections.Bucket.Config = Encoding.UTF8.GetBytes(Right);

        await RunAsync();

        Assert.All(_checks, check => Assert.Equal(CheckState.Ok, check.State));
        Assert.Equal(["bucket", "config.jsonc", "nstance's collector", "cloud"], _checks.Select(check => check.Name));
        Assert.Equal(["eu-1"], _connections.Regions);
    }

    [Fact]
    public async Task Run_NoConfiguration_SaysWhereItShouldBe()
    {
        await RunAsync();

        Assert.Equal(
            [
                "s3://b/shard/s/config.jsonc is not there: is --shard right, and has nstance's server of this shard "
                    + "been set up?",
            ],
            Failures(ExitCode.BadInput));
    }

    [Fact]
    public async Task Run_BrokenConfiguration_SaysWhere()
    {
        _connections.Bucket.Config = "{ \"cluster\": { \"id\": "u8.ToArray();

        await RunAsync();

        Assert.StartsWith(
            "s3://b/shard/s/config.jsonc: shard/s/config.jsonc is broken at line 1",
            Assert.Single(Failures(ExitCode.Unreachable)),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_ConfigurationOfAnotherShardWithFaults_ReportsEachFault()
    {
        _connections.Bucket.Config = Encoding.UTF8.GetBytes(
            """{ "cluster": { "id": "other" }, "shard": { "id": "t", "request_timeout": "soon" } }""");

        await RunAsync();

        Assert.Equal(
            [
                "s3://b/shard/s/config.jsonc: shard.request_timeout is \"soon\": must be a duration such as 500ms, "
                    + "90s, 2m or 1h30m, not negative",
                "s3://b/shard/s/config.jsonc: cluster.id is \"other\": must be \"c\"",
                "s3://b/shard/s/config.jsonc: shard.id is \"t\": must be \"s\"",
            ],
            Failures(ExitCode.BadInput));
    }

    [Fact]
    public async Task Run_RefusedEverywhere_ReportsBoth()
    {
        _connections.Bucket.ConfigFault = new(CloudFault.Denied, "S3 refused") { Code = "AccessDenied" };
        _connections.Ec2.ListFault = new(CloudFault.Denied, "EC2 refused") { Code = "UnauthorizedOperation" };

        await RunAsync();

        Assert.Equal(["S3 refused", "EC2 refused"], Failures(ExitCode.BadInput));
        Assert.Equal(CheckState.Skipped, _checks.Single(check => check.Name == "config.jsonc").State);
    }

    [Theory]
    [InlineData("ExpiredToken", ExitCode.Unreachable)]
    [InlineData("RequestTimeTooSkewed", ExitCode.Unreachable)]
    [InlineData(null, ExitCode.Unreachable)] // a proxy's page, or no credentials yet
    [InlineData("AccessDenied", ExitCode.BadInput)]
    [InlineData("InvalidAccessKeyId", ExitCode.BadInput)]
    public async Task Run_Denied_IsBadInputUnlessItPassesByItself(string? awsCode, int code)
    {
        _connections.Bucket.Config = Encoding.UTF8.GetBytes(Right);
        _connections.Ec2.ListFault = new(CloudFault.Denied, "EC2 refused") { Code = awsCode };

        await RunAsync();

        Assert.Equal(["EC2 refused"], Failures(code));
    }

    [Fact]
    public async Task Run_ReadButNotListed_Fails()
    {
        _connections.Bucket.Config = Encoding.UTF8.GetBytes(Right);
        _connections.Bucket.ListFault = new(CloudFault.Denied, "S3 refused ListObjectsV2") { Code = "AccessDenied" };

        await RunAsync();

        Assert.Equal(["S3 refused ListObjectsV2"], Failures(ExitCode.BadInput));
        Assert.Equal(CheckState.Ok, _checks.Single(check => check.Name == "config.jsonc").State);
    }

    [Fact]
    public async Task Run_NoAnswer_IsNotCalledBadInput()
    {
        _connections.Bucket.ConfigFault = new(CloudFault.Transient, "S3 is away");
        _connections.Ec2.ListFault = new(CloudFault.Throttled, "EC2 is busy");

        await RunAsync();

        Assert.Equal(["S3 is away", "EC2 is busy"], Failures(ExitCode.Unreachable));
        Assert.Equal(ExitCode.Unreachable, Preflight.ExitCodeOf(_checks));
    }

    [Fact]
    public async Task Run_Always_ChangesNothing()
    {
        _connections.Bucket.Config = Encoding.UTF8.GetBytes(Right);

        await RunAsync();

        Assert.Empty(_connections.Bucket.Deletes);
        Assert.Empty(_connections.Ec2.TerminateCalls);
    }

    private Task<string?> RunAsync() => ShardChecks.RunAsync(
        _connections, new ShardRef("c", "s", "b"), _checks, TestContext.Current.CancellationToken);

    private IEnumerable<string> Failures(int code)
    {
        var failed = _checks.Where(check => check.State == CheckState.Failed).ToList();
        Assert.All(failed, check => Assert.Equal(code, check.Code));
        return failed.Select(check => check.Detail);
    }
}
