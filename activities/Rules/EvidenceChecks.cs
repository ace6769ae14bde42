
namespace Nstance.Temporal.Activities.Rules;

/// <summary>Checks that several rules share. A check returns a final verdict, or null to continue.</summary>
internal static class EvidenceChecks
{
    public const string NoLaunchTime = "the cloud did not say when it was launched";

    public const string AlreadyTerminating = "already terminating: left to the cloud";

    private const string TooYoung = "too young: the cloud may not show it yet";

    /// <summary>Returns how the row changed since it was found; null if it did not.</summary>
    public static string? Changed(Candidate candidate, InstanceRow? row)
    {
        var isDeletedWanted = candidate.Reason == CollectReason.DeletedButRunning;
        return row switch
        {
            null => "the row is gone",
            _ when row.HasRow != candidate.Row.HasRow => "a row of its id appeared meanwhile",
            { DeletedAt: null } when isDeletedWanted => "the row is live again",
            { DeletedAt: not null } when !isDeletedWanted => "the row was marked deleted meanwhile",
            _ when row.ProviderId != candidate.Row.ProviderId => "the row names another instance by now",
            _ when row.Tenant != candidate.Row.Tenant => "the row names another tenant by now",
            _ => null,
        };
    }

    /// <summary>
    /// Null for an own instance, the row's and the record's, that is not protected, terminated or shutting down.
    /// </summary>
    public static Verdict? NotJudged(InstanceRow row, Evidence now, PhaseInput input)
    {
        if (now.CloudUnknown is { } why) return Verdict.Skip($"the cloud could not say: {why}");
        if ((UnreadableRecord(now) ?? InvalidRecord(now)) is { } unreadable) return unreadable;
        if (now.NotFound) return NotFound(row, now, input);
        if (now.Instance is not { } instance || instance.ProviderId != row.ProviderId)
            return Verdict.Skip("the cloud did not answer about it");
        if (!instance.IsOwn(input.Shard)) return Verdict.Skip("does not carry the shard's tags");
        if (instance.TrackingId != row.Id) return Verdict.Skip($"belongs to {instance.TrackingId} at the cloud");
        if (instance.Status == InstanceStatus.Deleting) return Verdict.Skip(AlreadyTerminating);
        if (instance.Protection(input.AsOf) is { } protection) return Verdict.Skip(protection);
        if (RecordOfAnother(row, now) is { } other) return other;
        return instance.Status == InstanceStatus.Deleted
            ? new(VerdictKind.CleanUp, "terminated at the cloud already")
            : null;
    }

    /// <summary>Null if row and record agree that the agent did not register in time.</summary>
    public static Verdict? MayHaveRegistered(InstanceRow row, Evidence now, PhaseInput input)
    {
        var deadline = Deadlines.Deadline(input);
        if (row.RegisteredAt is not null) return Verdict.Skip("registered meanwhile");
        if (row.Issued >= deadline) return Verdict.Skip("issued too recently to have registered");
        if (Deadlines.Covers(input, deadline) is { } grace) return grace;
        if (row.HealthAt > input.AsOf - (Deadlines.MissedReports * input.Timings.HealthCheckInterval))
            return Verdict.Skip("its agent reports, though the row knows of no registration");
        if (UnreadableRecord(now) is { } unreadable) return unreadable;
        return now.Record is RecordRead.Found { Record.RegisteredAt: { } at }
            ? new(VerdictKind.KeepRecord, $"its record says registered at {at:yyyy-MM-dd HH:mm:ss}Z")
            : InvalidRecord(now);
    }

    /// <summary>Null if neither the cloud nor the record knows a machine of a row without one.</summary>
    public static Verdict? HasMachine(InstanceRow row, Evidence now, PhaseInput input)
    {
        if (now.CloudUnknown is { } unknown) return Verdict.Skip(unknown);
        if (now.Instance is { } known && known.Status != InstanceStatus.Deleted)
            return Verdict.Skip($"its record names {known.ProviderId}, {State(known)} at the cloud");
        if (now.Instance is null && now.Tagged is null) return Verdict.Skip("the cloud could not be asked");
        var alive = (now.Tagged ?? []).Where(i => i.Status != InstanceStatus.Deleted).ToArray();
        if (alive.Length > 1) return Verdict.Skip($"{alive.Length} machines carry its id; manual review required");
        if (alive.Length == 1) return Verdict.Skip($"found at the cloud as {alive[0].ProviderId}: judged next time");
        if (now.Record is RecordRead.Found { Record.ProviderId: { } recorded } && recorded != row.ProviderId)
            return new(VerdictKind.KeepRecord, $"its record names {recorded}: judged next time");
        return Young(row, input);
    }

    /// <summary>
    /// nstance may have written the provider id just now, and the cloud may not show the machine yet.
    /// </summary>
    public static Verdict? JustWritten(InstanceRow row, PhaseInput input) =>
        row.UpdatedAt >= input.AsOf - input.Timings.SettleTime
            ? Verdict.Skip("the row was written just now")
            : null;

    /// <summary>Skips without an answer of the bucket, which could not delete the record either.</summary>
    public static Verdict? UnreadableRecord(Evidence now) => now.Record is null
        ? Verdict.Skip($"its record could not be read: {now.RecordUnknown ?? "not asked"}")
        : null;

    public static Verdict? InvalidRecord(Evidence now) => now.Record is RecordRead.Invalid invalid
        ? Verdict.Skip($"its record is invalid: {invalid.Why}")
        : null;

    public static Verdict UnknownState(CloudInstance instance) =>
        Verdict.Skip($"{State(instance)} at the cloud: unknown state");

    public static string State(CloudInstance instance) =>
        instance.State.Length > 0 ? instance.State : "without a state";

    public static bool IsDeleted(InstanceRecord record) =>
        record.Status is InstanceStatus.Deleting or InstanceStatus.Deleted;

    public static string Ago(DateTimeOffset time, PhaseInput input)
    {
        var span = input.AsOf - time;
        return span.TotalHours >= 1 ? $"{span.TotalHours:0.#}h" : $"{span.TotalMinutes:0.#}m";
    }

    private static Verdict NotFound(InstanceRow row, Evidence now, PhaseInput input)
    {
        if (Young(row, input) is { } young) return young;
        if (JustWritten(row, input) is { } written) return written;
        if (now.Tagged is not { } tagged) return Verdict.Skip("the cloud could not be asked for its id");
        if (tagged.FirstOrDefault(i => i.Status != InstanceStatus.Deleted) is { } alive)
            return Verdict.Skip($"{alive.ProviderId} carries its id at the cloud");
        return RecordOfAnother(row, now) ?? new(VerdictKind.CleanUp, "not found at the cloud");
    }

    /// <summary>A row with an invalid time counts as young; the reason names the column.</summary>
    private static Verdict? Young(InstanceRow row, PhaseInput input) => Deadlines.IsYoung(row, input)
        ? Verdict.Skip(row.InvalidTimes(input.AsOf) ?? TooYoung)
        : null;

    /// <summary>The record must not be deleted if it names another machine.</summary>
    private static Verdict? RecordOfAnother(InstanceRow row, Evidence now) =>
        now.Record is RecordRead.Found { Record.ProviderId: { } recorded } && recorded != row.ProviderId
            ? Verdict.Skip($"its record names {recorded}, the row {row.ProviderId}; manual review required")
            : null;
}
