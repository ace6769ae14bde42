using System.Text;
using Nstance.Temporal.Activities.Audit;
using Nstance.Temporal.Activities.Collect;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Tests.Collect;

namespace Nstance.Temporal.Tests.Audit;

/// <summary>What the audit says of each instance. An entry is written before every termination.</summary>
public sealed class AuditTests : IDisposable
{
    private readonly CollectWorld _world = new();

    public void Dispose() => _world.Dispose();

    [Fact]
    public async Task Collect_Terminates_AuditsBeforeAndAfterWithEvidenceAndLimits()
    {
        _world.Input = _world.Input with { Cycle = 7, Limits = new() };
        var made = _world.Add();

        await _world.CollectAsync();

        Assert.Equal(["terminating", "terminated"], _world.Audit.Of(made.Id));
        var ended = _world.Audit.Entries[1];
        Assert.Equal(
            (7, "dangling", "acme", "web", "host"), (ended.Cycle, ended.Reason, ended.Tenant, ended.Group, ended.Host));
        Assert.Equal("group 2 or 20%, shard 5 or 10%", ended.Limits);
        Assert.Contains("registered never", ended.Evidence!.Row, StringComparison.Ordinal);
        Assert.Contains($"{made.ProviderId} running", ended.Evidence.Cloud, StringComparison.Ordinal);
        Assert.Contains("registered never", ended.Evidence.Record, StringComparison.Ordinal);
        Assert.All(
            _world.Audit.Objects.Keys,
            key => Assert.StartsWith("shard/us-west-2a/gc/audit/2026/11/23/184000-", key, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Collect_AuditCannotBeWritten_TerminatesNothingAndSaysSo()
    {
        var made = _world.Add();
        _world.Audit.PutFault = new(CloudFault.Transient, "the bucket is away");

        var result = await _world.CollectAsync();

        _world.AssertUntouched(made);
        Assert.Equal(1, result.Of(CollectReason.Dangling).Failed);
        Assert.Contains(result.Problems, p => p.Contains("the bucket is away", StringComparison.Ordinal));
        Assert.NotNull(result.Outage);
    }

    [Fact]
    public async Task Collect_AuditComesBack_BringsTheLinesOfBeforeAndTerminates()
    {
        var made = _world.Add();
        _world.Audit.PutFault = new(CloudFault.Transient, "the bucket is away");
        await _world.CollectAsync();
        _world.Audit.PutFault = null;
        _world.Input = _world.Input with { AsOf = CollectWorld.AsOf.AddMinutes(2) };

        await _world.CollectAsync();

        _world.AssertCollected(made);
        Assert.Equal(["failed", "terminating", "terminated"], _world.Audit.Of(made.Id));
    }

    [Fact]
    public async Task Collect_BucketAwayForManyCycles_LinesDoNotPileUp()
    {
        var made = _world.Add();
        _world.Audit.PutFault = new(CloudFault.Transient, "the bucket is away");
        for (var cycle = 0; cycle < 10; cycle++)
        {
            _world.Input = _world.Input with { AsOf = CollectWorld.AsOf.AddMinutes(2 * cycle) };
            await _world.CollectAsync();
        }

        Assert.Single(_world.Db.WaitingAudit(100));
        _world.AssertUntouched(made);
    }

    [Fact]
    public async Task Collect_AnnouncedAndSkippedForAReasonAuditedBefore_IsAuditedAgain()
    {
        var made = _world.Add(protect: "true");
        await _world.CollectAsync();
        var guarded = _world.Cloud.Instances[made.ProviderId];
        var bare = new Dictionary<string, string>(guarded.Tags);
        bare.Remove(CloudTags.GcProtect);
        _world.Cloud.Add(guarded with { Tags = bare });
        _world.Audit.BeforePut = () =>
        {
            _world.Clock.Advance(CollectPhase.MaxAge + TimeSpan.FromSeconds(1));
            _world.Cloud.Add(guarded);
        };
        _world.Input = _world.Input with { AsOf = CollectWorld.AsOf.AddMinutes(2) };

        var result = await _world.CollectAsync();

        Assert.Equal(["skipped", "terminating", "skipped"], _world.Audit.Of(made.Id));
        _world.AssertSkipped(made, result, "protected by tag");
    }

    [Fact]
    public async Task Collect_SkippedAgainForTheSameReason_IsAuditedOnceAndAgainAfterADay()
    {
        var made = _world.Add(protect: "true");
        foreach (var minutes in new[] { 0, 2, 4, 24 * 60 })
        {
            _world.Input = _world.Input with { AsOf = CollectWorld.AsOf.AddMinutes(minutes) };
            await _world.CollectAsync();
        }

        Assert.Equal(["skipped", "skipped"], _world.Audit.Of(made.Id));
        Assert.Contains("nstance:gc-protect", _world.Audit.Entries[0].Why, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Collect_SkippedForAnotherReason_IsAuditedAgain()
    {
        var made = _world.Add(protect: "true");
        await _world.CollectAsync();
        _world.Cloud.Undescribable.Add(made.ProviderId);
        _world.Input = _world.Input with { AsOf = CollectWorld.AsOf.AddMinutes(2) };

        await _world.CollectAsync();

        Assert.Equal(2, _world.Audit.Of(made.Id).Count);
    }

    [Fact]
    public async Task Collect_DryRun_AuditsOnceWhatWouldBeTerminated()
    {
        var made = _world.Add();
        foreach (var minutes in new[] { 0, 2 })
        {
            _world.Input = _world.Input with { DryRun = true, AsOf = CollectWorld.AsOf.AddMinutes(minutes) };
            await _world.CollectAsync();
        }

        Assert.Equal(["would-terminate"], _world.Audit.Of(made.Id));
        Assert.True(_world.Audit.Entries[0].DryRun);
        _world.AssertUntouched(made);
    }

    [Fact]
    public async Task Collect_DryRunProtectedAtTheCloud_IsAuditedAsSkipped()
    {
        var made = _world.Add();
        _world.Cloud.TerminatesAs[made.ProviderId] = new(
            TerminateOutcome.Protected, "termination protection is on at the cloud");
        _world.Input = _world.Input with { DryRun = true };

        var result = await _world.CollectAsync();

        Assert.Equal((0, 1), (result.Of(CollectReason.Dangling).Terminated, result.Of(CollectReason.Dangling).Skipped));
        Assert.Equal(["skipped"], _world.Audit.Of(made.Id));
        Assert.Contains("termination protection", _world.Audit.Entries[0].Why, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Collect_DryRunProtectionCannotBeAsked_SaysSo()
    {
        var made = _world.Add();
        _world.Cloud.TerminatesAs[made.ProviderId] = new(TerminateOutcome.Failed, "denied");
        _world.Input = _world.Input with { DryRun = true };

        await _world.CollectAsync();

        Assert.Equal(["would-terminate"], _world.Audit.Of(made.Id));
        Assert.EndsWith("unless the cloud protects it (denied)", _world.Audit.Entries[0].Why, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Collect_DryRunOfMany_AsksForTheProtectionOfAFew()
    {
        for (var n = 0; n < 130; n++) _world.Add();
        _world.Input = _world.Input with { DryRun = true };

        var result = await _world.CollectAsync();

        Assert.Equal((130, 25), (result.Of(CollectReason.Dangling).Terminated, _world.Cloud.ProtectionAsked));
        Assert.Equal(
            105, _world.Audit.Entries.Count(e => e.Why.Contains("checks at most 25", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Collect_Approved_AuditsByWhom()
    {
        _world.Input = _world.Input with { Limits = new() { ShardFloor = 0, ShardPercent = 0 } };
        var made = _world.Add();
        var plan = (await _world.CollectAsync()).Plan!;
        _world.Input = _world.Input with
        {
            AsOf = CollectWorld.AsOf.AddMinutes(2),
            Approval = new(plan.Hash, "ann", "zone b was emptied", CollectWorld.AsOf.AddMinutes(1)),
        };

        await _world.CollectAsync();

        Assert.Equal(["over-limit", "terminating", "terminated"], _world.Audit.Of(made.Id));
        Assert.Equal(
            ("ann", "zone b was emptied"),
            (_world.Audit.Entries[2].ApprovedBy, _world.Audit.Entries[2].ApprovalComment));
    }

    [Fact]
    public async Task Collect_RetriedInTheSameCycle_AuditsUnderTheSameIds()
    {
        var made = _world.Add();
        _world.Cloud.TerminatesAs[made.ProviderId] = new(TerminateOutcome.Failed, "no answer");
        await _world.CollectAsync();
        await _world.CollectAsync();

        Assert.Equal(["terminating", "failed"], _world.Audit.Of(made.Id));
    }

    [Fact]
    public async Task Purge_Expired_AuditsEachPurgedRow()
    {
        var made = _world.Add();
        _world.Expire(made, CollectWorld.AsOf.AddHours(-2));

        await _world.PurgeAsync();

        Assert.Equal(["purged"], _world.Audit.Of(made.Id));
        Assert.Contains(
            "deleted 2026-11-23 16:40:00Z", _world.Audit.Entries[0].Evidence!.Row, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Purge_AuditIsAway_PurgesAndBringsTheLinesLater()
    {
        var made = _world.Add();
        _world.Expire(made, CollectWorld.AsOf.AddHours(-2));
        _world.Audit.PutFault = new(CloudFault.Transient, "the bucket is away");
        var result = await _world.PurgeAsync();
        Assert.Contains(result.Problems, p => p.Contains("the audit waits", StringComparison.Ordinal));
        Assert.NotNull(result.Outage);
        _world.Audit.PutFault = null;

        await _world.Trail.FlushAsync(CancellationToken.None);

        Assert.Equal(["purged"], _world.Audit.Of(made.Id));
    }

    [Fact]
    public async Task Collect_SecretsInRowRecordAndTags_StandInNoLine()
    {
        var made = _world.Add();
        _world.Sql(
            "UPDATE instances SET nonce = 'jwt-secret-1', instance_pub = 'jwt-secret-2' WHERE id = $id",
            ("$id", made.Id));
        _world.Records.Put(
            made.Key,
            Encoding.UTF8.GetString(_world.Records.Objects[made.Key]).Replace(
                "\"status\"", "\"registration_nonce_jwt\": \"jwt-secret-3\", \"status\"", StringComparison.Ordinal));
        var now = _world.Cloud.Instances[made.ProviderId];
        _world.Cloud.Add(
            now with { Tags = new Dictionary<string, string>(now.Tags) { ["password"] = "jwt-secret-4\nforged" } });

        await _world.CollectAsync();

        _world.AssertCollected(made);
        var text = string.Concat(_world.Audit.Objects.Values.Select(Encoding.UTF8.GetString));
        Assert.DoesNotContain("jwt-secret", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Collect_NewlineInAProtectionTag_StaysOneLine()
    {
        _world.Add(protect: "no\n{\"id\":\"forged\"}");

        await _world.CollectAsync();

        var lines = Encoding.UTF8.GetString(_world.Audit.Objects.Values.Single()).TrimEnd('\n').Split('\n');
        Assert.Equal("skipped", AuditEntry.Parse(Assert.Single(lines))!.Action);
    }

    [Fact]
    public async Task History_OfATerminatedInstance_IsCompleteByEitherId()
    {
        var made = _world.Add();
        await _world.CollectAsync();
        var connections = new Worker.FakeConnections();
        foreach (var (key, lines) in _world.Audit.Objects) connections.Trail.Objects[key] = lines;
        var reader = new HistoryReader(
            connections, new() { DataDirectory = "/nowhere" }, CollectWorld.Shard, TimeSpan.FromSeconds(1));
        var day = DateOnly.FromDateTime(CollectWorld.AsOf.UtcDateTime);

        foreach (var name in new[] { made.Id, made.ProviderId })
        {
            var story = await reader.ReadAsync(name, day.AddDays(-1), day, CancellationToken.None);
            Assert.Equal(["terminating", "terminated"], story.Entries.Select(e => e.Action));
        }

        Assert.Empty(
            (await reader.ReadAsync(made.Id, day.AddDays(-2), day.AddDays(-1), CancellationToken.None)).Entries);
    }
}
