namespace Nstance.Temporal.Workflows.Collector;

/// <summary>Judging, keeping and adding up reports.</summary>
internal static class Reports
{
    /// <summary>How many are kept.</summary>
    public const int Kept = 20;

    /// <summary>How many problems one report names.</summary>
    public const int Problems = 20;

    // The newest report keeps its samples, the others only counts: state travels with every continue-as-new.
    private const int OldProblems = 2;

    public static CycleOutcome Judge(CycleReport report)
    {
        var done = new object?[] { report.Sync, report.Collect, report.Health, report.Purge }.Count(phase => phase is not null);
        // What doubt kept from running did not fail.
        if (report is { Sync.Suspect: not null, Collect: null }) done++;
        return done == 0 ? CycleOutcome.Failed
            : done < 4 ? CycleOutcome.Partial
            : IsGuarded(report) ? CycleOutcome.Blocked
            : CycleOutcome.Completed;
    }

    /// <summary>Newest first; samples and all but a few problems are dropped from older ones.</summary>
    public static IReadOnlyList<CycleReport> Keep(IReadOnlyList<CycleReport> reports, CycleReport newest) =>
        [Bound(newest), .. reports.Take(Kept - 1).Select((report, index) => index == 0 ? Trim(report) : report)];

    public static GcTotals Add(GcTotals totals, CycleReport report)
    {
        totals = totals with { Cycles = totals.Cycles + 1 };
        if (report.DryRun) return totals;
        var collect = report.Collect ?? new();
        return totals with
        {
            Terminated = Add(totals.Terminated, collect.Counts),
            AlreadyGone = totals.AlreadyGone + collect.Counts.Sum(counts => counts.AlreadyGone),
            Purged = totals.Purged + (report.Purge?.Purged ?? 0),
            ChecksEnqueued = totals.ChecksEnqueued + (report.Health?.Enqueued ?? 0),
        };
    }

    /// <summary>Every problem of a report, the workflow's own first.</summary>
    public static IEnumerable<string> AllProblems(CycleReport report) =>
    [
        .. report.Problems,
        .. report.Collect?.Blocked is { } guarded ? new[] { guarded } : [],
        .. report.Sync?.Problems ?? [],
        .. report.Collect?.Problems ?? [],
        .. report.Health?.Problems ?? [],
        .. report.Purge?.Problems ?? [],
    ];

    private static bool IsGuarded(CycleReport report) =>
        report.Health is { Suspect: true } || report.Sync?.Suspect is not null || report.Collect?.Blocked is not null || (report.Collect is { } collect && collect.Counts.Any(c => c.OverLimit > 0));

    private static IReadOnlyList<ReasonTotal> Add(IReadOnlyList<ReasonTotal> totals, IReadOnlyList<CollectCounts> counts) =>
    [
        .. totals.Concat(counts.Where(c => c.Terminated > 0).Select(c => new ReasonTotal(c.Reason, c.Terminated)))
            .GroupBy(total => total.Reason)
            .OrderBy(reason => reason.Key)
            .Select(reason => new ReasonTotal(reason.Key, reason.Sum(total => total.Instances))),
    ];

    // Phases promise at most 20 short ones; the state's size must not hang on that promise.
    private static CycleReport Bound(CycleReport report) => report with
    {
        Sync = report.Sync is { } sync ? sync with { Samples = Notes(sync.Samples), Problems = Sentences(sync.Problems) } : null,
        Collect = report.Collect is { } collect
            ? collect with { Samples = Notes(collect.Samples), Problems = Sentences(collect.Problems), Plan = Bound(collect.Plan) } : null,
        Health = report.Health is { } health
            ? health with { Samples = Notes(health.Samples), Problems = Sentences(health.Problems) } : null,
        Purge = report.Purge is { } purge ? purge with { Samples = Notes(purge.Samples), Problems = Sentences(purge.Problems) } : null,
        Problems = Sentences(report.Problems),
    };

    private static CollectPlan? Bound(CollectPlan? plan) =>
        plan is null ? null : plan with { Samples = Notes(plan.Samples), Exceeded = Sentences(plan.Exceeded) };

    private static IReadOnlyList<InstanceNote> Notes(IReadOnlyList<InstanceNote> notes) =>
        [.. notes.Take(Kept).Select(note => note with { Why = ActivityFault.Cut(note.Why) })];

    private static IReadOnlyList<string> Sentences(IReadOnlyList<string> problems) =>
        [.. problems.Take(Problems).Select(ActivityFault.Cut)];

    private static CycleReport Trim(CycleReport report) => report with
    {
        Sync = report.Sync is null ? null : report.Sync with { Samples = [], Problems = Few(report.Sync.Problems) },
        Collect = report.Collect is null ? null : report.Collect with { Samples = [], Problems = Few(report.Collect.Problems), Plan = null },
        Health = report.Health is null ? null : report.Health with { Samples = [], Problems = Few(report.Health.Problems) },
        Purge = report.Purge is null ? null : report.Purge with { Samples = [], Problems = Few(report.Purge.Problems) },
        Problems = Few(report.Problems),
    };

    private static IReadOnlyList<string> Few(IReadOnlyList<string> problems) =>
        [.. problems.Take(OldProblems).Select(ActivityFault.Cut)];
}
