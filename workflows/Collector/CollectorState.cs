namespace Nstance.Temporal.Workflows.Collector;

/// <summary>The one place where a run keeps what it knows: handlers and the cycle write the same record.</summary>
internal sealed class CollectorState(GcInput input)
{
    public ShardRef Shard { get; } = input.Shard;

    public GcSettings Settings { get; set; } = input.Settings;

    public GcState State { get; set; } = input.State ?? new();

    /// <summary>Name of the phase under way; null between cycles.</summary>
    public string? Phase { get; set; }

    /// <summary>An operator's word, else the settings', else: end nothing yet.</summary>
    public bool DryRun => State.Mode?.DryRun ?? Settings.DryRun ?? true;

    public ShardTimings Timings => Cadence.Timings(Settings, State.Timings);

    public GcInput Export() => new(Shard) { Settings = Settings, State = State };

    public GcStatus Status(bool ended) => new(Shard, Doing(ended))
    {
        Cycle = State.Cycle,
        Host = State.Host?.Host,
        Leader = State.Leader,
        NoLeaderSince = State.NoLeaderSince,
        Timings = State.Timings is null ? null : Timings,
        Settings = Settings,
        DryRun = DryRun,
        Mode = State.Mode,
        Pause = State.Pause,
        PartialPauses = State.PartialPauses,
        Groups = State.Groups,
        Pending = State.Pending,
        Blocks = State.Blocks,
        Approval = State.Approval,
        Rejections = State.Rejections,
        NextCycleAt = State.Pause is null ? State.NextCycleAt : State.Pause.Until,
        LastReport = State.Reports.Count > 0 ? State.Reports[0] : null,
        Totals = State.Totals,
    };

    /// <summary>
    /// Counts a new cycle; the next interval counts from now, or from the due time. An <paramref name="isExtra"/> cycle
    /// is a requested dry-run of a collector that enforces: it postpones nothing.
    /// </summary>
    public void BeginCycle(DateTimeOffset now, bool isExtra = false) => State = State with
    {
        Cycle = State.Cycle + 1,
        LastCycleAt = isExtra ? State.LastCycleAt : Cadence.Anchor(State.NextCycleAt, now, Timings),
    };

    /// <summary>Keeps the report of a cycle, and the plan that it proposes.</summary>
    public void EndCycle(CycleReport report, DateTimeOffset now)
    {
        Phase = null;
        State = State with
        {
            Reports = Reports.Keep(State.Reports, report),
            Totals = Reports.Add(State.Totals, report),
            Blocks = Reports.Blocks(State.Blocks, report),
        };
        if (report.Sync is not null) State = State with { CycleTook = report.EndedAt - report.StartedAt };
        if (!report.DryRun) State = Approvals.After(State, report, now);
        // A requested dry-run must not hide that no enforcing cycle succeeds.
        if (report.Outcome == CycleOutcome.Completed && (DryRun || !report.DryRun))
            State = State with { LastGoodAt = report.EndedAt };
        // An operator may have ended the enforcement while the cycle made its plan.
        if (DryRun) State = Approvals.Withdraw(State);
    }

    /// <summary>Keeps the host in mind: the next one must know whose copy of the database was the last.</summary>
    public void LoseHost() => State = State with
    {
        Host = null,
        LastHost = State.Host?.Host ?? State.LastHost,
    };

    private CollectorActivity Doing(bool ended) =>
        ended ? CollectorActivity.Off
        : Phase is not null ? CollectorActivity.Running
        : State.Pause is not null ? CollectorActivity.Paused
        : CollectorActivity.Waiting;
}

/// <summary>A waiting <c>RunCycle</c>; it is answered exactly once.</summary>
internal sealed class CycleTicket(RunCycleRequest request)
{
    public bool IsDryRun { get; } = request.DryRun is true;

    /// <summary>True: a due cycle ran before it. No other one does.</summary>
    public bool HasWaited { get; set; }

    public CycleReport? Report { get; set; }

    /// <summary>Why no cycle will run for it.</summary>
    public string? Refusal { get; set; }

    public bool Answered => Report is not null || Refusal is not null;
}
