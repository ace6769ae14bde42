using Nstance.Temporal.Activities.Ports;

namespace Nstance.Temporal.Activities.Rules;

/// <summary>
/// The judge: pure, and the only place that says End or Clean. Every rule skips unless all that it needs was asked just
/// now and agrees (design, "Evidence"). A shutting-down instance with a live row is ended again, which EC2 allows: so its
/// record and row are cleaned and its group hears of it, whoever began it.
/// </summary>
internal static class TerminationRules
{
    public static Verdict Judge(Candidate candidate, Evidence now, PhaseInput input)
    {
        if (StillThere(candidate, now.Row) is { } changed) return Verdict.Skip(changed);
        var verdict = candidate.Reason switch
        {
            CollectReason.Unhealthy => Unhealthy(now.Row!, now, input),
            CollectReason.Dangling or CollectReason.Orphan => NeverRegistered(now.Row!, now, input),
            CollectReason.DeletedButRunning => DeletedButRunning(now.Row!, now, input),
            CollectReason.StalePreInsert => PreInsert(now.Row!, now, input),
            _ => Verdict.Skip("no rule for this reason"),
        };
        return verdict.Kind == VerdictKind.Terminate ? QuarantineRules.Of(verdict, now, input) : verdict;
    }

    private static string? StillThere(Candidate candidate, InstanceRow? row) => row switch
    {
        null => "the row is gone",
        _ when row.HasRow != candidate.Row.HasRow => "a row of its id appeared meanwhile",
        { DeletedAt: null } when candidate.Reason == CollectReason.DeletedButRunning => "the row is live again",
        { DeletedAt: not null } when candidate.Reason != CollectReason.DeletedButRunning => "the row was marked deleted meanwhile",
        _ when row.ProviderId != candidate.Row.ProviderId => "the row names another instance by now",
        _ when row.Tenant != candidate.Row.Tenant => "the row names another tenant by now",
        _ => null,
    };

    private static Verdict Unhealthy(InstanceRow row, Evidence now, PhaseInput input)
    {
        // What nstance began to delete before it had a machine may still be a stale pre-insert.
        if (row.ProviderId is null) return new(VerdictKind.Refuted, "the row has no provider id: the cloud cannot be asked about it");
        if (Cloud(row, now, input) is { } settled) return settled;
        if (RecordOfAnother(row, now) is { } other) return other;
        var instance = now.Instance!;
        if (instance.Status.IsUnhealthy()) return new(VerdictKind.Terminate, $"{instance.State} at the cloud");

        // After a rebuild: nstance was deleting it. Only the record, read again, can say that it still is.
        if (row.RecordStatus.IsUnhealthy()
            && now.Record is RecordRead.Found { Record.Status: InstanceStatus.Deleting or InstanceStatus.Deleted })
            return new(VerdictKind.Terminate, $"its record says that nstance was deleting it; {instance.State} at the cloud");
        return new(VerdictKind.Refuted, $"{Word(instance)} at the cloud");
    }

    private static Verdict NeverRegistered(InstanceRow row, Evidence now, PhaseInput input)
    {
        if (Unregistered(row, now, input) is { } registered) return registered;
        if (row.ProviderId is null) return Verdict.Skip("the row has no provider id: the cloud cannot be asked about it");
        if (Cloud(row, now, input) is { } settled) return settled;
        if (RecordOfAnother(row, now) is { } other) return other;
        var instance = now.Instance!;
        if (instance.Status == InstanceStatus.Unknown) return Verdict.Skip($"{Word(instance)} at the cloud: not understood");

        // An agent cannot register before its machine runs: the wait starts at the launch if that came later.
        if (instance.LaunchTime is not { } launched) return Verdict.Skip("the cloud did not say when it was launched");
        if (launched > Deadline(input)) return Verdict.Skip("launched too lately to have registered");
        var record = now.Record is RecordRead.Found ? "its record says the same" : "it has no record";
        return new(VerdictKind.Terminate, $"not registered {Ago(row.Issued, input)} after it was issued; {record}");
    }

