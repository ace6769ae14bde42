using Nstance.Temporal.Activities.Domain;

namespace Nstance.Temporal.Tests.Collect;

/// <summary>Instances that are targets of load balancers: nstance deregisters them before it terminates them.</summary>
public sealed class TargetTests : IDisposable
{
    private readonly CollectWorld _world = new();

    public void Dispose() => _world.Dispose();

    [Theory]
    [InlineData("registered", InstanceStatus.Running)]
    [InlineData("deregistering", InstanceStatus.Running)]
    [InlineData("Deregistered", InstanceStatus.Running)]
    [InlineData("", InstanceStatus.Running)]
    [InlineData("registered", InstanceStatus.Pending)]
    public async Task Collect_TargetWhoseMachineRuns_IsSkippedAndNamed(string status, object machine)
    {
        var made = _world.Add(status: (InstanceStatus)machine);
        Target(made, "www", status);

        var result = await _world.CollectAsync();

        _world.AssertSkipped(
            made, result,
            $"it runs, and load balancers have it as a target (www {status}): waits until nstance has deregistered it");
        Assert.Equal(1, result.Of(CollectReason.Dangling).Skipped);
    }

    [Fact]
    public async Task Collect_OneOfTwoTargetsIsDeregistered_IsSkipped()
    {
        var made = _world.Add();
        Target(made, "api", "deregistered");
        Target(made, "www", "draining");

        _world.AssertSkipped(made, await _world.CollectAsync(), "(www draining)");
    }

    [Fact]
    public async Task Collect_Quarantine_TargetIsNotStopped()
    {
        var made = _world.Add();
        Target(made, "www", "registered");
        _world.Input = _world.Input with { Quarantine = TimeSpan.FromHours(1) };

        _world.AssertSkipped(made, await _world.CollectAsync(), "load balancers have it as a target");
        Assert.Empty(_world.Cloud.StopCalls);
    }

    [Fact]
    public async Task Collect_TargetWhoseMachineDoesNotRun_IsTerminated()
    {
        var made = _world.Add(
            rowStatus: "stopped", status: InstanceStatus.Stopped, registered: true, recordRegistered: true);
        Target(made, "www", "registered");

        await _world.CollectAsync();

        _world.AssertCollected(made);
    }

    [Fact]
    public async Task Collect_Deregistered_IsTerminated()
    {
        var made = _world.Add();
        Target(made, "www", "deregistered");

        await _world.CollectAsync();

        _world.AssertCollected(made);
    }

    [Fact]
    public async Task Collect_RegisteredAfterTheEvidenceWasRead_IsSkipped()
    {
        var made = _world.Add();
        var reads = 0;
        _world.Audit.BeforePut = () =>
        {
            if (reads++ == 0) Target(made, "www", "registered");
        };

        var result = await _world.CollectAsync();

        _world.AssertSkipped(made, result, "load balancers have it as a target");
    }

    [Fact]
    public async Task Collect_TargetInAPlan_PlanNamesTheLoadBalancer()
    {
        var made = Enumerable.Range(0, 3).Select(_ => _world.Add(
            rowStatus: "stopped", status: InstanceStatus.Stopped, registered: true, recordRegistered: true)).ToArray();
        Target(made[0], "www", "registered");
        _world.Input = _world.Input with { Limits = new() };

        var result = await _world.CollectAsync();

        Assert.Equal(3, result.Plan!.Instances);
        Assert.Contains(
            _world.Audit.Entries, entry => entry.Instance == made[0].Id
                && entry.Evidence!.Row!.Contains("load balancers www registered", StringComparison.Ordinal));
    }

    [Fact]
    public async Task CollectAndPurge_FileWithoutTheTable_WorkAsBefore()
    {
        var made = _world.Add();
        var expired = _world.Add();
        _world.Expire(expired, CollectWorld.AsOf.AddHours(-2));
        _world.Sql("DROP TABLE lb_instances");

        await _world.CollectAsync();
        var purge = await _world.PurgeAsync();

        _world.AssertCollected(made);
        Assert.Equal(1, purge.Purged);
    }

    private void Target(CollectWorld.Made made, string balancer, string status) => _world.Sql(
        "INSERT INTO lb_instances (lb_key, instance_id, status) VALUES ($key, $id, $status)",
        ("$key", balancer), ("$id", made.Id), ("$status", status));
}
