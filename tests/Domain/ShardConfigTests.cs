using System.Text;
using Nstance.Temporal.Activities.Domain;

namespace Nstance.Temporal.Tests.Domain;

/// <summary><c>config.jsonc</c> as nstance's own server reads it (contract, "Configuration").</summary>
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
                "garbage_collection": {"interval": "3m", "deleted_record_retention": "1h", /* c */}},
            }
            """);
        Assert.Empty(result.Faults);
        Assert.Equal("r", result.Config!.Region);
        Assert.Equal(
            new ShardTimings
            {
                Interval = TimeSpan.FromMinutes(3),
                DeletedRecordRetention = TimeSpan.FromHours(1),
                HealthCheckInterval = TimeSpan.FromSeconds(30),
            },
            result.Config.Timings);
    }

    [Theory]
    [InlineData("\"0s\"")]
    [InlineData("\"0\"")]
    [InlineData("\"0h0m\"")]
    [InlineData("\"-0s\"")]
    [InlineData("\"\"")]
    [InlineData("null")]
    public void Parse_ZeroTimings_AreNstancesDefaults(string zero) => Assert.Equal(
        new ShardTimings(),
        Timings($$"""
            "health_check_interval": {{zero}}, "request_timeout": {{zero}}, "garbage_collection": {
              "interval": {{zero}}, "registration_timeout": {{zero}}, "deleted_record_retention": {{zero}} }
            """));

    [Theory]
    [InlineData("health_check_interval")]
    [InlineData("request_timeout")]
    [InlineData("garbage_collection.interval")]
    [InlineData("garbage_collection.registration_timeout")]
    [InlineData("garbage_collection.deleted_record_retention")]
    public void Parse_NegativeTiming_IsRefused(string path)
    {
        var member = path.Split('.') is [var parent, var name]
            ? $$"""
            "{{parent}}": { "{{name}}": "-1s" }
            """
            : $"\"{path}\": \"-1s\"";

        Assert.Equal(
            $"shard.{path} is \"-1s\": must be {GoDuration.Rule}, not negative", ParseShard(member).ToString());
    }

    [Theory]
    [InlineData("\"request_timeout\": \"5s\", \"request_timeout\": \"7s\"")]
    [InlineData("\"request_timeout\": \"7s\", \"request_timeout\": null")]
    [InlineData("\"Request_Timeout\": \"7s\"")]
    [InlineData("\"request_timeout\": \"5s\", \"REQUEST_TIMEOUT\": \"7s\"")]
    [InlineData("\"REQUEST_TIMEOUT\": \"5s\", \"request_timeout\": \"7s\"")]
    public void Parse_DuplicatesAndCapitals_LastOneCounts(string members) => Assert.Equal(
        new ShardTimings { RequestTimeout = TimeSpan.FromSeconds(7) }, Timings(members));

    [Fact]
    public void Parse_ObjectTwice_IsMergedAsGoMergesIt()
    {
        var result = Parse("""
            { "Cluster": {"id": "other"}, "cluster": {"ID": "prod"},
              "shard": {"id": "a-1", "garbage_collection": {"interval": "5m", "registration_timeout": "9m"}},
              "Shard": {"Garbage_Collection": {"Interval": "6m"}} }
            """);

        Assert.Equal(
            new ShardTimings { Interval = TimeSpan.FromMinutes(6), RegistrationTimeout = TimeSpan.FromMinutes(9) },
            result.Config!.Timings);
    }

    /// <summary>nstance's own advice to slow its collector down must not break ours.</summary>
    [Fact]
    public void Parse_LongestTimings_AreTaken() => Assert.Equal(
        new ShardTimings
        {
            Interval = TimeSpan.FromHours(8759),
            RegistrationTimeout = TimeSpan.FromHours(8760),
            RequestTimeout = TimeSpan.FromHours(8760),
        },
        Timings("""
            "request_timeout": "8760h",
            "garbage_collection": {"interval": "8759h", "registration_timeout": "8760h"}
            """));

    [Theory]
    [InlineData("\"x\": \"\\ud800\", \"\\ud800\": 1")]
    [InlineData("\"infra\": null, \"garbage_collection\": null")]
    public void Parse_UnknownMembers_AreIgnored(string members) =>
        Assert.Equal(new ShardTimings(), Timings(members));

    [Fact]
    public void Parse_DeeplyNestedArguments_AreFine() => Assert.Equal(
        new ShardTimings(), Timings($"\"x\": {new string('[', 500)}{new string(']', 500)}"));

    [Fact]
    public void Parse_ManyFaults_AreReportedAtOnce()
    {
        var result = Parse("""
            {"cluster": {"id": "PROD"}, "shard": {"id": "b-2", "health_check_interval": "soon", "request_timeout": 5,
              "infra": {"provider": "gcp"}, "garbage_collection": {"registration_timeout": "-1s"}}}
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
    [InlineData("{\"cluster\":{\"id\":\"prod\"},\"shard\":{\"id\":\"a-1\"},\"Shard\":\"x\"}")]
    public void Parse_Broken_IsAFaultAndNoException(string text) => Assert.NotEmpty(Parse(text).Faults);

    private static ShardTimings Timings(string members)
    {
        var result = ParseShard(members);
        Assert.Empty(result.Faults);
        return result.Config!.Timings;
    }

    private static ShardConfigResult ParseShard(string members) =>
        Parse($$"""{ "cluster": { "id": "prod" }, "shard": { "id": "a-1", {{members}} } }""");

    private static ShardConfigResult Parse(string text) =>
        ShardConfig.Parse(Encoding.UTF8.GetBytes(text), Shard, "aws");
}
