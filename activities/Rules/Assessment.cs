using Nstance.Temporal.Activities.Ports;

namespace Nstance.Temporal.Activities.Rules;

/// <summary>A row that looks like garbage for one reason. Nothing ends because of it: see <see cref="TerminationRules"/>.</summary>
internal sealed record Candidate(InstanceRow Row, CollectReason Reason)
{
    public string Id => Row.Id;
}

/// <summary>What was asked and answered about one candidate just now. What was not asked is null.</summary>
internal sealed record Evidence
{
    /// <summary>The row, read again; null: it is gone. What never had one is as it was found.</summary>
    public InstanceRow? Row { get; init; }

    /// <summary>The instance by the row's provider id.</summary>
    public CloudInstance? Instance { get; init; }

    /// <summary>The cloud said that the row's provider id does not exist.</summary>
    public bool NotFound { get; init; }

    /// <summary>Why the cloud could not say.</summary>
    public string? CloudUnknown { get; init; }

    /// <summary>Own instances that carry the row's id as tag; null: could not be asked, or need not be.</summary>
    public IReadOnlyList<CloudInstance>? Tagged { get; init; }

    /// <summary>What its record says; null: could not be read.</summary>
    public RecordRead? Record { get; init; }

    /// <summary>Why the record could not be read.</summary>
    public string? RecordUnknown { get; init; }

    /// <summary>Key of its record; null: it has none, or none can be named.</summary>
    public string? RecordKey { get; init; }

    /// <summary>Tenant of the row, or of the record found for it; null: unknown.</summary>
    public string? Tenant { get; init; }
}

/// <summary>What evidence says about a candidate.</summary>
internal enum VerdictKind
{
    /// <summary>Leave it alone. Also whenever we cannot tell.</summary>
    Skip = 0,

    /// <summary>Fresh evidence denies the reason itself; another reason may still hold.</summary>
    Refuted,

    /// <summary>The record knows more than the row: a registration, a machine, another status. Keep what it says; skip.</summary>
    KeepRecord,

    /// <summary>End it at the cloud, then clean up.</summary>
    Terminate,

    /// <summary>Tag it and stop it; it ends when its wait is over.</summary>
    Quarantine,

    /// <summary>Nothing is left at the cloud; clean up.</summary>
    CleanUp,
}

/// <summary>A verdict, and why.</summary>
internal sealed record Verdict(VerdictKind Kind, string Why)
{
    public static Verdict Skip(string why) => new(VerdictKind.Skip, why);
}
