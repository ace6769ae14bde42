using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Ports;

namespace Nstance.Temporal.Tests.Domain;

public sealed class ShardKeysTests
{
    private static readonly ShardRef Plain = new("prod", "a", "bucket");

    private static readonly ShardRef Prefixed = Plain with { Prefix = "teams/x" };

    [Fact]
    public void Keys_NoPrefix_BeginWithShard()
    {
        Assert.Equal("shard/a/config.jsonc", ShardKeys.Config(Plain));
        Assert.Equal("shard/a/leader.json", ShardKeys.Leader(Plain));
        Assert.Equal("shard/a/instance/", RecordKey.Prefix(Plain));
        Assert.Equal("shard/a/gc/audit/", AuditKey.Prefix(Plain));
        Assert.Equal("s3://bucket/", ShardKeys.Place(Plain));
    }

    [Fact]
    public void Keys_Prefix_LieUnderIt()
    {
        Assert.Equal("teams/x/shard/a/config.jsonc", ShardKeys.Config(Prefixed));
        Assert.Equal("teams/x/shard/a/leader.json", ShardKeys.Leader(Prefixed));
        Assert.Equal("teams/x/shard/a/instance/", RecordKey.Prefix(Prefixed));
        Assert.Equal("teams/x/shard/a/gc/audit/", AuditKey.Prefix(Prefixed));
        Assert.Equal("s3://bucket/teams/x/", ShardKeys.Place(Prefixed));
    }

    [Fact]
    public void TryParse_KeyOfAnotherPrefix_IsNoRecordOfTheShard()
    {
        Assert.True(InstanceId.TryParse("knc06bgm7733st2576nx5jht4ecjw", out var id));
        var key = RecordKey.For(Prefixed, "acme", id);
        Assert.True(RecordKey.TryParse(Prefixed, key, out _, out var same));
        Assert.Equal(id, same);
        Assert.False(RecordKey.TryParse(Plain, key, out _, out _));
        Assert.False(RecordKey.TryParse(Prefixed with { Prefix = "teams" }, key, out _, out _));
        Assert.False(RecordKey.TryParse(Prefixed, RecordKey.For(Plain, "acme", id), out _, out _));
    }

    [Theory]
    [InlineData("P")]
    [InlineData("a/b_c.d-e/f")]
    [InlineData("...")]
    [InlineData("team=x+y")]
    public void IsPrefix_OneSpellingOfAPlace_IsTaken(string prefix) => Assert.True(ShardKeys.IsPrefix(prefix));

    [Theory]
    [InlineData("")]
    [InlineData("/P")]
    [InlineData("P/")]
    [InlineData("a//b")]
    [InlineData("..")]
    [InlineData("a/../b")]
    [InlineData("a/./b")]
    [InlineData("a b")]
    [InlineData("a\nb")]
    [InlineData("a\\b")]
    [InlineData("é")]
    public void IsPrefix_AnythingElse_IsRefusedAndMakesNoKey(string prefix)
    {
        Assert.False(ShardKeys.IsPrefix(prefix));
        if (prefix.Length > 0)
            Assert.Throws<ArgumentException>(() => ShardKeys.Root(Plain with { Prefix = prefix }));
    }
}
