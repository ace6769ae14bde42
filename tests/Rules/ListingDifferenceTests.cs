using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Rules;
using static Nstance.Temporal.Tests.Rules.RuleWorld;

namespace Nstance.Temporal.Tests.Rules;

public sealed class ListingDifferenceTests
{
    private static readonly Dictionary<string, (CloudInstance Listed, bool IsChange, bool IsInsert)> Listed = new()
    {
        { "the same", (Machine, false, false) },
        { "another state", (In(InstanceStatus.Stopped), true, false) },
        { "another launch time", (Machine with { LaunchTime = At(-1) }, true, false) },
        { "another group", (Tagged(CloudTags.Group, "db"), true, false) },
        { "protected", (Tagged(CloudTags.GcProtect, "yes"), false, false) },
        { "in quarantine", (Tagged(CloudTags.GcQuarantined, "yes"), false, false) },
        { "another id", (Tagged(CloudTags.InstanceId, "knc1"), true, true) },
        { "a new machine", (In(InstanceStatus.Running, "i-2"), true, true) },
    };

    public static TheoryData<string> Titles => new(Listed.Keys);

    [Theory]
    [MemberData(nameof(Titles))]
    public void Of_ListedMachine_IsAChangeIfTheTableSaysOtherwise(string title)
    {
        var (listed, isChange, isInsert) = Listed[title];
        var difference = new ListingDifference(new() { [ProviderId] = MachineRow.Of(Machine) });
        var change = difference.Of(listed);
        Assert.Equal(isChange ? new MachineChange(MachineRow.Of(listed), isInsert) : null, change);
        Assert.Equal(listed.ProviderId == ProviderId ? [] : [ProviderId], difference.Missing.Select(m => m.ProviderId));
    }
}
