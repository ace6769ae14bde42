using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Ports;

namespace Nstance.Temporal.Tests.Collect;

/// <summary>What the report and the audit say of each outcome, and what becomes of an approval.</summary>
public sealed class OutcomesTests : IDisposable
{
    private const string Never = "not registered 1h after it was issued; its record says the same";

    private readonly CollectWorld _world = new();

    public void Dispose() => _world.Dispose();

    [Fact]
    public async Task Collect_Terminated_ReportAndAuditSayWhy()
    {
        var made = _world.Add();

        var result = await _world.CollectAsync();

        AssertOnlySample(result, made, "terminated", Never);
        AssertAudit(made, ("terminating", Never), ("terminated", Never));
        Assert.Empty(result.Problems);
    }

    /// <summary>The machine went between the evidence and the call.</summary>
    [Fact]
    public async Task Collect_GoneWhenTheCloudIsCalled_IsCleanedAndSaysSo()
    {
        var made = _world.Add();
        _world.Cloud.BeforeTerminate = () => _world.Cloud.Instances.Clear();

        var result = await _world.CollectAsync();

        _world.AssertCollected(made);
        AssertOnlySample(result, made, "already-gone", "not found");
        AssertAudit(made, ("terminating", Never), ("already-gone", "not found"));
        Assert.Equal(
            (0, 1), (result.Of(CollectReason.Dangling).Terminated, result.Of(CollectReason.Dangling).AlreadyGone));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Collect_TerminationFails_SaysWhyAndIsAnOutageIfTheCloudIsAway(bool isOutage)
    {
        var made = _world.Add();
        _world.Cloud.TerminatesAs[made.ProviderId] =
            new(TerminateOutcome.Failed, "too many calls") { IsOutage = isOutage };

        var result = await _world.CollectAsync();

        AssertOnlySample(result, made, "failed", "too many calls");
        AssertAudit(made, ("terminating", Never), ("failed", "too many calls"));
        Assert.Equal(
            isOutage ? "the cloud did not terminate or stop instances: too many calls" : null, result.Outage);
        Assert.Equal(
            isOutage
                ? result.Outage!
                : "1 instances could not be terminated or quarantined; the first: too many calls",
            Assert.Single(result.Problems));
    }

    [Fact]
    public async Task Collect_NoAnswerAboutAnInstance_IsAFailure()
    {
        var made = _world.Add();
        _world.Cloud.TerminatesAs[made.ProviderId] = new(TerminateOutcome.Failed, null);

        AssertOnlySample(await _world.CollectAsync(), made, "failed", "no answer about it");
        Assert.True(_world.IsLive(made));
    }

    [Fact]
    public async Task Collect_RunsOnInQuarantine_SaysWhyAndKeepsTheRow()
    {
        var made = _world.Add();
        _world.Input = _world.Input with { Quarantine = TimeSpan.FromHours(2) };
        _world.Cloud.TerminatesAs[made.ProviderId] = new(TerminateOutcome.Quarantined, "it runs on");

        var result = await _world.CollectAsync();

        AssertOnlySample(result, made, "quarantined", $"{Never}; it runs on");
        _world.AssertUntouched(made);
    }

    [Fact]
    public async Task Collect_ProtectedAtTheCloud_IsSkippedWithItsReason()
    {
        var made = _world.Add();
        Protect(made);

        var result = await _world.CollectAsync();

        AssertOnlySample(result, made, "skipped", "it is protected");
        AssertAudit(made, ("terminating", Never), ("skipped", "it is protected"));
        Assert.True(_world.IsLive(made));
        Assert.Empty(result.Problems);
    }

    /// <summary>An approval of two must not be over because both could not be terminated.</summary>
    [Theory]
    [InlineData("protected")]
    [InlineData("failed")]
    public async Task Collect_NoneOfTheApprovedCanBeTerminated_ApprovalIsNotDone(string outcome)
    {
        var made = await ApprovedAsync(2);
        foreach (var one in made)
        {
            if (outcome == "protected") Protect(one);
            else _world.Cloud.TerminatesAs[one.ProviderId] = new(TerminateOutcome.Failed, "no");
        }

        Assert.False((await _world.CollectAsync()).ApprovalDone);
    }

    [Fact]
    public async Task Collect_Approved_OnlyTheReportNamesTheOperator()
    {
        var made = (await ApprovedAsync(2))[0];

        var result = await _world.CollectAsync();

        Assert.Contains(
            result.Samples,
            s => s.InstanceId == made.Id && s.Why == $"{Never}; approved by ann");
        var entry = _world.Audit.Entries.Last(e => e.Instance == made.Id);
        Assert.Equal(("terminated", Never, "ann"), (entry.Action, entry.Why, entry.ApprovedBy));
    }

    [Fact]
    public async Task Collect_DryRun_SaysWhatItWouldDo()
    {
        var made = _world.Add();
        _world.Input = _world.Input with { DryRun = true };

        var result = await _world.CollectAsync();

        AssertOnlySample(result, made, "would-terminate", Never);
        AssertAudit(made, ("would-terminate", Never));
    }

    [Fact]
    public async Task Collect_DryRunOfAProtectedInstance_SaysThatItIsSkipped()
    {
        var made = _world.Add();
        Protect(made);
        _world.Input = _world.Input with { DryRun = true };

        var result = await _world.CollectAsync();

        AssertOnlySample(result, made, "skipped", "it is protected");
        Assert.Equal(0, result.Of(CollectReason.Dangling).Terminated);
    }

    [Fact]
    public async Task Collect_DryRunCannotAskForProtection_SaysThatItIsNotKnown()
    {
        var made = _world.Add();
        _world.Cloud.TerminatesAs[made.ProviderId] = new(TerminateOutcome.Failed, "no answer");
        _world.Input = _world.Input with { DryRun = true };

        AssertOnlySample(
            await _world.CollectAsync(), made, "would-terminate", $"{Never}; unless the cloud protects it (no answer)");
    }

    [Fact]
    public async Task Collect_DryRunOfARowWithoutAMachine_SaysThatItWouldCleanUp()
    {
        _world.Add(protect: "true");
        var made = _world.Add(provider: false, inCloud: false);
        _world.Input = _world.Input with { DryRun = true };

        var result = await _world.CollectAsync();

        Assert.Contains(result.Samples, s => (s.InstanceId, s.Action) == (made.Id, "would-clean"));
        Assert.Equal(0, _world.Cloud.ProtectionAsked);
        Assert.True(_world.IsLive(made));
    }

    [Fact]
    public async Task Collect_OverALimit_ReportAndAuditNameTheLimit()
    {
        CollectWorld.Made[] made = [_world.Add(), _world.Add()];
        _world.Input = _world.Input with { Limits = new() { ShardFloor = 1, ShardPercent = 0 } };

        var result = await _world.CollectAsync();

        const string Over = "2 of the shard's 2 live instances would be terminated; at most 1 may";
        Assert.All(result.Samples, s => Assert.Equal(("over-limit", Never), (s.Action, s.Why)));
        AssertAudit(made[0], ("over-limit", $"{Over}; {Never}"));
        Assert.Equal([$"Dangling: {Over}: none was terminated"], result.Problems);
        Assert.Equal([$"Dangling: {Over}"], result.Plan!.Exceeded);
    }

    [Fact]
    public async Task Collect_HeldByAGuard_ReportAndAuditNameTheGuard()
    {
        var made = _world.Add();
        _world.Input = _world.Input with { Guard = new(Guards.Listing, "the listing shrank") };

        var result = await _world.CollectAsync();

        AssertOnlySample(result, made, "blocked", Never);
        AssertAudit(made, ("blocked", $"the listing shrank; {Never}"));
        Assert.Equal(["Dangling: the listing shrank: none was terminated"], result.Problems);
    }

    /// <summary>The audit repeats an unchanged skip once a day, and a skip after an announcement each time.</summary>
    [Theory]
    [InlineData(true, 1)]
    [InlineData(false, 2)]
    public async Task Collect_EvidenceExpiredInTwoCycles_TheAuditRepeatsOnlyWhatWasAnnounced(bool dryRun, int lines)
    {
        var made = _world.Add();
        _world.Input = _world.Input with { DryRun = dryRun };
        _world.Cloud.BeforeDescribe = () => _world.Clock.Advance(TimeSpan.FromSeconds(6));
        await _world.CollectAsync();
        _world.Input = _world.Input with { AsOf = CollectWorld.AsOf.AddMinutes(2) };

        var result = await _world.CollectAsync();

        AssertOnlySample(result, made, "skipped", "evidence expired before termination");
        Assert.Equal(lines, _world.Audit.Of(made.Id).Count(action => action == "skipped"));
    }

    /// <summary>The audit must not repeat the outcomes of an earlier batch.</summary>
    [Fact]
    public async Task Collect_TwoReasons_EachOutcomeIsToldOnce()
    {
        var stopped = _world.Add("stopped", InstanceStatus.Stopped, registered: true, recordRegistered: true);
        _world.Add();
        var told = 0;
        _world.Audit.BeforePut = () => told++;

        await _world.CollectAsync();

        var lines = _world.Audit.Objects.Values
            .SelectMany(o => System.Text.Encoding.UTF8.GetString(o).Split('\n'))
            .Count(line => line.Contains(stopped.Id, StringComparison.Ordinal));
        Assert.Equal(2, lines);
        Assert.InRange(told, 2, 4);
    }

    [Fact]
    public async Task Collect_InvalidRecord_IsSkippedCountedAndNamed()
    {
        var made = _world.Add();
        _world.Records.Put(made.Key, "nonsense");

        var result = await _world.CollectAsync();

        _world.AssertUntouched(made);
        Assert.Equal(1, result.Invalid);
        Assert.StartsWith($"record {made.Key} is invalid: ", Assert.Single(result.Problems));
    }

    /// <summary>An invalid record is not evidence: row and record stay, also of a machine that is gone.</summary>
    [Theory]
    [InlineData("stopped", true)]
    [InlineData("running", false)]
    public async Task Collect_InvalidRecordOfAnUnhealthyOrLostMachine_DeletesNothing(string status, bool inCloud)
    {
        var made = _world.Add(
            "stopped", InstanceStatuses.Parse(status), registered: true, recordRegistered: true, inCloud: inCloud);
        _world.Records.Put(made.Key, "nonsense");

        var result = await _world.CollectAsync();

        _world.AssertSkipped(made, result, "its record is invalid");
        Assert.True(_world.HasRecord(made));
    }

    [Fact]
    public async Task Collect_AuditCannotBeWritten_TerminatesNoneAndSaysSoOnce()
    {
        var made = _world.Add();
        var gone = _world.Add(inCloud: false);
        _world.Add(protect: "true");
        _world.Audit.PutFault = new(CloudFault.Transient, "S3: 503");

        var result = await _world.CollectAsync();

        _world.AssertUntouched(made);
        _world.AssertCollected(gone);
        Assert.Equal(
            "Dangling: none of 1 was terminated, because the audit could not be written: "
            + "the bucket did not take it: S3: 503", result.Outage);
        Assert.Contains(
            result.Samples,
            s => (s.InstanceId, s.Action, s.Why)
                == (made.Id, "failed", "not tried: the audit could not be written"));
    }

    [Fact]
    public async Task Collect_MachineIsStuckInShuttingDown_IsCountedAndNamed()
    {
        var made = _world.Add(rowStatus: "deleting", status: InstanceStatus.Deleting);
        _world.Sql("UPDATE gc_machines SET terminating_at = '2026-11-23 17:00:00+00:00'");

        var result = await _world.CollectAsync();

        Assert.Equal((1, 1), (result.AlreadyTerminating, result.StuckTerminating));
        var sample = Assert.Single(result.Samples);
        Assert.Equal(
            (made.Id, made.ProviderId, "web", "already-terminating", "terminating since 2026-11-23 17:00:00Z"),
            (sample.InstanceId, sample.ProviderId, sample.Group, sample.Action, sample.Why));
        Assert.StartsWith(
            "1 machines have been terminating for more than an hour", Assert.Single(result.Problems));
    }

    private void Protect(CollectWorld.Made made) =>
        _world.Cloud.TerminatesAs[made.ProviderId] = new(TerminateOutcome.Protected, "it is protected");

    private async Task<CollectWorld.Made[]> ApprovedAsync(int count)
    {
        CollectWorld.Made[] made = [.. Enumerable.Range(0, count).Select(_ => _world.Add())];
        _world.Input = _world.Input with { Limits = new() { ShardFloor = 1, ShardPercent = 0 } };
        var plan = (await _world.CollectAsync()).Plan!;
        _world.Input = _world.Input with { Approval = new(plan.Hash, "ann", "fine", CollectWorld.AsOf) };
        return made;
    }

    private static void AssertOnlySample(CollectResult result, CollectWorld.Made made, string action, string why)
    {
        var sample = Assert.Single(result.Samples);
        Assert.Equal((made.Id, action, why), (sample.InstanceId, sample.Action, sample.Why));
    }

    private void AssertAudit(CollectWorld.Made made, params (string Action, string Why)[] lines) => Assert.Equal(
        lines, _world.Audit.Entries.Where(e => e.Instance == made.Id).Select(e => (e.Action, e.Why)));
}
