using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Rules;
using static Nstance.Temporal.Tests.Rules.RuleWorld;

namespace Nstance.Temporal.Tests.Rules;

public sealed class BackfillRulesTests
{
    private static readonly InstanceRecord Complete = Recorded with
    {
        RegistrationJwt = new Secret("jwt"),
        InfraConfigHash = "hash",
        SubnetId = "subnet-1",
    };

    private static readonly Dictionary<string, (InstanceRecord, string[] Unfillable, bool HasSubnet, string?)>
        Records = new()
        {
            { "complete", (Complete, [], true, null) },
            { "no subnet where rows have none", (Complete with { SubnetId = null }, [], false, null) },
            {
                "no subnet",
                (Complete with { SubnetId = null }, [], true,
                    "its record holds no subnet_id, which column subnet_id needs")
            },
            {
                "no token",
                (Complete with { RegistrationJwt = default }, [], false,
                    "its record holds no registration_jwt, which column nonce needs")
            },
            {
                "no hash",
                (Complete with { InfraConfigHash = null }, [], false,
                    "its record holds no infra_config_hash, and nstance would rotate the instance")
            },
            {
                "unknown columns",
                (Complete, ["zone", "arch"], true,
                    "local.db, table instances, column zone, arch must be filled; update nstance-gc")
            },
        };

    public static TheoryData<string> RecordCases => new(Records.Keys);

    [Theory]
    [InlineData(Id, null, null)]
    [InlineData("dangling-i-1", null, null)]
    [InlineData("dangling-i-2", null, "machine i-1 carries the malformed instance id dangling-i-2; skipped")]
    [InlineData("knc1", null, "machine i-1 carries the malformed instance id knc1; skipped")]
    [InlineData(Id, "knc2", "machine i-1 of row knc2 is now tagged as " + Id + "; skipped")]
    [InlineData("knc1", "knc2", "machine i-1 of row knc2 is now tagged as knc1; skipped")]
    public void Unusable_MachineWithoutRow_SaysWhy(string id, string? namedBy, string? expected) =>
        Assert.Equal(expected, BackfillRules.Unusable(MachineRow.Of(Machine) with { InstanceId = id }, namedBy));

    [Theory]
    [MemberData(nameof(RecordCases))]
    public void NotInsertable_Record_SaysWhichColumnIsMissing(string title)
    {
        var (record, unfillable, hasSubnet, expected) = Records[title];
        Assert.Equal(expected, BackfillRules.NotInsertable(record, "local.db", unfillable, hasSubnet));
    }
}
