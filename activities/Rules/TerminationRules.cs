using static Nstance.Temporal.Activities.Rules.EvidenceChecks;

namespace Nstance.Temporal.Activities.Rules;

/// <summary>
/// The only place that decides a termination. A rule skips unless all of its evidence is fresh and agrees (design,
/// "Evidence, limits, guards"). Pure: no I/O, no clock.
/// </summary>
internal static class TerminationRules
{
    public static Verdict Judge(Candidate candidate, Evidence now, PhaseInput input)
    {
        if (Changed(candidate, now.Row) is { } changed) return Verdict.Skip(changed);
        var verdict = Reasons.Of(candidate.Reason).Judge(now.Row!, now, input);
        if (verdict.Kind != VerdictKind.Terminate) return verdict;
        return Registered(now) ?? QuarantineRules.Of(verdict, now, input);
    }

    /// <summary>
    /// Skips a running machine that is a target of a load balancer, because it may serve requests. nstance deregisters
    /// a machine before it terminates it.
    /// </summary>
    public static Verdict? Registered(Evidence now) =>
        now.Row is { Targets: { Length: > 0 } targets }
        && now.Machine.Status is not (InstanceStatus.Stopping or InstanceStatus.Stopped)
            ? Verdict.Skip(
                $"it runs, and load balancers have it as a target ({CloudInstance.Shown(targets)}): "
                + "waits until nstance has deregistered it")
            : null;

    /// <summary>An instance that the cloud reports as unhealthy.</summary>
    public static Verdict Unhealthy(InstanceRow row, Evidence now, PhaseInput input)
    {
        // nstance may have begun the deletion before the launch: PreInsert decides.
        if (row.ProviderId is null) return new(VerdictKind.Refuted, "the row has no provider id");
        if (NotJudged(row, now, input) is { } other) return other;
        var instance = now.Machine;

        // After a quarantine of a dangling instance, its own reason decides, with its pauses and guards.
        var isQuarantined = row.RegisteredAt is null && row.InvalidTimes(input.AsOf) is null
            && QuarantineRules.Stopped(instance);
        if (instance.Status.IsUnhealthy() && !isQuarantined)
            return new(VerdictKind.Terminate, $"{instance.State} at the cloud");

        // After a rebuild only the record, read again, can say that nstance was deleting the instance.
        if (row.RecordStatus.IsUnhealthy() && now.Record is RecordRead.Found found && IsDeleted(found.Record))
        {
            return new(
                VerdictKind.Terminate, $"its record says that nstance was deleting it; {instance.State} at the cloud");
        }

        return new(VerdictKind.Refuted, $"{State(instance)} at the cloud");
    }

    /// <summary>
    /// Dangling and orphan: issued, or launched, before the registration timeout and never registered.
    /// </summary>
    public static Verdict NeverRegistered(InstanceRow row, Evidence now, PhaseInput input)
    {
        if (MayHaveRegistered(row, now, input) is { } registered) return registered;
        if (row.ProviderId is null) return Verdict.Skip("the row has no provider id");
        if (NotJudged(row, now, input) is { } other) return other;
        var instance = now.Machine;
        if (instance.Status == InstanceStatus.Unknown) return UnknownState(instance);

        // An agent cannot register before its machine runs: the wait starts at the launch if that came later.
        if (instance.LaunchTime is not { } launched) return Verdict.Skip(NoLaunchTime);
        if (launched > Deadlines.Deadline(input)) return Verdict.Skip("launched too recently to have registered");

        // Also by the cloud's clock: a wrong clock of ours must not make a booting machine old.
        if (now.CloudTime is not { } cloudTime) return Verdict.Skip("the cloud did not say what time it is");
        if (launched > cloudTime - input.Timings.RegistrationTimeout)
            return Verdict.Skip("launched too recently by the cloud's clock");
        var record = now.Record is RecordRead.Found ? "its record says the same" : "it has no record";
        return new(VerdictKind.Terminate, $"not registered {Ago(row.Issued, input)} after it was issued; {record}");
    }

