using Nstance.Temporal.Activities.Rules;
using Nstance.Temporal.Activities.Telemetry;

namespace Nstance.Temporal.Activities.Collect;

/// <summary>Counts of a Collect, and a few samples: what was done comes before what was skipped.</summary>
internal sealed class CollectSummary
{
    private const int MaxNotes = 20;

    private readonly Dictionary<CollectReason, CollectCounts> _counts = Enum.GetValues<CollectReason>()
        .ToDictionary(reason => reason, reason => new CollectCounts { Reason = reason });

    private readonly List<InstanceNote> _done = [];
    private readonly List<InstanceNote> _left = [];
    private readonly List<string> _problems = [];

    public int Invalid { get; set; }

    public int GroupsChanged { get; set; }

    public int Approved { get; set; }

    /// <summary>Instances that a limit held back; at most 20.</summary>
    public IReadOnlyList<InstanceNote> OverLimit => [.. _left.Where(note => note.Action == "over-limit")];

    public void Count(CollectReason reason, Func<CollectCounts, CollectCounts> change) =>
        _counts[reason] = change(_counts[reason]);

    public void Note(Assessment judged, string action, string why)
    {
        var row = judged.Candidate.Row;
        var notes = action is not ("skipped" or "over-limit") ? _done : _left;
        if (notes.Count < MaxNotes)
        {
            notes.Add(PhaseNotes.Plain(new(
                row.Id, row.ProviderId, judged.Now.Tenant, judged.Group.Length > 0 ? judged.Group : null, action, why)));
        }
    }

    public void Problem(string problem)
    {
        problem = Domain.OneLine.Of(problem);
        if (_problems.Count < MaxNotes && !_problems.Contains(problem)) _problems.Add(problem);
    }

    /// <summary>What is done for good.</summary>
    public CollectResult Done()
    {
        CollectCounts Only(CollectReason reason)
        {
            var c = _counts[reason];
            return c with { Candidates = c.Terminated + c.AlreadyGone + c.Quarantined, Skipped = 0, Failed = 0, OverLimit = 0 };
        }

        return new()
        {
            Counts = [.. _counts.Keys.Select(Only)],
            GroupsChanged = GroupsChanged,
            Approved = Approved,
            Samples = [.. _done.Where(note => note.Action != "failed")],
        };
    }

    /// <summary>Starts from what an earlier attempt did.</summary>
    public void GoOn(CollectResult before)
    {
        foreach (var counts in before.Counts) _counts[counts.Reason] = counts;
        GroupsChanged = before.GroupsChanged;
        Approved = before.Approved;
        _done.AddRange(before.Samples);
    }

    public CollectResult Result() => new()
    {
        Counts = [.. _counts.Values],
        GroupsChanged = GroupsChanged,
        Approved = Approved,
        Invalid = Invalid,
        Samples = [.. _done.Concat(_left).Take(MaxNotes)],
        Problems = [.. _problems],
    };
}

/// <summary>A candidate, what was found, and the verdict.</summary>
internal sealed record Assessment(Candidate Candidate, Evidence Now, Verdict Verdict)
{
    public string Tenant => Now.Tenant ?? "";

    /// <summary>Something is done about it.</summary>
    public bool IsActing => IsEnding || Verdict.Kind == VerdictKind.CleanUp;

    /// <summary>The machine stops serving by it: what limits count, and approvals allow.</summary>
    public bool IsEnding => Verdict.Kind is VerdictKind.Terminate or VerdictKind.Quarantine;

    /// <summary>The row's word, else the cloud's; "" when neither knows.</summary>
    public string Group => Candidate.Row.Group ?? Now.Instance?.Group ?? "";
}
