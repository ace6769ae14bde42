using Nstance.Temporal.Activities.Collect;
using Nstance.Temporal.Activities.Domain;

namespace Nstance.Temporal.Tests.Collect;

/// <summary>Time may pass between the evidence and the termination: the audit hangs, or the cloud is slow.</summary>
public sealed class FreshEvidenceTests : IDisposable
{
    /// <summary>Limits did not count it, because no machine was there.</summary>
    [Fact]
    public async Task Collect_MachineAppearsAfterTheLimitsWereApplied_IsJudgedInTheNextCycle()
    {
        var made = _world.Add();
        var machine = _world.Cloud.Instances[made.ProviderId];
        _world.Cloud.Instances.Remove(made.ProviderId);
        _world.Add(protect: "true");
        var calls = 0;
        _world.Cloud.BeforeDescribe = () =>
        {
            if (++calls == 1) _world.Clock.Advance(TimeSpan.FromSeconds(6));
            else _world.Cloud.Add(machine);
        };

        var result = await _world.CollectAsync();

        _world.AssertSkipped(made, result, "its evidence changed after the limits were applied; judged next time");
    }

    private readonly CollectWorld _world = new();

    public void Dispose() => _world.Dispose();

    [Fact]
    public async Task Dangling_RegistersWhileTheAuditHangs_Skipped()
    {
        var made = _world.Add();
        _world.Audit.BeforePut = () =>
        {
            _world.Clock.Advance(CollectPhase.MaxAge + TimeSpan.FromSeconds(1));
            Register(made);
        };

        var result = await _world.CollectAsync();

        _world.AssertSkipped(made, result, "its record says registered at");
    }

    [Fact]
    public async Task Unhealthy_ProtectedWhileTheAuditHangs_Skipped()
    {
        var made = _world.Add(rowStatus: "stopped", status: InstanceStatus.Stopped, registered: true);
        _world.Audit.BeforePut = () =>
        {
            _world.Clock.Advance(CollectPhase.MaxAge + TimeSpan.FromSeconds(1));
            var instance = _world.Cloud.Instances[made.ProviderId];
            var tags = new Dictionary<string, string>(instance.Tags) { [CloudTags.GcProtect] = "true" };
            _world.Cloud.Add(instance with { Tags = tags });
        };

        var result = await _world.CollectAsync();

        _world.AssertSkipped(made, result, "protected by tag");
    }

    [Fact]
    public async Task Dangling_TheAuditHangsAndNothingChanged_Terminated()
    {
        var made = _world.Add();
        _world.Audit.BeforePut = () => _world.Clock.Advance(TimeSpan.FromMinutes(5));

        await _world.CollectAsync();

        _world.AssertCollected(made);
    }

    [Fact]
    public async Task Dangling_EveryDescribeTakesTooLong_Skipped()
    {
        var made = _world.Add();
        _world.Cloud.BeforeDescribe = () => _world.Clock.Advance(TimeSpan.FromMinutes(1));

        var result = await _world.CollectAsync();

        _world.AssertSkipped(made, result, "evidence expired before termination");
    }

    [Fact]
    public async Task Dangling_MoreThanABatchWhileAnswersAreFresh_AllTerminatedAndEachIsDescribedOnce()
    {
        var made = Many();

        var result = await _world.CollectAsync();

        Assert.Equal(made.Length, result.Of(CollectReason.Dangling).Terminated);
        Assert.Equal(made.Length, _world.Cloud.TerminateCalls.Distinct().Count());
        Assert.All(_world.Cloud.Described.CountBy(id => id), asked => Assert.Equal(1, asked.Value));
    }

    [Fact]
    public async Task Dangling_AnswersAgeWhileTheAuditIsWritten_EachBatchIsDescribedAgain()
    {
        var last = Many()[^1];
        _world.Audit.BeforePut = () =>
        {
            if (_world.Records.Objects.Values.Any(record => record.AsSpan().IndexOf("18:40"u8) >= 0)) return;
            _world.Clock.Advance(CollectPhase.MaxAge + TimeSpan.FromSeconds(1));
            Register(last);
        };

        var result = await _world.CollectAsync();

        _world.AssertAuditedAsSkipped(last, "its record says registered at");
        Assert.Equal(599, result.Of(CollectReason.Dangling).Terminated);
        Assert.Equal([2], _world.Cloud.Described.CountBy(id => id).Select(asked => asked.Value).Distinct());
    }

    [Fact]
    public async Task Dangling_RowOfALaterBatchRegistersWhileTheFirstIsTerminated_Skipped()
    {
        var last = Many()[^1];
        _world.Cloud.BeforeTerminate = () => _world.Sql(
            "UPDATE instances SET registered_at = $at WHERE id = $id",
            ("$at", "2026-11-23 18:40:00+00:00"), ("$id", last.Id));

        await _world.CollectAsync();

        _world.AssertAuditedAsSkipped(last, "registered meanwhile");
    }

    [Fact]
    public async Task Dangling_FirstBatchIsSlowAndOneOfALaterRegistersMeanwhile_Skipped()
    {
        var last = Many()[^1];
        _world.Cloud.BeforeTerminate = () =>
        {
            _world.Clock.Advance(CollectPhase.MaxAge + TimeSpan.FromSeconds(1));
            Register(last);
        };

        await _world.CollectAsync();

        _world.AssertAuditedAsSkipped(last, "its record says registered at");
    }

    [Fact]
    public async Task Dangling_FirstOfManyRegistersWhileTheAuditIsWritten_Skipped()
    {
        var first = Many()[0];
        _world.Audit.BeforePut = () =>
        {
            _world.Clock.Advance(CollectPhase.MaxAge + TimeSpan.FromSeconds(1));
            Register(first);
        };

        await _world.CollectAsync();

        _world.AssertAuditedAsSkipped(first, "its record says registered at");
    }

    /// <summary>Registers the instance in its record, not in its row.</summary>
    private void Register(CollectWorld.Made made) => _world.Records.Put(made.Key, $$"""
            { "instance_id": "{{made.Id}}", "tenant": "acme", "group": "web", "status": "running",
              "provider_instance_id": "{{made.ProviderId}}", "registered_at": "2026-11-23T18:40:00Z" }
            """);

    /// <summary>Adds more instances than one batch holds, in the order of termination.</summary>
    private CollectWorld.Made[] Many() =>
        [.. Enumerable.Range(0, 600).Select(_ => _world.Add()).OrderBy(made => made.Id, StringComparer.Ordinal)];
}
