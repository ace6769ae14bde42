using Nstance.Temporal.Worker.Commands;
using Nstance.Temporal.Worker.Hosting;
using Nstance.Temporal.Worker.Options;

namespace Nstance.Temporal.Tests.Worker;

/// <summary>What init and schedule create change, and what they keep.</summary>
public sealed class SetupPlanTests
{
    private static readonly ShardRef Shard = new("c", "s", "bbb");
    private static readonly GcSettings Given = new() { Interval = TimeSpan.FromMinutes(5), DryRun = true };
    private static readonly GcSettings Running = new()
    {
        Interval = TimeSpan.FromMinutes(2),
        Quarantine = TimeSpan.FromHours(1),
        Limits = new() { GroupFloor = 7, Rules = [new(1, 2) { OfShard = true, Reason = CollectReason.Orphan }] },
    };

    [Fact]
    public void Make_NewShard_TakesWhatIsGivenAndIsInDryRunUnlessNamed()
    {
        var plan = SetupPlan.Make(new(null, Runs: false, null), Shard, Given, Named("Interval"), paused: null);

        Assert.Equal((true, (bool?)null), (plan.DryRun, plan.Settings.DryRun));
        Assert.Equal(Given.Interval, plan.Settings.Interval);
        Assert.Empty(plan.Changes);
    }

    [Fact]
    public void Make_CollectorRuns_KeepsWhatIsNotNamedAndItsMode()
    {
        var plan = SetupPlan.Make(Enforcing(), Shard, Given, Named("Interval"), paused: null);

        Assert.Equal(Running.Quarantine, plan.Settings.Quarantine);
        Assert.Equal(Running.Limits, plan.Settings.Limits);
        Assert.Equal(["--interval: 2m -> 5m"], plan.Changes.Select(change => change.ToString()));

        // The next collector enforces too; of this one an operator's word stays.
        Assert.Equal((false, (bool?)false, (bool?)null), (plan.DryRun, plan.Settings.DryRun, plan.Update.DryRun));
    }

    [Fact]
    public void Make_ModeOfSettingsAlone_IsSentAgainForNullWouldMeanDryRun()
    {
        var status = new GcStatus(Shard, CollectorActivity.Waiting) { Settings = Running with { DryRun = false } };

        var plan = SetupPlan.Make(new(null, Runs: true, status), Shard, Given, Named("Interval"), paused: null);

        Assert.Equal(false, plan.Update.DryRun);
    }

    [Fact]
    public void Make_ModeNamed_IsAChange()
    {
        var plan = SetupPlan.Make(Enforcing(), Shard, Given, Named("DryRun"), paused: null);

        Assert.Equal(["--dry-run: off -> on"], plan.Changes.Select(change => change.ToString()));
        Assert.Equal((true, (bool?)true, (bool?)true), (plan.DryRun, plan.Settings.DryRun, plan.Update.DryRun));
    }

    [Fact]
    public void Make_NoWorkerAnswers_ComparesWithTheScheduleAndSendsNoMode()
    {
        var found = new FoundCollector(
            new("id", Paused: false, null) { Input = new(Shard) { Settings = Running with { DryRun = false } } },
            Runs: true,
            null);

        var plan = SetupPlan.Make(found, Shard, Given, Named("Interval"), paused: true);

        Assert.Equal(
            ["--interval: 2m -> 5m", "--paused: off -> on"], plan.Changes.Select(change => change.ToString()));
        Assert.Null(plan.Update.DryRun);
    }

    [Fact]
    public void Make_OtherBucket_IsAChange() => Assert.Equal(
        ["--bucket: bbb -> other"],
        SetupPlan.Make(Enforcing(), Shard with { Bucket = "other" }, Given, Named(), paused: null)
            .Changes.Select(change => change.ToString()));

    [Fact]
    public void NotDefault_Settings_AreWrittenAsTheyAreTyped() => Assert.Equal(
        ["--interval 2m", "--limit-group-floor 7", "--limit-rules shard:orphan=1/2", "--quarantine 1h"],
        CollectorSettings.NotDefault(Running));

    [Theory]
    [InlineData("acme/web:dangling=10/50, *:*=0/0, shard:stale-pre-insert=20/30")]
    public void Format_Rules_AreReadAgain(string text)
    {
        Assert.Null(SteeringText.Rules(text, out var rules));
        Assert.Equal(text, SteeringText.Format(rules));
    }

    [Theory]
    [InlineData("Sat,Sun 00:00-00:00 Europe/Berlin; 02:00-04:30")]
    public void Format_QuietHours_AreReadAgain(string text)
    {
        Assert.Null(SteeringText.QuietHours(text, out var hours));
        Assert.Equal(text, SteeringText.Format(hours));
    }

    [Fact]
    public void OwnTimings_ConfigThatSlowsNstanceDown_IsAFaultUnlessNamed()
    {
        var slow = new ShardTimings
        {
            Interval = TimeSpan.FromHours(8759),
            RegistrationTimeout = TimeSpan.FromHours(8760),
        };
        var own = new GcSettings { Interval = TimeSpan.FromMinutes(2), RegistrationTimeout = TimeSpan.FromMinutes(5) };

        Assert.Equal(2, OwnTimings.Inherited(new(), slow).Count);
        Assert.Equal(2, OwnTimings.Warnings(slow).Count);
        Assert.Empty(OwnTimings.Inherited(own, slow));
        Assert.Empty(OwnTimings.Warnings(own.Over(slow)));
        Assert.Empty(OwnTimings.Inherited(new(), new()));
    }

    private static FoundCollector Enforcing() => new(null, Runs: true, new(Shard, CollectorActivity.Waiting)
    {
        Settings = Running,
        Mode = new(false, "ann", DateTimeOffset.UnixEpoch),
        DryRun = false,
    });

    private static HashSet<string> Named(params string[] names) => [.. names];
}
