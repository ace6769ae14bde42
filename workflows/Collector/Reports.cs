namespace Nstance.Temporal.Workflows.Collector;

/// <summary>Judges, keeps and adds up reports.</summary>
internal static class Reports
{
    /// <summary>How many reports are kept.</summary>
    public const int Kept = 20;

    /// <summary>How many problems one report names.</summary>
    public const int Problems = 20;

    // The newest report keeps its samples, older ones only counts: the state travels with every continue-as-new.
    private const int OldProblems = 2;

    public static CycleOutcome Judge(CycleReport report)
    {
        var phases = new PhaseResult?[] { report.Sync, report.Collect, report.Health, report.Purge };
        var missing = phases.Count(phase => phase is null);
        return missing == phases.Length ? CycleOutcome.Failed
            : missing > 0 || phases.Any(phase => phase?.Outage is not null) ? CycleOutcome.Partial
            : Notes(report).Any() ? CycleOutcome.Blocked
            : CycleOutcome.Completed;
    }

    /// <summary>Newest first; older reports lose their samples and all but a few problems.</summary>
    public static IReadOnlyList<CycleReport> Keep(IReadOnlyList<CycleReport> reports, CycleReport newest) =>
    [
        Bound(newest, Kept, Problems),
        .. reports.Take(Kept - 1).Select((report, i) => i > 0 ? report : Bound(report, samples: 0, OldProblems)),
    ];

    public static GcTotals Add(GcTotals totals, CycleReport report)
    {
        totals = totals with { Cycles = totals.Cycles + 1 };
        if (report.DryRun) return totals;
        var counts = report.Collect?.Counts ?? [];
        return totals with
        {
            Terminated =
            [
                .. totals.Terminated
                    .Concat(counts.Where(c => c.Terminated > 0).Select(c => new ReasonTotal(c.Reason, c.Terminated)))
                    .GroupBy(total => total.Reason)
                    .OrderBy(reason => reason.Key)
                    .Select(reason => new ReasonTotal(reason.Key, reason.Sum(total => total.Instances))),
            ],
            AlreadyGone = totals.AlreadyGone + counts.Sum(c => c.AlreadyGone),
            Purged = totals.Purged + (report.Purge?.Purged ?? 0),
            ChecksEnqueued = totals.ChecksEnqueued + (report.Health?.Enqueued ?? 0),
        };
    }

    /// <summary>Every problem of a report, and what guards held back.</summary>
    public static IEnumerable<string> AllProblems(CycleReport report) =>
        [.. report.Problems, .. report.Collect?.Blocked.Select(guard => guard.Why) ?? []];

    /// <summary>Moves the problems of the phases behind the report's own, so that each is named once.</summary>
    public static CycleReport Gather(CycleReport report)
    {
        (string Name, PhaseResult? Phase)[] phases =
            [("sync", report.Sync), ("collect", report.Collect), ("health", report.Health), ("purge", report.Purge)];
        string[] all =
        [
            .. report.Problems,
            .. phases.SelectMany(p => (p.Phase?.Problems ?? []).Select(problem => $"{p.Name}: {problem}")),
        ];
        return report with
        {
            Sync = report.Sync is { } sync ? sync with { Problems = [] } : null,
            Collect = report.Collect is { } collect ? collect with { Problems = [] } : null,
            Health = report.Health is { } health ? health with { Problems = [] } : null,
            Purge = report.Purge is { } purge ? purge with { Problems = [] } : null,
            Problems = all.Length <= Problems
                ? all
                : [.. all.Take(Problems - 1), $"… and {all.Length - Problems + 1} more problems"],
        };
    }

    /// <summary>The guards that hold the shard back, each since the first of the cycles in a row.</summary>
    public static IReadOnlyList<Block> Blocks(IReadOnlyList<Block> before, CycleReport report) =>
    [
        .. Notes(report).DistinctBy(note => note.Guard).Select(note => new Block(
            note.Guard, ActivityFault.Cut(note.Why),
            before.FirstOrDefault(block => block.Guard == note.Guard)?.Since ?? report.StartedAt)),
    ];

    private static IEnumerable<GuardNote> Notes(CycleReport report)
    {
        if (report.Sync?.Suspect is { } listing) yield return new(Guards.Listing, listing);
        foreach (var note in report.Collect?.Blocked ?? []) yield return note;
        if (report.Health?.Suspect is { } health) yield return new(Guards.Health, health);
    }

    // Activities promise at most 20 short sentences. The size of the state must not depend on that promise.
    private static CycleReport Bound(CycleReport report, int samples, int problems) => report with
    {
        Sync = Bound(report.Sync, samples, problems),
        Collect = Bound(report.Collect, samples, problems) is { } collect
            ? collect with { Plan = samples > 0 ? Bound(collect.Plan) : null } : null,
        Health = Bound(report.Health, samples, problems) is { } health
            ? health with { Plan = samples > 0 ? Bound(health.Plan) : null } : null,
        Purge = Bound(report.Purge, samples, problems),
        Problems = Sentences(report.Problems, problems),
    };

    private static T? Bound<T>(T? phase, int samples, int problems)
        where T : PhaseResult =>
        phase is null ? null : (T)((PhaseResult)phase with
        {
            Samples = Notes(phase.Samples, samples),
            Problems = Sentences(phase.Problems, problems),
        });

    private static CollectPlan? Bound(CollectPlan? plan) => plan is null ? null : plan with
    {
        Samples = Notes(plan.Samples, Kept),
        Exceeded = Sentences(plan.Exceeded, Problems),
    };

    private static IReadOnlyList<InstanceNote> Notes(IReadOnlyList<InstanceNote> notes, int max) =>
        [.. notes.Take(max).Select(note => note with { Why = ActivityFault.Cut(note.Why) })];

    private static IReadOnlyList<string> Sentences(IReadOnlyList<string> sentences, int max) =>
        [.. sentences.Take(max).Select(ActivityFault.Cut)];
}
