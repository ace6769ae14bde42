using CsCheck;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Tests.Support;
using SimpleBase;

namespace Nstance.Temporal.Tests.Domain;

public sealed class InstanceIdTests
{
    private const string Good = "knc06bgm7733st2576nx5jht4ecjw";

    private static readonly ShardRef Shard = new("c", "s", "bucket");

    [Fact]
    public void Parse_ContractsPair_GivesItsStorageKeyAndBack()
    {
        Assert.True(InstanceId.TryParse(Good, out var id));
        Assert.Equal("01970a1c-e31e-7422-9cd5-e9651d11cc97-knc", id.StorageKey);
        Assert.True(InstanceId.TryParseStorageKey(id.StorageKey, out var again));
        Assert.Equal((id, Good), (again, again.ToString()));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("gc-test-7")]
    [InlineData("knc06bgm7733st2576nx5jht4ecj")]
    [InlineData("knc06bgm7733st2576nx5jht4ecjw0")]
    [InlineData("KNC06bgm7733st2576nx5jht4ecjw")]
    [InlineData("knc06BGM7733st2576nx5jht4ecjw")]
    [InlineData("k1c06bgm7733st2576nx5jht4ecjw")]
    [InlineData("knc06bgm7733st2576nx5jht4ecjx")]
    [InlineData("knc06bgm7733st2576nx5jht4eciw")]
    [InlineData("knc06bgm7733st2576nx5jht4ecuw")]
    [InlineData("knc06bgm7733st2576nx5jht4ec/w")]
    public void Parse_AnythingElse_IsRefused(string? text) => Assert.False(InstanceId.TryParse(text, out _));

    [Theory]
    [InlineData("01970A1C-e31e-7422-9cd5-e9651d11cc97-knc")]
    [InlineData("01970a1c-e31e-4422-9cd5-e9651d11cc97-knc")]
    [InlineData("01970a1c-e31e-7422-1cd5-e9651d11cc97-knc")]
    [InlineData("01970a1c-e31e-7422-9cd5-e9651d11cc97_knc")]
    [InlineData("01970a1c-e31e-7422-9cd5-e9651d11cc97-kn")]
    [InlineData("{1970a1c-e31e-7422-9cd5-e9651d11cc97-knc")]
    public void ParseStorageKey_AnythingElse_IsRefused(string text) =>
        Assert.False(InstanceId.TryParseStorageKey(text, out _));

    [Fact]
    public void ToString_AnyUuid_IsWhatSimpleBaseWritesAndReadsBack() =>
        Gen.Byte.Array[16].Sample(bytes =>
        {
            bytes[6] = (byte)((bytes[6] & 0x0F) | 0x70);
            bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
            var id = InstanceIds.Of(new Guid(bytes, bigEndian: true), "knd");
            Assert.Equal("knd" + Base32.Crockford.Encode(bytes).ToLowerInvariant(), id.ToString());
            Assert.True(InstanceId.TryParse(id.ToString(), out var again));
            Assert.Equal(id, again);
        });

    [Theory]
    [InlineData("acme", true)]
    [InlineData("a", true)]
    [InlineData("../acme", false)]
    [InlineData("a--b", false)]
    [InlineData("-a", false)]
    [InlineData("a-", false)]
    [InlineData("Acme", false)]
    [InlineData("a.b", false)]
    [InlineData("abcdefghijabcdefghijabcdefghijabc", false)]
    public void RecordKey_Tenant_CannotLeaveThePrefix(string tenant, bool valid)
    {
        Assert.True(InstanceId.TryParse(Good, out var id));
        Assert.Equal(valid, Identifiers.IsValid(tenant));
        if (!valid)
        {
            Assert.Throws<ArgumentException>(() => RecordKey.For(Shard, tenant, id));
            return;
        }

        var key = RecordKey.For(Shard, tenant, id);
        Assert.True(RecordKey.TryParse(Shard, key, out var again, out var same));
        Assert.Equal((tenant, id), (again, same));
        Assert.False(RecordKey.TryParse(Shard with { Shard = "other" }, key, out _, out _));
    }
}
