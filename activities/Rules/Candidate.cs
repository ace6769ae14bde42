
namespace Nstance.Temporal.Activities.Rules;

/// <summary>A row that looks like garbage for one reason. That alone terminates nothing.</summary>
internal sealed record Candidate(InstanceRow Row, CollectReason Reason)
{
    public string Id => Row.Id;
}

/// <summary>Fresh answers of row, cloud and bucket about one candidate. Null: not asked.</summary>
internal sealed record Evidence
{
    /// <summary>The row, read again; null if it is gone. A candidate without a row keeps what was found.</summary>
    public InstanceRow? Row { get; init; }

    /// <summary>The instance by the row's provider id.</summary>
    public CloudInstance? Instance { get; init; }

    /// <summary>True if the cloud said that the row's provider id does not exist.</summary>
    public bool NotFound { get; init; }

    /// <summary>Why the cloud did not answer.</summary>
    public string? CloudUnknown { get; init; }

    /// <summary>Own instances that carry the row's id as tag; null without an answer.</summary>
    public IReadOnlyList<CloudInstance>? Tagged { get; init; }

    /// <summary>The record; null if it could not be read.</summary>
    public RecordRead? Record { get; init; }

    /// <summary>Why the record could not be read.</summary>
    public string? RecordUnknown { get; init; }

    /// <summary>Key of the record; null if it has none, or its tenant is unknown.</summary>
    public string? RecordKey { get; init; }

    /// <summary>Tenant of the row, or of its record; null if unknown.</summary>
    public string? Tenant { get; init; }

    /// <summary>Since when agents report into this host's file; null if they do not.</summary>
    public DateTimeOffset? HealthKnownSince { get; init; }

    /// <summary>The cloud's time of its answer by id; null if it gave none.</summary>
    public DateTimeOffset? CloudTime { get; init; }

    /// <summary>True if the cloud or the bucket did not answer.</summary>
    public bool IsIncomplete => CloudUnknown is not null || Record is null;

    /// <summary>Gets the instance. Throws if a verdict without an instance asks for it.</summary>
    public CloudInstance Machine => Instance ?? throw new InvalidOperationException("no instance among the evidence");
}

internal enum VerdictKind
{
    Skip = 0, // skip the candidate; the verdict in every case of doubt
    Refuted, // skip it for this reason; another reason may apply
    KeepRecord, // skip it, and store what the record knows and the row does not
    Terminate, // terminate the instance, then clean up
    Quarantine, // tag and stop the instance; it is terminated when its wait is over
    CleanUp, // no machine is left: delete the record and mark the row
    Mark, // no machine was found: mark the row; the record stays for the retention, in case one appears
}

/// <summary>A verdict, and the sentence that explains it in reports and in the audit.</summary>
internal sealed record Verdict(VerdictKind Kind, string Why)
{
    /// <summary>True: skipped because of a pause or a grace period. An approval outlives it.</summary>
    public bool IsWaiting { get; init; }

    public static Verdict Skip(string why) => new(VerdictKind.Skip, why);

    public static Verdict Wait(string why) => new(VerdictKind.Skip, why) { IsWaiting = true };
}

/// <summary>A candidate, the evidence about it, and the verdict.</summary>
internal sealed record Assessment(Candidate Candidate, Evidence Evidence, Verdict Verdict)
{
    public CollectReason Reason => Candidate.Reason;

    public string Tenant => Evidence.Tenant ?? "";

    /// <summary>The row's group, else the cloud's; "" when neither knows it.</summary>
    public string Group => Candidate.Row.Group ?? Evidence.Instance?.Group ?? "";

    public bool IsActing => IsTerminating || IsWithoutMachine;

    /// <summary>True if only the row and perhaps the record are left.</summary>
    public bool IsWithoutMachine => Verdict.Kind is VerdictKind.CleanUp or VerdictKind.Mark;

    /// <summary>True if the machine stops. Limits count, and an approval covers, exactly these.</summary>
    public bool IsTerminating => Verdict.Kind is VerdictKind.Terminate or VerdictKind.Quarantine;

    public Assessment Skip(string why) => this with { Verdict = Verdict.Skip(why) };

    /// <summary>
    /// Judges a candidate: by the rule of its reason, then by pauses. If the cloud has shown no instance of this shard
    /// (<paramref name="sawOwn"/>), a missing machine is not evidence.
    /// </summary>
    public static Assessment Of(Candidate candidate, Evidence evidence, PhaseInput input, bool sawOwn)
    {
        var assessment = new Assessment(candidate, evidence, TerminationRules.Judge(candidate, evidence, input));
        if (assessment.Verdict.Kind == VerdictKind.Refuted) return assessment; // Another reason may apply.
        var sweep = Reasons.Of(candidate.Reason).Pause;
        if (PauseRules.Of(input, sweep, assessment.Tenant, assessment.Group) is { } paused)
            return assessment with { Verdict = Verdict.Wait(paused) };
        return assessment.IsWithoutMachine && !sawOwn
            ? assessment.Skip(SafetyGuard.WrongPlace)
            : assessment;
    }
}
