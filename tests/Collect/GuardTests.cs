using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Ports;

namespace Nstance.Temporal.Tests.Collect;

/// <summary>Each guard blocks, does not block without its cause, and lets an approved plan pass.</summary>
public sealed class GuardTests : IDisposable
{
    private readonly CollectWorld _world = new();

    public void Dispose() => _world.Dispose();

    [Fact]
    public async Task Collect_NoAgentReportedForARegistrationTimeout_HoldsTheDanglingAsAPlan()
    {
        var dangling = _world.Add();
        Registered(8, CollectWorld.AsOf.AddMinutes(-6));

        var result = await _world.CollectAsync();

        _world.AssertUntouched(dangling);
        var guard = Assert.Single(result.Blocked);
        Assert.Equal(Guards.Agents, guard.Guard);
        Assert.StartsWith("no agent has registered or reported since 2026-11-23 18:34:00Z", guard.Why);
        Assert.Equal(1, result.Of(CollectReason.Dangling).Blocked);
        Assert.Equal(1, result.Plan!.Instances);
        Assert.Contains("no agent has registered", Assert.Single(result.Plan.Exceeded));
    }

    [Theory]
    [InlineData(-4)]
    [InlineData(-5)]
    public async Task Collect_OneAgentReportedWithinTheRegistrationTimeout_IsNotBlocked(int minutes)
    {
        var dangling = _world.Add();
        Registered(8, CollectWorld.AsOf.AddHours(-1));
        Registered(1, CollectWorld.AsOf.AddMinutes(minutes));

        var result = await _world.CollectAsync();

        Assert.Empty(result.Blocked);
        _world.AssertCollected(dangling);
    }

    [Fact]
    public async Task Collect_NoAgentReports_StillTerminatesWhatTheCloudCallsStopped()
    {
        var stopped = _world.Add("stopped", InstanceStatus.Stopped, registered: true, recordRegistered: true);
        Registered(4, CollectWorld.AsOf.AddHours(-1));

        var result = await _world.CollectAsync();

        Assert.Empty(result.Blocked);
        _world.AssertCollected(stopped);
    }

    [Fact]
    public async Task Collect_PlanOfAGuardIsApproved_TerminatesExactlyIt()
    {
        var dangling = _world.Add();
        Registered(8, CollectWorld.AsOf.AddHours(-1));
        var plan = (await _world.CollectAsync()).Plan!;
        var later = _world.Add();
        Approve(plan);

        var result = await _world.CollectAsync();

        _world.AssertCollected(dangling);
        _world.AssertUntouched(later);
        Assert.Equal((1, 1), (result.Approved, result.Of(CollectReason.Dangling).Blocked));
    }

    /// <summary>An approval for a limit says nothing about a guard.</summary>
    [Fact]
    public async Task Collect_ApprovedForALimit_IsHeldByAGuard()
    {
        var dangling = new[] { _world.Add(), _world.Add(), _world.Add() };
        _world.Input = _world.Input with { Limits = new() };
        Registered(1, CollectWorld.AsOf);
        Approve((await _world.CollectAsync()).Plan!);
        _world.Input = _world.Input with { Guard = new(Guards.Listing, "the listing shrank") };

        var result = await _world.CollectAsync();

        Assert.All(dangling, _world.AssertUntouched);
        Assert.Equal((3, false), (result.Of(CollectReason.Dangling).Blocked, result.ApprovalDone));
        _world.Input = _world.Input with { Guard = null };
        Assert.Equal(3, (await _world.CollectAsync()).Approved);
    }

    /// <summary>An approval for one guard says nothing about another one that trips too.</summary>
    [Fact]
    public async Task Collect_ApprovedForOneGuardAndAnotherTripsToo_IsHeldByBoth()
    {
        var dangling = _world.Add();
        Registered(8, CollectWorld.AsOf);
        _world.Input = _world.Input with { Guard = new(Guards.Listing, "the listing shrank") };
        Approve((await _world.CollectAsync()).Plan!);
        var silent = GoTime.Format(CollectWorld.AsOf.AddHours(-1));
        _world.Sql("UPDATE instances SET health_at = $at WHERE health_at IS NOT NULL", ("$at", silent));

        var result = await _world.CollectAsync();

        _world.AssertUntouched(dangling);
        Assert.Equal([Guards.Agents, Guards.Listing], result.Blocked.Select(g => g.Guard).Order());
        Assert.Equal((0, 1), (result.Approved, result.Of(CollectReason.Dangling).Blocked));
        Assert.Equal([Guards.Agents, Guards.Listing], result.Plan!.Guards);
        Assert.Equal(2, result.Plan.Exceeded.Count);

        Approve(result.Plan);
        await _world.CollectAsync();
        _world.AssertCollected(dangling);
    }

    [Fact]
    public async Task Collect_SuspectListing_HoldsEveryReasonAsAPlan()
    {
        var dangling = _world.Add();
        var stopped = _world.Add("stopped", InstanceStatus.Stopped, registered: true, recordRegistered: true);
        _world.Input = _world.Input with { Guard = new(Guards.Listing, "the listing shrank implausibly") };

        var result = await _world.CollectAsync();

        _world.AssertUntouched(dangling);
        _world.AssertUntouched(stopped);
        Assert.Equal([Guards.Listing], result.Blocked.Select(g => g.Guard));
        Assert.Equal(2, result.Plan!.Instances);

        Approve(result.Plan);
        await _world.CollectAsync();
        _world.AssertCollected(dangling);
        _world.AssertCollected(stopped);
    }

