using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Simulation.Cloud;
using Nstance.Temporal.Simulation.Fleet;

namespace Nstance.Temporal.Simulation.Chaos;

/// <summary>What must hold, by the simulation's truth (docs/testing.md). I5 is in <see cref="Bounds"/>.</summary>
internal sealed class Invariants(ChaosWorld world)
{
    private DateTimeOffset? _election;
    private DateTimeOffset _electionSeenAt;

    private ShardTimings Timings => world.Story.Setup.Timings;

    /// <summary>I1, at the moment of termination.</summary>
    public void Ends(string providerId, Bounds bounds)
    {
        var now = world.Now;
        if (world.Ec2.Find(providerId) is not { Alive: true } machine) return;
        var seen = ChaosCloud.Read(machine);
        var member = world.Members.FirstOrDefault(m => m.ProviderId == providerId);
        var name = $"{providerId} (#{member?.Number}, {member?.Scenario})";
        bounds.Ends(name, providerId, seen.TrackingId, seen.Group ?? "");
        if (!seen.IsOwn(Story.Shard)) world.Violate("I1", $"{name} is foreign");
        if (machine.TerminationProtected || seen.Protection(now) is not null)
            world.Violate("I1", $"{name} is protected");
        if (!world.Announced.Contains(providerId)) world.Violate("I8", $"{name} ended without an announcement");
        world.EndedByCollector.Add(providerId);
        // Started again a moment ago: while the cloud still says that it is stopped, the collector cannot know.
        if (IsStopped(machine) || IsStopped(world.Ec2.FindVisible(providerId, now - world.Lag))) return;
        if (member is null || member.IsBeingDeleted || member.IsGivenUp) return;
        if (member.RegisteredAt is not null) world.Violate("I1", $"{name} is registered and {seen.State}");
        if (now - machine.LaunchedAt < Timings.RegistrationTimeout) world.Violate("I1", $"{name} is in its grace");
        if (bounds.Input.Grace is { } grace && world.TemporalNow - grace.Since < Timings.RegistrationTimeout)
            world.Violate("I1", $"{name} is in its grace after a time without a sync ({grace.Why})");
    }

    /// <summary>I1, at the moment of terminating in a story with quarantine.</summary>
    public void HaveWaited(string providerId, Bounds bounds)
    {
        if (world.Story.Setup.Quarantine is not { } wait) return;
        if (world.Ec2.Find(providerId) is not { Alive: true } machine) return;
        var isTagged = QuarantineTag.TryParse(machine.Tags.GetValueOrDefault(CloudTags.GcQuarantined, ""), out var tag);
        if (!isTagged || tag.At + wait > bounds.Input.AsOf)
            world.Violate("I1", $"{providerId} ended before its quarantine was over");
        // Started a moment ago: the collector cannot know.
        if (!IsStopped(machine) && !IsStopped(world.Ec2.FindVisible(providerId, world.Now - world.Lag)))
            world.Violate("I1", $"{providerId} ended without a stop");
    }

    /// <summary>I3, at the moment of deleting.</summary>
    public void DeletesRecord(string key, Bounds bounds)
    {
        var member = world.Members.FirstOrDefault(m => Story.Shard.RecordKey(m) == key);
        if (member is not null && Lives(member))
            world.Violate("I3", $"the record of {Name(member)} was deleted, and its machine runs");
        bounds.Deletes(key, member?.Group);
    }

    /// <summary>I3, after each step.</summary>
    public void RowsLeft(IEnumerable<SeenRow> before, IEnumerable<SeenRow> after)
    {
        var left = after.Select(row => row.Id).ToHashSet();
        foreach (var row in before.Where(row => row.HasRow && !left.Contains(row.Id)))
        {
            if (world.Fleet.WithId(row.Id) is { } member && world.Fleet.HasRecord(member))
                world.Violate("I3", $"the row of {Name(member)} went before its record");
        }
    }

    /// <summary>I4, after a health scan: a member without reports was checked in time, or waits.</summary>
    public void SilentAreChecked(
        PhaseInput input, CycleReport report, ChaosReconciler reconciler)
    {
        // While the bucket does not answer, no phase sees an election. Health counts from the first that sees it.
        if (world.Nstance?.ElectedAt is { } election && election != _election
            && (report.Sync is not null || report.Health is not null))
        {
            _election = election;
            _electionSeenAt = input.AsOf;
        }

        if (report.Health is not { Suspect: null } health) return;
        var interval = Timings.HealthCheckInterval;
        if (_electionSeenAt > input.AsOf - (4 * interval)) return;
        if (world.Held(ChaosEvent.TemporalSkew, 3 * interval)) return;
        if (world.Nstance?.ElectedAt > input.AsOf - (4 * interval)) return;
        var isPaused = input.DryRun || input.PartialPauses is not null || input.QuietHours is not null;
        var isInGrace = input.Grace?.Since >= input.AsOf - interval;
        if (isPaused || isInGrace || WasAhead()) return;
        // The purge reports a mark of deletion that lies ahead.
        var reportsInvalid = health.Invalid > 0 || report.Purge is not { Invalid: 0 };
        var since = input.AsOf - (3 * interval);
        foreach (var m in world.Members.Where(m => m.RegisteredAt < since && m.SilentSince < since))
        {
            if (m.HasCorruptRow || m.IsBeingDeleted || m.IsGivenUp) continue;
            // An election rebuilds no row from a record that cannot be read.
            if (m.HasCorruptRecord && world.Nstance?.ElectedAt is not null) continue;
            if (world.Ec2.FindVisible(m.ProviderId!, input.AsOf)?.State is not MachineState.Running) continue;
            // A row with a time of the future is not used, and reported.
            if (reportsInvalid && world.Holding(ChaosEvent.FutureRow).Any(e => e.Member == m.Number)) continue;
            var isChecked = reconciler.CheckedAt.TryGetValue(m.Id, out var at) && at > input.AsOf - (2 * interval);
            if (!isChecked && !reconciler.Waits(m.Id))
                world.Violate("I4", $"{Name(m)} stopped reporting; it was not checked in time");
        }
    }

