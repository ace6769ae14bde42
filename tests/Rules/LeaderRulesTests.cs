using System.Text;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Rules;

namespace Nstance.Temporal.Tests.Rules;

public sealed class LeaderRulesTests
{
    private const string Leads = "nstance's leader for prod/us-west-2a is nst-7 at 10.0.3.4";
    private const string NoLeader = "nstance has no leader for prod/us-west-2a: ";

    private static readonly DateTimeOffset Now = new(2026, 11, 28, 12, 0, 0, TimeSpan.Zero);
    private static readonly ShardRef Shard = new("prod", "us-west-2a", "bucket");

    [Theory]
    // By the server id: the address does not matter.
    [InlineData(0, "nst-7", nameof(AddressMatch.Other), nameof(LeaderPlace.Here), Leads + ", this host")]
    [InlineData(0, "nst-8", nameof(AddressMatch.Own), nameof(LeaderPlace.Elsewhere), Leads + ", not this host (nst-8)")]
    [InlineData(0, "NST-7", nameof(AddressMatch.Own), nameof(LeaderPlace.Elsewhere), Leads + ", not this host (NST-7)")]
    // By the address.
    [InlineData(0, null, nameof(AddressMatch.Own), nameof(LeaderPlace.Here), Leads + ", this host")]
    [InlineData(0, null, nameof(AddressMatch.Other), nameof(LeaderPlace.Elsewhere), Leads + ", not this host")]
    [InlineData(
        0, null, nameof(AddressMatch.Unclear), nameof(LeaderPlace.Unknown),
        Leads + ", and that address does not identify a host: set --nstance-server-id")]
    // A dead leader leads from nowhere.
    [InlineData(20, "nst-7", nameof(AddressMatch.Own), nameof(LeaderPlace.Here), Leads + ", this host")]
    [InlineData(
        21, "nst-7", nameof(AddressMatch.Own), nameof(LeaderPlace.None),
        NoLeader + "last seen nst-7 at 10.0.3.4 21s ago")]
    [InlineData(
        3661, null, nameof(AddressMatch.Own), nameof(LeaderPlace.None),
        NoLeader + "last seen nst-7 at 10.0.3.4 1h1m1s ago")]
    // Clocks.
    [InlineData(-5, "nst-7", nameof(AddressMatch.Own), nameof(LeaderPlace.Here), Leads + ", this host")]
    [InlineData(
        -6, "nst-7", nameof(AddressMatch.Own), nameof(LeaderPlace.Unknown),
        Leads + ", and its clock is 6s ahead of this host's: correct the clocks")]
    public void Judge_LeaderWroteSecondsAgo_SaysWhere(int seconds, string? id, string address, string place, string why)
    {
        var leader = new NstanceLeader("nst-7", "10.0.3.4", Now.AddSeconds(-seconds));

        var verdict = LeaderRules.Judge(Shard, leader, Now, id, Enum.Parse<AddressMatch>(address));

        Assert.Equal((Enum.Parse<LeaderPlace>(place), why), (verdict.Place, verdict.Why));
    }

    [Theory]
    [InlineData("nst-7", "nst-7 at 10.0.3.4 resigned")]
    [InlineData("", "the last one resigned")]
    public void Judge_Resigned_NoLeader(string id, string why)
    {
        var leader = new NstanceLeader(id, "10.0.3.4", DateTimeOffset.MinValue);

        Assert.Equal(
            new LeaderVerdict(LeaderPlace.None, NoLeader + why),
            LeaderRules.Judge(Shard, leader, Now, "nst-7", AddressMatch.Own));
    }

    [Fact]
    public void Judge_NoFile_NoLeader() => Assert.Equal(
        new LeaderVerdict(LeaderPlace.None, NoLeader + "the bucket holds no shard/us-west-2a/leader.json"),
        LeaderRules.Judge(Shard, null, Now, "nst-7", AddressMatch.Own));

    [Theory]
    [InlineData(0, null, true)]
    [InlineData(0, "nst-7", false)]
    [InlineData(21, null, false)]
    public void NeedsAddress_OnlyForALivingLeaderWithoutServerId(int seconds, string? id, bool needs) => Assert.Equal(
        needs, LeaderRules.NeedsAddress(new("nst-7", "10.0.3.4", Now.AddSeconds(-seconds)), Now, id));

    [Theory]
    [InlineData("10.0.3.4:9000", "10.0.3.4")]
    [InlineData("10.0.3.4", "10.0.3.4")]
    [InlineData("nstance-a.internal:9000", "nstance-a.internal")]
    [InlineData("nstance-a", "nstance-a")]
    [InlineData("[fd00::1]:9000", "fd00::1")]
    [InlineData("fd00::1", "fd00::1")]
    [InlineData("", "")]
    [InlineData("[", "[")]
    public void Host_Address_IsWithoutPort(string address, string host) =>
        Assert.Equal(host, new NstanceLeader("nst-7", address, Now).Host);

    [Theory]
    [InlineData(
        """{"leaderID":"nst-7","leaderAddr":"10.0.3.4:9000","lastUpdated":"2026-11-28T12:00:00.123456789Z"}""",
        "nst-7")]
    [InlineData(
        """{"LEADERID":"nst-7","leaderaddr":"a","lastupdated":"2026-11-28T14:00:00+02:00","term":3}""", "nst-7")]
    [InlineData("""{"leaderID":"nst-6","leaderID":"nst-7","lastUpdated":"2026-11-28T12:00:00Z"}""", "nst-7")]
    [InlineData("""{"leaderID":"","leaderAddr":"","lastUpdated":"0001-01-01T00:00:00Z"}""", "")]
    public void Parse_AsNstanceWritesIt_ReadsIt(string json, string id)
    {
        var leader = NstanceLeader.Parse(Encoding.UTF8.GetBytes(json), out var why);

        Assert.Equal((id, ""), (leader?.Id, why));
        Assert.Equal(id.Length == 0, leader!.HasResigned);
    }

    [Theory]
    [InlineData("", "is not valid JSON (line 1)")]
    [InlineData("{\n\"leaderID\":", "is not valid JSON (line 2)")]
    [InlineData("[]", "is not a JSON object")]
    [InlineData("{}", "has a lastUpdated that is not a time")]
    [InlineData("""{"leaderID":"nst-7","lastUpdated":"soon"}""", "has a lastUpdated that is not a time")]
    [InlineData("""{"leaderID":"nst-7","lastUpdated":7}""", "has a lastUpdated that is not a time")]
    [InlineData("""{"leader":"nst-7","lastUpdated":"2026-11-28T12:00:00Z"}""", "has no leaderID")]
    [InlineData(
        """{"leaderID":"nst-7\nforged","lastUpdated":"2026-11-28T12:00:00Z"}""",
        "has a leaderID or leaderAddr that is not a name")]
    public void Parse_AnythingElse_SaysWhyWithoutQuoting(string json, string why)
    {
        Assert.Null(NstanceLeader.Parse(Encoding.UTF8.GetBytes(json), out var said));
        Assert.Equal(why, said);
    }

    [Fact]
    public void Parse_LongId_IsRefused()
    {
        var json = $$"""{"leaderID":"{{new string('a', 254)}}","lastUpdated":"2026-11-28T12:00:00Z"}""";
        Assert.Null(NstanceLeader.Parse(Encoding.UTF8.GetBytes(json), out _));
    }
}