    /// <summary>
    /// A row marked as deleted whose machine runs. Its agent must not have reported since the mark. On a stopped
    /// machine no agent reports: there the last report must be older than the registration timeout.
    /// </summary>
    public static Verdict DeletedButRunning(InstanceRow row, Evidence now, PhaseInput input)
    {
        if (NotJudged(row, now, input) is { } other)
        {
            return other.Kind == VerdictKind.CleanUp
                ? new(VerdictKind.Refuted, "its machine is gone by now")
                : other;
        }

        var instance = now.Machine;
        if (instance.Status == InstanceStatus.Unknown) return UnknownState(instance);
        if (instance.LaunchTime is not { } launched) return Verdict.Skip(NoLaunchTime);
        var marked = row.DeletedAt!.Value;
        var since = launched > marked ? launched : marked;
        var deadline = Deadlines.Deadline(input);
        if (since > deadline || since > input.AsOf - input.Timings.SettleTime)
        {
            return Verdict.Skip(
                $"its row was marked deleted {Ago(marked, input)} ago, and its machine runs: "
                + "waits for the registration timeout");
        }

        if (Deadlines.Covers(input, deadline) is { } grace) return grace;

        // An invalid time may be that of a report since the mark.
        if (row.InvalidTimes(input.AsOf) is { } unreadable) return Verdict.Skip(unreadable);
        var isStopped = instance.Status is InstanceStatus.Stopping or InstanceStatus.Stopped;
        if (row.HealthAt > since && !(isStopped && row.HealthAt < deadline))
            return Verdict.Skip("its agent reports, though its row is marked deleted");
        var record = (now.Record as RecordRead.Found)?.Record;
        if (row.RegisteredAt > since || record?.RegisteredAt > since)
            return Verdict.Skip("it registered after its row was marked deleted");

        // nstance deletes the record of an instance that it deletes. If the record exists, the mark may be wrong, and
        // the next election of nstance restores the row.
        if (!isStopped && record is { RegisteredAt: not null } && !IsDeleted(record))
        {
            return Verdict.Skip(
                $"its row is marked deleted, and its record says {record.Status.Name()}; manual review required");
        }

        return new(
            VerdictKind.Terminate,
            $"its row was marked deleted {Ago(marked, input)} ago; {instance.State} at the cloud, its agent silent");
    }

    /// <summary>A row from before the launch without an instance at the cloud.</summary>
    public static Verdict PreInsert(InstanceRow row, Evidence now, PhaseInput input)
    {
        if (row.ProviderId is not null) return Verdict.Skip("a machine is known for the row by now");
        return MayHaveRegistered(row, now, input) ?? HasMachine(row, now, input) ?? new(
            VerdictKind.CleanUp, $"issued {Ago(row.Issued, input)} ago and not found at the cloud");
    }

    /// <summary>
    /// A registered row without a machine: the answer to the launch was lost, and no listing showed the machine. Its
    /// agent must have stopped to report. On a host without reports, the cloud must show the machine as terminated.
    /// </summary>
    public static Verdict WithoutMachine(InstanceRow row, Evidence now, PhaseInput input)
    {
        var silentSince = Deadlines.SilentSince(input);
        if (row is not { NamesMachine: false, RegisteredAt: not null })
            return Verdict.Skip("the row is another by now");
        if (Deadlines.Covers(input, silentSince) is { } grace) return grace;
        if (!(row.LastSign < silentSince)) return Verdict.Skip("its agent reports");
        var isTerminated = now.Instance?.Status == InstanceStatus.Deleted
            || now.Tagged?.Any(i => i.Status == InstanceStatus.Deleted) is true;
        if (!isTerminated && !(now.HealthKnownSince < silentSince))
            return Verdict.Skip("agents do not report to this host, so silence is not evidence");
        return JustWritten(row, input) ?? UnreadableRecord(now) ?? InvalidRecord(now) ?? HasMachine(row, now, input)
            ?? new(
                VerdictKind.Mark,
                $"registered, silent for {Ago(row.LastSign, input)}, and not found at the cloud");
    }
}
