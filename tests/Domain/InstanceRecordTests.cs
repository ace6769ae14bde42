using System.Text;
using Nstance.Temporal.Activities.Domain;

namespace Nstance.Temporal.Tests.Domain;

public sealed class InstanceRecordTests
{
    private const string Id = "knc06bgm7733st2576nx5jht4ecjw";

    [Fact]
    public void Parse_UnknownMembers_AreIgnoredAndNoSecretIsPrinted()
    {
        var text = Record("""
            "registration_jwt":"s3cret","x":{"y":[1,null,1.50]},"tags":null,"provider_instance_id":""
            """);
        Assert.True(InstanceRecord.TryParse(Encoding.UTF8.GetBytes(text), out var record, out _));
        Assert.Equal((null, null), (record!.ProviderId, record.RegisteredAt));
        Assert.Equal("s3cret", record.RegistrationJwt.Reveal());
        Assert.DoesNotContain("s3cret", $"{record} {record.RegistrationJwt}");
    }

    [Theory]
    [InlineData("")]
    [InlineData("{s3cret")]
    [InlineData("{\"\\ud800\":\"s3cret\"}")]
    [InlineData("[\"s3cret\"]")]
    [InlineData("""{"instance_id":"s3cret","tenant":"acme","group":"web"}""")]
    [InlineData("""{"instance_id":"knc06bgm7733st2576nx5jht4ecjw","tenant":"../s3cret","group":"web"}""")]
    [InlineData("""{"instance_id":"knc06bgm7733st2576nx5jht4ecjw","tenant":"acme","group":5}""")]
    public void Parse_Broken_IsRefusedInWordsThatQuoteNothing(string text) => Refuses(text);

    [Theory]
    [InlineData("""  "registered_at":"s3cret"  """)]
    [InlineData("""  "registered_at":"0001-01-01T00:00:00Z"  """)]
    [InlineData("""  "tenant":"b"  """)]
    [InlineData("""  "hostname":"\ud800"  """)]
    [InlineData("""  "on_demand":"s3cret"  """)]
    public void Parse_DoubtfulMember_IsRefusedInWordsThatQuoteNothing(string member) => Refuses(Record(member));

    private static string Record(string members) =>
        $$"""{"instance_id":"{{Id}}","tenant":"acme","group":"web",{{members}}}""";

    private static void Refuses(string text)
    {
        Assert.False(InstanceRecord.TryParse(Encoding.UTF8.GetBytes(text), out var record, out var why));
        Assert.Null(record);
        Assert.DoesNotContain("s3cret", why);
    }
}
