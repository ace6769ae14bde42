using Nstance.Temporal.Activities.KeepAlive;
using Nstance.Temporal.Workflows;
using Temporalio.Activities;
using Temporalio.Api.Enums.V1;
using Temporalio.Workflows;

namespace Nstance.Temporal.Tests.Flows;

/// <summary>Names are a contract with running collectors, with operators and with schedules.</summary>
public sealed class DefinitionsTests
{
    private static readonly ShardRef Shard = new("acme", "us-west-2a", "bucket");

    [Fact]
    public void GcWorkflow_Handlers_KeepTheirNamesAndAreDescribed()
    {
        var definition = WorkflowDefinition.Create<GcWorkflow>();
        Assert.Equal("GcWorkflow", definition.Name);
        Assert.Equal(
            ["Approve", "Configure", "Pause", "Reject", "Resume", "RunCycle", "SetMode"],
            definition.Updates.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(["Export", "Reports", "Status"], definition.Queries.Keys.Order(StringComparer.Ordinal));
        Assert.All(definition.Updates.Values, update => Assert.False(string.IsNullOrEmpty(update.Description)));
        Assert.All(definition.Queries.Values, query => Assert.False(string.IsNullOrEmpty(query.Description)));
    }

    [Fact]
    public void ReconcilerWorkflow_Handlers_KeepTheirNames()
    {
        var definition = WorkflowDefinition.Create<ReconcilerWorkflow>();
        Assert.Equal(["Enqueue"], definition.Signals.Keys);
        Assert.Equal(["Status"], definition.Queries.Keys);
    }

    [Fact]
    public void KeepAliveActivities_Names_AreThoseThatTheWorkflowCalls() => Assert.Equal(
        ["EnsureCollectorRuns", "ListSearchAttributes"],
        ActivityDefinition.CreateAll(new KeepAliveActivities()).Select(activity => activity.Name));

    [Fact]
    public void Schedule_Policy_SkipsCatchesUpOnceAndNeverPausesItself()
    {
        var policy = GcSchedule.Create(new(Shard)).Policy;
        Assert.Equal(ScheduleOverlapPolicy.Skip, policy.Overlap);
        Assert.Equal(TimeSpan.FromMinutes(10), policy.CatchupWindow);
        Assert.False(policy.PauseOnFailure);
    }

    [Fact]
    public void CollectorStart_Options_FindTheRunningOneInsteadOfASecond()
    {
        var options = CollectorStart.Options(Shard);
        Assert.Equal("nstance-gc/acme/us-west-2a", options.Id);
        Assert.Equal(WorkflowIdConflictPolicy.UseExisting, options.IdConflictPolicy);
        Assert.Equal("acme", options.TypedSearchAttributes!.Get(Names.ClusterAttribute));
    }
}
