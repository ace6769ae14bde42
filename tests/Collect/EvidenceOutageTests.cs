using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Ports;

namespace Nstance.Temporal.Tests.Collect;

/// <summary>A part of the evidence cannot be read: the candidate stays, and the cycle is not a good one.</summary>
public sealed class EvidenceOutageTests : IDisposable
{
    private const string CloudAway = "candidates were skipped, because the cloud did not answer: slow down";

    private readonly CollectWorld _world = new();

    public void Dispose() => _world.Dispose();

    [Fact]
    public async Task Collect_CloudDoesNotAnswerById_SkipsAndSaysSo()
    {
        var made = _world.Add();
        _world.Cloud.DescribeFault = new(CloudFault.Throttled, "slow down");

        var result = await _world.CollectAsync();

        _world.AssertSkipped(made, result, "the cloud could not say: slow down");
        Assert.Equal(CloudAway, result.Outage);
    }

    [Fact]
    public async Task Collect_CloudDoesNotAnswerByTag_SkipsAndSaysSo()
    {
        var made = _world.Add(inCloud: false);
        _world.Cloud.FindFault = new(CloudFault.Throttled, "slow down");

        var result = await _world.CollectAsync();

        _world.AssertSkipped(made, result, "the cloud could not say: slow down");
        Assert.Equal(CloudAway, result.Outage);
        Assert.True(_world.HasRecord(made));
    }

    [Fact]
    public async Task Collect_RecordCannotBeRead_SkipsThatOneAndSaysSo()
    {
        var made = _world.Add();
        var other = _world.Add();
        _world.Records.Unreadable.Add(made.Key);

        var result = await _world.CollectAsync();

        _world.AssertSkipped(made, result, $"its record could not be read: {made.Key}: no answer");
        _world.AssertCollected(other);
        Assert.Equal(
            $"candidates were skipped, because their records could not be read: {made.Key}: no answer", result.Outage);
    }

    /// <summary>Without a tenant, only a listing of the bucket knows the key of its record.</summary>
    [Fact]
    public async Task Collect_TenantIsUnknownAndRecordsAreNotListed_SkipsIt()
    {
        var made = WithoutTenant();
        var other = _world.Add();
        _world.Records.ListFault = new(CloudFault.Transient, "no answer");

        var result = await _world.CollectAsync();

        _world.AssertSkipped(made, result, "its record could not be read: no answer");
        Assert.Equal(
            "candidates were skipped, because their records could not be read: no answer", result.Outage);
        _world.AssertCollected(other);
    }

    [Fact]
    public async Task Collect_TenantIsUnknown_TheRecordIsFoundAndGivesIt()
    {
        var made = WithoutTenant();

        var result = await _world.CollectAsync();

        _world.AssertCollected(made);
        Assert.Equal("acme", Assert.Single(result.Samples).Tenant);
        Assert.Equal("acme", Assert.Single(_world.Events.Events).Tenant);
    }

    [Fact]
    public async Task Collect_TenantIsUnknownAndItsRecordSaysRegistered_SkipsIt()
    {
        var made = _world.Add(recordRegistered: true);
        RemoveTenant(made);

        var result = await _world.CollectAsync();

        _world.AssertSkipped(made, result, "its record says registered at 2026-11-23 17:40:00Z");
    }

    [Fact]
    public async Task Collect_TwoRecordsOfAnInstanceWithoutTenant_SkipsIt()
    {
        var made = WithoutTenant();
        Assert.True(InstanceId.TryParse(made.Id, out var id));
        _world.Records.Objects[RecordKey.For(CollectWorld.Shard, "globex", id)] = _world.Records.Objects[made.Key];

        var result = await _world.CollectAsync();

        _world.AssertUntouched(made);
        Assert.Equal(1, result.Of(CollectReason.Dangling).Skipped);
    }

    private CollectWorld.Made WithoutTenant()
    {
        var made = _world.Add();
        RemoveTenant(made);
        return made;
    }

    private void RemoveTenant(CollectWorld.Made made) =>
        _world.Sql("UPDATE instances SET tenant = '' WHERE id = $id", ("$id", made.Id));
}