    /// <summary>
    /// The mark says that the instance is gone, the cloud says that its machine runs. nstance, or a termination that did not
    /// take hold, left it. Its agent must be silent since the mark: one that reports may be in use. On a machine that is
    /// stopped by now no agent reports: there its last report must be older than the registration timeout.
    /// </summary>
    private static Verdict DeletedButRunning(InstanceRow row, Evidence now, PhaseInput input)
    {
        if (Cloud(row, now, input) is { } settled)
            return settled.Kind == VerdictKind.CleanUp ? new(VerdictKind.Refuted, "its machine is gone by now") : settled;
        if (RecordOfAnother(row, now) is { } other) return other;
        var instance = now.Instance!;
        if (instance.Status == InstanceStatus.Deleting) return new(VerdictKind.Refuted, "its machine shuts down");
        if (instance.Status == InstanceStatus.Unknown) return Verdict.Skip($"{Word(instance)} at the cloud: not understood");
        if (now.Record is RecordRead.Invalid invalid) return Verdict.Skip($"its record cannot be understood: {invalid.Why}");
        if (instance.LaunchTime is not { } launched) return Verdict.Skip("the cloud did not say when it was launched");
        var since = launched > row.DeletedAt ? launched : row.DeletedAt!.Value;
        if (since > Deadline(input) || since > input.AsOf - input.Timings.SettleTime)
            return Verdict.Skip($"its row was marked deleted {Ago(row.DeletedAt.Value, input)} ago, and its machine runs: waits for the registration timeout");
        if (Grace(input) is { } grace) return grace;
        var isStopped = instance.Status is InstanceStatus.Stopping or InstanceStatus.Stopped;
        if (row.HealthAt > since && !(isStopped && row.HealthAt < Deadline(input)))
            return Verdict.Skip("its agent reports, though its row is marked deleted");
        if (row.RegisteredAt > since || now.Record is RecordRead.Found { Record.RegisteredAt: { } at } && at > since)
            return Verdict.Skip("it registered after its row was marked deleted");

        // nstance deletes the record of what it deletes. One that is there says that the mark was wrong: the next election
        // makes the row live again.
        if (!isStopped && now.Record is RecordRead.Found { Record: { RegisteredAt: not null, Status: not (InstanceStatus.Deleting or InstanceStatus.Deleted) } recorded })
            return Verdict.Skip($"its row is marked deleted, and its record says {recorded.Status.Name()}; manual review required");
        return new(VerdictKind.Terminate, $"its row was marked deleted {Ago(row.DeletedAt.Value, input)} ago; {instance.State} at the cloud, its agent silent");
    }

    private static Verdict PreInsert(InstanceRow row, Evidence now, PhaseInput input)
    {
        if (row.ProviderId is not null) return Verdict.Skip("a machine is known for the row by now");
        if (Unregistered(row, now, input) is { } registered) return registered;
        return Unnamed(row, now, input) ?? new(VerdictKind.CleanUp, $"issued {Ago(row.Issued, input)} ago and the cloud knows no such instance");
    }

    /// <summary>A row that registered and names no machine: only when its agent is silent and no machine carries its id.</summary>
    /// <param name="row">As it is now.</param>
    /// <param name="now">What was asked.</param>
    /// <param name="silentSince">Who gave a sign of life since then lives.</param>
    /// <param name="input">The cycle.</param>
    public static Verdict WithoutMachine(InstanceRow? row, Evidence now, DateTimeOffset silentSince, PhaseInput input)
    {
        if (row is not { DeletedAt: null, NamesMachine: false, RegisteredAt: not null }) return Verdict.Skip("the row is another by now");
        if (!(row.LastSign < silentSince)) return Verdict.Skip("its agent reports");
        if (row.UpdatedAt >= input.AsOf - input.Timings.SettleTime) return Verdict.Skip("the row was written just now");
        if (RecordUnreadable(now) is { } unreadable) return unreadable;
        if (now.Record is RecordRead.Invalid invalid) return Verdict.Skip($"its record cannot be understood: {invalid.Why}");
        return Unnamed(row, now, input) ?? new(
            VerdictKind.CleanUp, $"registered, silent for {Ago(row.LastSign, input)}, and the cloud knows no such instance");
    }

    /// <summary>Null: neither the cloud nor the record knows of an instance for a row without one.</summary>
    private static Verdict? Unnamed(InstanceRow row, Evidence now, PhaseInput input)
    {
        if (now.CloudUnknown is { } unknown) return Verdict.Skip(unknown);
        if (now.Instance is { } known && known.Status != InstanceStatus.Deleted)
            return Verdict.Skip($"its record names {known.ProviderId}, {Word(known)} at the cloud");
        if (now.Instance is null && now.Tagged is null) return Verdict.Skip("the cloud could not be asked");
        var tagged = now.Tagged ?? [];
        var alive = tagged.Where(i => i.Status != InstanceStatus.Deleted).ToArray();
        if (alive.Length > 1) return Verdict.Skip($"{alive.Length} machines carry its id; manual review required");
        if (alive.Length == 1) return Verdict.Skip($"found at the cloud as {alive[0].ProviderId}: judged next time");
        if (now.Record is RecordRead.Found { Record.ProviderId: { } recorded } && recorded != row.ProviderId)
            return new(VerdictKind.KeepRecord, $"its record names {recorded}: judged next time");
        return Young(row, input) ? Verdict.Skip("too young: the cloud may not show it yet") : null;
    }