    [Theory]
    [InlineData(0, 0, 0, false)]
    [InlineData(75, 0, 0, false)]
    [InlineData(76, 0, 0, true)]
    [InlineData(-76, 0, 0, true)]
    [InlineData(0, 76, 0, true)]
    [InlineData(0, 0, 76, true)]
    [InlineData(0, 0, -76, true)]
    [InlineData(40, -40, 0, true)]
    public async Task Collect_ClocksDiffer_BlocksBeyondAQuarterOfTheRegistrationTimeout(
        int temporal, int host, int cloud, bool isBlocked)
    {
        var dangling = _world.Add();
        var now = _world.Clock.GetUtcNow();
        _world.Cloud.Now = () => now.AddSeconds(cloud);
        _world.Input = _world.Input with
        {
            AsOf = now,
            StartedAt = now.AddSeconds(temporal),
            HostTime = now.AddSeconds(host),
        };

        var result = await _world.CollectAsync();

        Assert.Equal(isBlocked, _world.IsLive(dangling));
        if (!isBlocked) return;
        Assert.Equal(Guards.Clocks, Assert.Single(result.Blocked).Guard);
        Assert.Contains("Temporal 20", result.Blocked[0].Why);
        Approve(result.Plan!);
        await _world.CollectAsync();
        _world.AssertCollected(dangling);
    }

    /// <summary>Temporal's clock and this host's agree and are wrong together: the cloud's own clock decides.</summary>
    [Fact]
    public async Task Collect_MachineIsYoungByTheCloudsClock_IsSkipped()
    {
        var dangling = _world.Add();
        _world.Cloud.Now = () => CollectWorld.AsOf.AddMinutes(-57);

        var result = await _world.CollectAsync();

        _world.AssertSkipped(dangling, result, "launched too recently by the cloud's clock");
    }

    [Fact]
    public async Task Collect_CloudGivesNoTime_IsSkipped()
    {
        var dangling = _world.Add();
        _world.Cloud.Now = () => null;

        var result = await _world.CollectAsync();

        _world.AssertSkipped(dangling, result, "the cloud did not say what time it is");
    }

    [Theory]
    [InlineData("health_at")]
    [InlineData("registered_at")]
    public async Task Collect_OneRowOfTheFuture_DoesNotBlock(string column)
    {
        var dangling = _world.Add();
        var ahead = _world.Add(registered: true, recordRegistered: true);
        Registered(3, CollectWorld.AsOf.AddMinutes(-1));
        _world.Sql($"UPDATE instances SET {column} = '2036-01-01 00:00:00+00:00' WHERE id = $id", ("$id", ahead.Id));

        var result = await _world.CollectAsync();
        var health = await _world.ScanHealthAsync();

        Assert.Empty(result.Blocked);
        _world.AssertCollected(dangling);
        var named = health.Problems;
        Assert.Contains(named, p => p.Contains($"row {ahead.Id}: invalid {column}", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Collect_NoDescribeIsAnswered_TerminatesNothingAndNamesTheCloud()
    {
        var made = _world.Add();
        _world.Cloud.DescribeFault = new(CloudFault.Denied, "EC2 refused DescribeInstances");

        var result = await _world.CollectAsync();

        _world.AssertUntouched(made);
        Assert.Equal(Guards.Cloud, Assert.Single(result.Blocked).Guard);
        Assert.Contains("EC2 refused", result.Blocked[0].Why);
        Assert.Contains("EC2 refused", result.Outage);
    }

    [Fact]
    public async Task ScanHealth_HalfOfTheAgentsSilent_HoldsReplacementsOnlyUntilApproved()
    {
        var dangling = _world.Add();
        Registered(4, CollectWorld.AsOf.AddMinutes(-3));
        Registered(4, CollectWorld.AsOf);

        var held = await _world.ScanHealthAsync();
        var collect = await _world.CollectAsync();

        Assert.Contains("4 of 8 registered instances look stale", held.Suspect);
        Assert.Equal((0, 4), (held.Enqueued, held.Plan!.Instances));
        Assert.Empty(collect.Blocked);
        _world.AssertCollected(dangling);

        Approve(held.Plan);
        var approved = await _world.ScanHealthAsync();
        Assert.Equal((4, (string?)null), (approved.Enqueued, approved.Suspect));
    }

    [Fact]
    public async Task ScanHealth_FewerThanHalfSilent_IsNotHeldBack()
    {
        Registered(3, CollectWorld.AsOf.AddMinutes(-3));
        Registered(4, CollectWorld.AsOf);

        var result = await _world.ScanHealthAsync();

        Assert.Equal((3, (string?)null), (result.Enqueued, result.Suspect));
    }

    private void Approve(CollectPlan plan) =>
        _world.Input = _world.Input with
        {
            Approval = new(plan.Hash, "ann", "seen", _world.Input.AsOf) { IsOfHealth = plan.IsOfHealth },
        };

    private void Registered(int count, DateTimeOffset healthAt)
    {
        for (var i = 0; i < count; i++) _world.Report(_world.Add(registered: true, recordRegistered: true), healthAt);
    }
}
