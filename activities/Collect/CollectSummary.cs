using Nstance.Temporal.Activities.Rules;

namespace Nstance.Temporal.Activities.Collect;

internal enum CollectAction
{
    Skipped,
    OverLimit,
    Blocked,
    Terminated,
    AlreadyGone,
    Quarantined,
    Failed,
}

/// <summary>Counts of a Collect by reason, and samples: completed actions before skipped candidates.</summary>
internal sealed class CollectSummary
{
    private readonly Dictionary<CollectReason, CollectCounts> _counts =
        Reasons.All.ToDictionary(reason => reason.Id, reason => new CollectCounts { Reason = reason.Id });

    private readonly Dictionary<(CollectReason Reason, string Tenant, string Group), LimitedCount> _limited = [];
    private readonly PhaseNotes _others = new();
    private readonly List<string> _exceeded = [];
    private int _terminating;
    private int _stuck;
    private string? _failed;

    /// <summary>Problems of the phase, and samples of completed actions.</summary>
    public PhaseNotes Notes { get; } = new();

    public int GroupsChanged { get; set; }

    public int Approved { get; set; }

    /// <summary>Instances that a limit or a guard held back; at most 20.</summary>
    public IReadOnlyList<InstanceNote> HeldBack =>
        [.. _others.Samples.Where(note => note.Action is "over-limit" or "blocked")];

    public IReadOnlyList<string> ExceededLimits => _exceeded;

    public void Found(CollectReason reason, int candidates) =>
        _counts[reason] = _counts[reason] with { Candidates = _counts[reason].Candidates + candidates };

    public void Add(Assessment a, CollectAction action, string word, string why)
    {
        var counts = _counts[a.Reason];
        _counts[a.Reason] = action switch
        {
            CollectAction.Skipped => counts with { Skipped = counts.Skipped + 1 },
            CollectAction.OverLimit => counts with { OverLimit = counts.OverLimit + 1 },
            CollectAction.Blocked => counts with { Blocked = counts.Blocked + 1 },
            CollectAction.Terminated => counts with { Terminated = counts.Terminated + 1 },
            CollectAction.AlreadyGone => counts with { AlreadyGone = counts.AlreadyGone + 1 },
            CollectAction.Quarantined => counts with { Quarantined = counts.Quarantined + 1 },
            _ => counts with { Failed = counts.Failed + 1 },
        };
        if (action == CollectAction.Failed) _failed ??= why;
        var notes = action is CollectAction.Skipped or CollectAction.OverLimit or CollectAction.Blocked
            ? _others : Notes;
        var row = a.Candidate.Row;
        notes.Sample(row with { Tenant = a.Tenant, Group = a.Group }, word, why);
    }

    /// <summary>Counts an instance that was terminated or quarantined within the limits.</summary>
    public void AddLimited(Assessment a, CollectAction action)
    {
        var group = (a.Reason, a.Tenant, a.Group);
        var count = _limited.GetValueOrDefault(group);
        var isLeft = action == CollectAction.Terminated && a.Candidate.Row is { HasRow: true, DeletedAt: null };
        _limited[group] = new(count.Instances + 1, count.Left + (isLeft ? 1 : 0));
    }

    /// <summary>Returns what counts for the limits of a reason so far, by group.</summary>
    public IReadOnlyDictionary<(string Tenant, string Group), LimitedCount> Limited(CollectReason reason) => _limited
        .Where(l => l.Key.Reason == reason).ToDictionary(l => (l.Key.Tenant, l.Key.Group), l => l.Value);

    /// <summary>Counts machines that already shut down, and names those that are stuck.</summary>
    public void Terminating(IReadOnlyList<TerminatingMachine> machines, DateTimeOffset asOf)
    {
        var stuck = TerminatingRules.Stuck(machines, asOf);
        _terminating = machines.Count;
        _stuck = stuck.Count;
        foreach (var machine in stuck)
        {
            _others.Sample(new(
                machine.InstanceId, machine.ProviderId, null, machine.Group, "already-terminating",
                $"terminating {TerminatingRules.Why(machine)}"));
        }

        if (TerminatingRules.Problem(stuck) is { } problem) Notes.Problem(problem);
    }

    public void Exceeded(string sentence)
    {
        _exceeded.Add(sentence);
        Notes.Problem($"{sentence}: none was terminated");
    }

    /// <summary>Returns the progress from which a retry starts: the completed actions.</summary>
    public PhaseProgress Progress(string doing) => new(doing)
    {
        Collected = Done(),
        Limited = [.. _limited.Select(l => new LimitedGroup(l.Key.Reason, l.Key.Tenant, l.Key.Group, l.Value))],
    };

    /// <summary>Starts from the completed actions of an earlier attempt, if there was one.</summary>
    public void Continue(PhaseProgress? before)
    {
        foreach (var group in before?.Limited ?? [])
            _limited[(group.Reason, group.Tenant, group.Group)] = group.Count;
        if (before?.Collected is not { } done) return;
        foreach (var counts in done.Counts) _counts[counts.Reason] = counts;
        GroupsChanged = done.GroupsChanged;
        Approved = done.Approved;
        foreach (var note in done.Samples) Notes.Sample(note);
    }

    public CollectResult Result()
    {
        var failed = _counts.Values.Sum(counts => counts.Failed);
        if (failed > 0 && Notes.FirstOutage is null)
            Notes.Problem($"{failed} instances could not be terminated or quarantined; the first: {_failed}");
        return new()
        {
            Counts = [.. _counts.Values],
            GroupsChanged = GroupsChanged,
            Approved = Approved,
            Invalid = Notes.InvalidCount,
            AlreadyTerminating = _terminating,
            StuckTerminating = _stuck,
            Samples = [.. Notes.Samples.Concat(_others.Samples).Take(PhaseNotes.Limit)],
            Problems = Notes.Problems,
            Outage = Notes.FirstOutage,
        };
    }

    private CollectResult Done() => new()
    {
        Counts =
        [
            .. _counts.Values.Select(c => c with
            {
                Candidates = c.Terminated + c.AlreadyGone + c.Quarantined, Skipped = 0, Failed = 0,
                OverLimit = 0, Blocked = 0,
            }),
        ],
        GroupsChanged = GroupsChanged,
        Approved = Approved,
        Samples = [.. Notes.Samples.Where(note => note.Action != "failed")],
    };
}
