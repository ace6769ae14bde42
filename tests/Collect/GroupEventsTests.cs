using Nstance.Temporal.Activities.Domain;

namespace Nstance.Temporal.Tests.Collect;

public sealed class GroupEventsTests : IDisposable
{
    private readonly CollectWorld _world = new();

    public void Dispose() => _world.Dispose();

    [Fact]
    public async Task Collect_OneGroupLosesForTwoReasons_SendsTwoKeys()
    {
        // The reconciler takes a key once. It may have passed the first on before the second instance ended.
        _world.Add();
        _world.Add(rowStatus: "stopped", status: InstanceStatus.Stopped, registered: true, recordRegistered: true);
        var result = await _world.CollectAsync();
        Assert.Equal(1, result.Of(CollectReason.Dangling).Terminated);
        Assert.Equal(1, result.Of(CollectReason.Unhealthy).Terminated);
        var batches = _world.Events.Batches;
        Assert.Equal(2, batches.Count);
        Assert.All(batches, batch => Assert.Equal("web", Assert.Single(batch.Events).Group));
        Assert.NotEqual(batches[0].Key, batches[1].Key);
    }
}