    /// <summary>Null: an own instance, the row's, not protected, not terminated.</summary>
    private static Verdict? Cloud(InstanceRow row, Evidence now, PhaseInput input)
    {
        if (now.CloudUnknown is { } why) return Verdict.Skip($"the cloud could not say: {why}");
        if (RecordUnreadable(now) is { } unreadable) return unreadable;
        if (now.NotFound)
        {
            if (Young(row, input)) return Verdict.Skip("too young: the cloud may not show it yet");
            if (now.Tagged is not { } tagged) return Verdict.Skip("the cloud could not be asked for its id");
            if (tagged.FirstOrDefault(i => i.Status != InstanceStatus.Deleted) is { } alive)
                return Verdict.Skip($"{alive.ProviderId} carries its id at the cloud");
            return RecordOfAnother(row, now) ?? new(VerdictKind.CleanUp, "the cloud knows no such instance");
        }

        if (now.Instance is not { } instance || instance.ProviderId != row.ProviderId)
            return Verdict.Skip("the cloud did not answer about it");
        if (!instance.IsOwn(input.Shard)) return Verdict.Skip("does not carry the shard's tags");
        if (instance.TrackingId != row.Id) return Verdict.Skip($"belongs to {instance.TrackingId} at the cloud");
        if (instance.Protection(input.AsOf) is { } protection) return Verdict.Skip(protection.Why);
        return instance.Status == InstanceStatus.Deleted
            ? RecordOfAnother(row, now) ?? new(VerdictKind.CleanUp, "terminated at the cloud already")
            : null;
    }

    /// <summary>Null: row and record agree that it never registered, long enough ago.</summary>
    private static Verdict? Unregistered(InstanceRow row, Evidence now, PhaseInput input)
    {
        if (row.RegisteredAt is not null) return Verdict.Skip("registered meanwhile");
        if (row.Issued >= Deadline(input)) return Verdict.Skip("issued too lately to have registered");
        if (Grace(input) is { } grace) return grace;
        if (row.HealthAt > input.AsOf - (3 * input.Timings.HealthCheckInterval))
            return Verdict.Skip("its agent reports, though the row knows of no registration");
        if (RecordUnreadable(now) is { } unreadable) return unreadable;
        return now.Record switch
        {
            RecordRead.Found { Record.RegisteredAt: { } at } =>
                new(VerdictKind.KeepRecord, $"its record says registered at {at:yyyy-MM-dd HH:mm:ss}Z"),
            RecordRead.Invalid invalid => Verdict.Skip($"its record cannot be understood: {invalid.Why}"),
            _ => null,
        };
    }

    private static Verdict? Grace(PhaseInput input) => input.Grace is { } sight && sight.Since >= Deadline(input)
        ? Verdict.Skip($"grace until {sight.Since + input.Timings.RegistrationTimeout:yyyy-MM-dd HH:mm:ss}Z: {sight.Why}")
        : null;

    // Nothing is terminated while the bucket is silent: its record could not be deleted either.
    private static Verdict? RecordUnreadable(Evidence now) => now.Record is null
        ? Verdict.Skip($"its record could not be read: {now.RecordUnknown ?? "not asked"}")
        : null;

    // Deleting this record would lose the other machine's.
    private static Verdict? RecordOfAnother(InstanceRow row, Evidence now) =>
        now.Record is RecordRead.Found { Record.ProviderId: { } recorded } && recorded != row.ProviderId
            ? Verdict.Skip($"its record names {recorded}, the row {row.ProviderId}; manual review required")
            : null;

    private static DateTimeOffset Deadline(PhaseInput input) => input.AsOf - input.Timings.RegistrationTimeout;

    private static bool Young(InstanceRow row, PhaseInput input) =>
        row.Issued > input.AsOf - input.Timings.SettleTime || row.CreatedAt > input.AsOf - input.Timings.SettleTime;

    private static string Word(CloudInstance instance) => instance.State.Length > 0 ? instance.State : "of no state";

    private static string Ago(DateTimeOffset time, PhaseInput input)
    {
        var span = input.AsOf - time;
        return span.TotalHours >= 1 ? $"{span.TotalHours:0.#}h" : $"{span.TotalMinutes:0.#}m";
    }
}
