using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.LocalDb;

namespace Nstance.Temporal.Tests.LocalDb;

public sealed class ProviderStateTests
{
    [Theory]
    [InlineData(null, """{"instance_id":"x","status":"running"}""")]
    [InlineData("", """{"instance_id":"x","status":"running"}""")]
    [InlineData("no json", """{"instance_id":"x","status":"running"}""")]
    [InlineData("[1]", """{"instance_id":"x","status":"running"}""")]
    [InlineData("""{"status":"stopped","status":"pending","a":1}""", """{"instance_id":"x","status":"running"}""")]
    [InlineData("""{"a":"\ud800"}""", """{"instance_id":"x","status":"running"}""")]
    [InlineData("""{ "a": [1, {"status": "stopped"}], "status": 5, "b": null }""",
        """{"a":[1,{"status":"stopped"}],"b":null,"instance_id":"x","status":"running"}""")]
    [InlineData("""{"\ud800":1,"status":"stopped"}""", """{"instance_id":"x","status":"running"}""")]
    [InlineData("""{"statu\u0073":"stopped"}""", """{"instance_id":"x","status":"running"}""")]
    public void With_AnyState_KeepsWhatItDoesNotKnowOrStartsAgain(string? current, string expected) =>
        Assert.Equal(expected, ProviderState.With(current, new(InstanceStatus.Running) { InstanceId = "x" }));

    [Theory]
    [InlineData("""{"status":"stopped","a":1,"status":"running"}""", true)]
    [InlineData("""{"status":"stopped","statu\u0073":"running"}""", true)]
    [InlineData("""{"status":"stopped","a":{"status":"running"}}""", false)]
    [InlineData("""{"\ud800":1,"status":"stopped"}""", false)]
    [InlineData("""{"status":""", false)]
    [InlineData("[1]", false)]
    [InlineData("", false)]
    public void IsAmbiguous_AnyState_OnlyWhereTheStatusIsNamedTwice(string state, bool isAmbiguous) =>
        Assert.Equal(isAmbiguous, ProviderState.IsAmbiguous(state));

    [Fact]
    public void Fingerprint_AnythingDiffers_IsAnother()
    {
        using var state = new ProviderState();
        var print = state.Fingerprint("id"u8, "i-1"u8, true, "abc"u8);

        Assert.Equal(print, state.Fingerprint("id"u8, "i-1"u8, true, "abc"u8));
        Assert.NotEqual(print, state.Fingerprint("id"u8, "i-1"u8, true, "abd"u8));
        Assert.NotEqual(print, state.Fingerprint("id"u8, "i-2"u8, true, "abc"u8));
        Assert.NotEqual(print, state.Fingerprint("i"u8, "di-1"u8, true, "abc"u8));
        Assert.NotEqual(print, state.Fingerprint("id"u8, "i-1a"u8, true, "bc"u8));
        Assert.NotEqual(state.Fingerprint("id"u8, "i-1"u8, true, ""u8), state.Fingerprint("id"u8, "i-1"u8, false, ""u8));
    }
}
