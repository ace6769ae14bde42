using System.Text;
using Nstance.Temporal.Activities.Domain;

namespace Nstance.Temporal.Tests.Domain;

public sealed class ShardConfigTests
{
    private static readonly ShardRef Shard = new("prod", "a-1", "bucket");

    [Fact]
    public void Parse_CommentsTrailingCommasAndUnknownMembers_AreFine()
    {
        var result = Parse("""
            { // c
              "cluster": {"id": "prod",}, "x": [1,],
              "shard": {"id": "a-1", "health_check_interval": "30s", "infra": {"provider": "aws", "region": "r"},
                "garbage_collection": {"interval": "0", "deleted_record_retention": "-1s", /* c */}},
            }
            """);
        Assert.Empty(result.Faults);
        Assert.Equal("r", result.Config!.Region);
        Assert.Equal(
            new ShardTimings { Interval = TimeSpan.Zero, HealthCheckInterval = TimeSpan.FromSeconds(30) },
            result.Config.Timings);
    }

    [Fact]
    public void Parse_ManyFaults_AreReportedAtOnce()
    {
        var result = Parse("""
            {"cluster": {"id": "PROD"}, "shard": {"id": "b-2", "health_check_interval": "soon", "request_timeout": 5,
              "infra": {"provider": "gcp"}, "garbage_collection": {"registration_timeout": "0s"}}}
            """);
        Assert.Null(result.Config);
        Assert.True(result.OfAnother);
        Assert.Equal(
            [
                "cluster.id", "shard.garbage_collection.registration_timeout", "shard.health_check_interval",
                "shard.id", "shard.infra.provider", "shard.request_timeout",
            ],
            result.Faults.Select(f => f.Key).Order(StringComparer.Ordinal));
        Assert.Contains("shard.health_check_interval is \"soon\": must be a duration", result.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("{\"cluster\":1}")]
    [InlineData("{\"cluster\":{\"id\":\"prod\"},\"cluster\":{\"id\":\"prod\"},\"shard\":{\"id\":\"a-1\"}}")]
    public void Parse_Broken_IsAFaultAndNoException(string text) => Assert.NotEmpty(Parse(text).Faults);

    private static ShardConfigResult Parse(string text) => ShardConfig.Parse(Encoding.UTF8.GetBytes(text), Shard);
}