    /// <summary>I14: no instance whose agent reports is handed on for replacement.</summary>
    public void HandsOn(ReconcileEvent check)
    {
        var since = world.Now - (2 * Timings.HealthCheckInterval);
        if (world.Fleet.WithId(check.InstanceId!) is not { SilentSince: null } m || WasAhead()) return;
        if (world.Held(ChaosEvent.LeaderDead, world.Now - since) || !world.IsRunning(m)) return;
        if (m.RegisteredAt < since && !(m.ReportsSince >= since) && world.Fleet.MachineOf(m)!.StateSince < since)
            world.Violate("I14", $"{Name(m)} reports, and was handed on: {check.Cause}");
    }

    /// <summary>I7.</summary>
    public void Says(string text)
    {
        if (text.Contains(Member.SecretMark, StringComparison.Ordinal)) world.Violate("I7", "a secret was repeated");
    }

    /// <summary>I2, some cycles after the last fault.</summary>
    /// <param name="isShared">True: the host that holds the shard uses the file of nstance's server there.</param>
    public void NothingLeaks(bool isShared)
    {
        var judged = world.Members.Where(m => !m.HasCorruptRecord && !m.IsBeingDeleted).ToArray();
        // When its protection ends, some cycles pass, and the quarantine if there is one.
        var protectedAt = world.Now - TimeSpan.FromHours(3) - (world.Story.Setup.Quarantine ?? TimeSpan.Zero);
        // While two machines carry an id, a person must decide.
        foreach (var m in judged.Where(m => m.Scenario is not (Scenario.Foreign or Scenario.DuplicateId)))
        {
            if (world.Fleet.MachineOf(m) is not { Alive: true, TerminationProtected: false } machine) continue;
            if (ChaosCloud.Read(machine).Protection(protectedAt) is not null) continue;
            if (machine.State is MachineState.Stopped || m.RegisteredAt is null)
                world.Violate("I2", $"{machine.Id} ({Name(m)}) leaks: {machine.StateName}");
        }

        // If the cloud shows no machine of the shard, "not found" does not count (ADR 0002).
        if (!world.Ec2.All().Any(m => m.Alive && ChaosCloud.Read(m).IsOwn(Story.Shard))) return;
        foreach (var m in judged.Where(m => HasJudgedRecord(m, isShared) && world.Fleet.HasRecord(m) && !Lives(m)))
            world.Violate("I2", $"the record of {Name(m)} stays, and its machine is gone");
    }

    /// <summary>I9, some cycles after the last fault: <c>gc_machines</c> says what the cloud says.</summary>
    /// <param name="rows">The rows after the last cycle.</param>
    /// <param name="began">When the last cycle began.</param>
    public void RowsTellTheTruth(IEnumerable<SeenRow> rows, DateTimeOffset began)
    {
        foreach (var row in rows.Where(row => row.IsLive && row.ProviderId is not null))
        {
            if (world.Ec2.FindVisible(row.ProviderId!) is not { } machine) continue;
            var seen = ChaosCloud.Read(machine);
            // No sync came after a termination by the last cycle.
            if (machine is { EndedBy: ChaosCloud.Hand } && machine.EndedAt >= began
                && row.Status == InstanceStatus.Deleting.Name()) continue;
            if (seen.TrackingId == row.Id && row.Status != seen.Status.Name())
                world.Violate("I9", $"the row of {machine.Id} says {row.Status ?? "nothing"}, and it is {seen.State}");
        }
    }

    // A person must decide about a duplicate id. Known gap: an own file holds no reports of agents, so a registered
    // record that names no machine may belong to an agent that runs.
    private static bool HasJudgedRecord(Member m, bool isShared) => m.Scenario is not Scenario.DuplicateId
        && (isShared || m.Scenario is not Scenario.LostAnswerRegisters);

    /// <summary>A report from a clock that was ahead looks fresh until that time has come.</summary>
    private bool WasAhead() => world.Held(ChaosEvent.ServerClockAhead, ChaosWorld.ClockAhead);

    private static bool IsStopped(Machine? machine) =>
        machine?.State is MachineState.Stopping or MachineState.Stopped;

    private static string Name(Member m) => $"#{m.Number} ({m.Scenario})";

    private bool Lives(Member m) => world.Fleet.MachineOf(m)?.Alive is true;
}
