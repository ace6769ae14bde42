using Nstance.Temporal.Workflows.Collector;
using Nstance.Temporal.Workflows.Contracts;
using Nstance.Temporal.Workflows.Telemetry;
using Temporalio.Exceptions;
using Temporalio.Workflows;

namespace Nstance.Temporal.Workflows;

/// <summary>
/// The collector of one shard, for years: a cycle each interval, steered by updates. Its workflow id
/// (<see cref="Names.GcWorkflowId"/>) is the shard's leader lock.
/// </summary>
[Workflow]
public sealed class GcWorkflow
{
    // Updates count against a run's limit of 2,000 even when no cycle runs.
    private const int SteersPerRun = 500;

    private readonly Ledger _ledger;
    private readonly bool _carried;
    private readonly List<CycleTicket> _tickets = [];
    private CancellationTokenSource? _running;
    private int _cycles;
    private int _steers;
    private int _seen;
    private bool _ended;
    private bool _hurry;

    /// <summary>Makes the state that handlers see before the run begins.</summary>
    /// <param name="input">Shard, settings, and what the run before knew.</param>
    [WorkflowInit]
    public GcWorkflow(GcInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        _ledger = new(input);
        _carried = input.State is not null;
    }

    private GcState State
    {
        get => _ledger.State;
        set => _ledger.State = value;
    }

    /// <summary>Collects until cancelled, or until the interval is zero or less.</summary>
    /// <param name="input">The same as the constructor's.</param>
    /// <returns>Why it ended by itself.</returns>
    [WorkflowRun]
    public async Task<GcResult> RunAsync(GcInput input)
    {
        // Accepted settings are never judged again: stricter rules of a later release must not end a running collector.
        if (!_carried && GcSettingsRules.Faults(_ledger.Settings) is { Count: > 0 } faults)
        {
            throw new ApplicationFailureException(string.Join(' ', faults), ErrorTypes.BadConfiguration, nonRetryable: true);
        }

        try
        {
            while (true)
            {
                ResumeWhenDue();
                if (Cadence.IsOff(_ledger.Timings)) return await EndAsync("collection is off: the interval is zero or less");
                Plan();
                Show();
                await LetHandlersEndAsync();
                if (MayLeave()) throw Workflow.CreateContinueAsNewException((GcWorkflow next) => next.RunAsync(_ledger.Export()));
                if (State.Pause is null && (_tickets.Count > 0 || _hurry || State.NextCycleAt <= Clock.Now)) await CycleAsync();
                else await WaitAsync();
                Workflow.CancellationToken.ThrowIfCancellationRequested();
            }
        }
        catch (Exception e) when (TemporalException.IsCanceledException(e) && Workflow.CancellationToken.IsCancellationRequested)
        {
            await EndAsync("the collector was cancelled");
            throw;
        }
    }

    /// <summary>Runs one cycle now; while one is running, waits for the next. Requests of one kind share a cycle.</summary>
    /// <param name="request">What kind of cycle.</param>
    /// <returns>The report of that cycle, also when phases failed.</returns>
    [WorkflowUpdate(Description = "Run one cycle now and return its report; refused while paused.")]
    public async Task<CycleReport> RunCycleAsync(RunCycleRequest request)
    {
        var ticket = new CycleTicket(request);
        // Between the validator and here the collector may have been paused by a handler of the same task.
        if (Refusal() is { } refusal) throw Refused(refusal);
        _tickets.Add(ticket);
        _steers++;
        // Not the workflow's token: a cancelled collector answers with what it knows.
        await Workflow.WaitConditionAsync(() => ticket.Answered, CancellationToken.None);
        return ticket.Report ?? throw Refused(ticket.Refusal!);
    }

    /// <summary>Accepts or refuses <see cref="RunCycleAsync"/>.</summary>
    /// <param name="request">What is asked.</param>
    [WorkflowUpdateValidator(nameof(RunCycleAsync))]
    public void ValidateRunCycle(RunCycleRequest request)
    {
        if (request is null) throw Refused("A RunCycleRequest is needed; {} will do.");
        if (Refusal() is { } refusal) throw Refused(refusal);
    }

    /// <summary>Stops collection: no phase begins, and the one under way is cancelled.</summary>
    /// <param name="request">Why, and until when.</param>
    /// <returns>The status after it.</returns>
    [WorkflowUpdate(Description = "Stop collecting, at once: no phase begins, the running one is cancelled.")]
    public Task<GcStatus> PauseAsync(PauseRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (Holding.IsPartial(request.Group, request.Sweep))
        {
            // A cycle under way began without it: it is stopped, and the next one knows.
            State = Holding.Add(State, request, Clock.Now);
            _running?.Cancel();
            return Steered("paused in part", request.By);
        }

        State = State with { Pause = new(request.Reason.Trim(), Clock.Now) { Until = request.Until, By = request.By } };
        foreach (var ticket in _tickets) ticket.Refusal = Refusal();
        _tickets.Clear();
        _running?.Cancel();
        return Steered("paused", request.By);
    }

    /// <summary>Accepts or refuses <see cref="PauseAsync"/>.</summary>
    /// <param name="request">What is asked.</param>
    [WorkflowUpdateValidator(nameof(PauseAsync))]
    public void ValidatePause(PauseRequest request)
    {
        if (_ended) throw Refused("The collector has ended.");
        if (string.IsNullOrWhiteSpace(request?.Reason)) throw Refused("Reason is missing: say why collection must stop.");
        if (request.Reason.Length > ActivityFault.LongestSentence) throw Refused("Reason is longer than 300 characters.");
        if (request.Until <= Clock.Now) throw Refused($"Until is {request.Until:O}, which is not ahead.");
        if (Holding.Refusal(State, request) is { } refusal) throw Refused(refusal);
    }

    /// <summary>Goes on after a pause; without one, nothing changes.</summary>
    /// <param name="request">Who asks.</param>
    /// <returns>The status after it.</returns>
    [WorkflowUpdate(Description = "Go on collecting after a pause.")]
    public Task<GcStatus> ResumeAsync(ResumeRequest request)
    {
        State = Holding.IsPartial(request?.Group, request?.Sweep)
            ? Holding.Remove(State, request!.Group, request.Sweep)
            : State with { Pause = null };
        return Steered("resumed", request?.By);
    }

    /// <summary>Replaces the settings; a cycle under way keeps those it began with.</summary>
    /// <param name="settings">All of them, not only what changes.</param>
    /// <returns>The status after it.</returns>
    [WorkflowUpdate(Description = "Replace the settings (all of them); in effect from the next cycle on.")]
    public Task<GcStatus> ConfigureAsync(GcSettings settings)
    {
        _ledger.Settings = settings;
        // The latest word holds: settings that name a mode replace the one that an operator set before.
        if (settings.DryRun is not null) State = State with { Mode = null };
        return Steered("configured", null);
    }

    /// <summary>Accepts or refuses <see cref="ConfigureAsync"/>: all faults at once.</summary>
    /// <param name="settings">What is asked.</param>
    [WorkflowUpdateValidator(nameof(ConfigureAsync))]
    public void ValidateConfigure(GcSettings settings)
    {
        if (settings is null) throw Refused("Settings are missing.");
        if (_ended) throw Refused("The collector has ended.");
        if (GcSettingsRules.Faults(settings) is { Count: > 0 } faults) throw Refused(string.Join(' ', faults));
    }

    /// <summary>Allows exactly the pending plan for one hour; a cycle begins at once and looks at fresh evidence.</summary>
    /// <param name="decision">Which plan, who, why.</param>
    /// <returns>The status after it.</returns>
    [WorkflowUpdate(Description = "Allow exactly the pending plan, for one hour: plan id, who, why. Evidence is asked again.")]
    public Task<GcStatus> ApproveAsync(PlanDecision decision)
    {
        if (Approvals.Refusal(State, decision) is { } refusal) throw Refused(refusal);
        State = Approvals.Approve(State, decision, Clock.Now);
        WorkflowMetrics.Decided(_ledger.Shard, "approved");
        _hurry = true;
        return Steered($"plan {decision.Plan} approved", decision.By);
    }

    /// <summary>Accepts or refuses <see cref="ApproveAsync"/>.</summary>
    /// <param name="decision">What is asked.</param>
    [WorkflowUpdateValidator(nameof(ApproveAsync))]
    public void ValidateApprove(PlanDecision decision)
    {
        if (Refusal() is { } refusal) throw Refused(refusal);
        if (_ledger.DryRun) throw Refused("The collector is in dry-run: nothing would end. Enforce first.");
        if (Approvals.Refusal(State, decision) is { } why) throw Refused(why);
    }

    /// <summary>Refuses the pending plan: it is not asked about again while it stays the same.</summary>
    /// <param name="decision">Which plan, who, why.</param>
    /// <returns>The status after it.</returns>
    [WorkflowUpdate(Description = "Refuse the pending plan: plan id, who, why. Nothing of it ends.")]
    public Task<GcStatus> RejectAsync(PlanDecision decision)
    {
        if (Approvals.Refusal(State, decision) is { } refusal) throw Refused(refusal);
        State = Approvals.Reject(State, decision, Clock.Now);
        WorkflowMetrics.Decided(_ledger.Shard, "rejected");
        return Steered($"plan {decision.Plan} rejected", decision.By);
    }

    /// <summary>Accepts or refuses <see cref="RejectAsync"/>.</summary>
    /// <param name="decision">What is asked.</param>
    [WorkflowUpdateValidator(nameof(RejectAsync))]
    public void ValidateReject(PlanDecision decision)
    {
        if (_ended) throw Refused("The collector has ended.");
        if (Approvals.Refusal(State, decision) is { } why) throw Refused(why);
    }

    /// <summary>Enforces, or goes back to dry-run; a cycle under way keeps the mode it began with, unless it must end nothing.</summary>
    /// <param name="request">Which mode, and who asks.</param>
    /// <returns>The status after it.</returns>
    [WorkflowUpdate(Description = "Enforce (DryRun=false), or only say what would be done (DryRun=true).")]
    public Task<GcStatus> SetModeAsync(ModeRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        State = State with { Mode = new(request.DryRun, request.By.Trim(), Clock.Now) { Comment = request.Comment } };
        if (request.DryRun)
        {
            // Whoever says "end nothing" means at once.
            State = State with { Approval = null, Pending = null };
            _running?.Cancel();
        }

        return Steered(request.DryRun ? "dry-run" : "enforced", request.By);
    }

    /// <summary>Accepts or refuses <see cref="SetModeAsync"/>.</summary>
    /// <param name="request">What is asked.</param>
    [WorkflowUpdateValidator(nameof(SetModeAsync))]
    public void ValidateSetMode(ModeRequest request)
    {
        if (_ended) throw Refused("The collector has ended.");
        if (string.IsNullOrWhiteSpace(request?.By)) throw Refused("By is missing: say who asks.");
        if (request.By.Length > ActivityFault.LongestSentence || request.Comment?.Length > ActivityFault.LongestSentence)
            throw Refused("By and Comment hold at most 300 characters.");
    }

    /// <summary>All that a next run needs to know: pauses, mode, totals. Asked after an end that nobody planned.</summary>
    [WorkflowQuery(Description = "All that a next run needs to know.")]
    public GcInput Export() => _ledger.Export();

    /// <summary>What the collector is doing.</summary>
    [WorkflowQuery(Description = "What the collector is doing, for whom, since when, and the last report.")]
    public GcStatus Status() => _ledger.Status(_ended);

    /// <summary>The last reports, newest first; older ones without samples.</summary>
    [WorkflowQuery(Description = "The last 20 reports, newest first.")]
    public IReadOnlyList<CycleReport> Reports() => State.Reports;

    private static ApplicationFailureException Refused(string why) => new(why, ErrorTypes.Refused, nonRetryable: true);

    private async Task CycleAsync()
    {
        // Dry and real requests never share a cycle; the one that waited longest goes first.
        var asked = _tickets.Count > 0 && _tickets[0].Request.DryRun;
        var dry = asked || _ledger.DryRun;
        var served = _tickets.Where(ticket => ticket.Request.DryRun == asked).ToList();
        _tickets.RemoveAll(served.Contains);

        var now = Clock.Now;
        _hurry = false;
        State = State with { Cycle = State.Cycle + 1, LastCycleAt = Cadence.Anchor(State.NextCycleAt, now, _ledger.Timings) };
        using var running = CancellationTokenSource.CreateLinkedTokenSource(Workflow.CancellationToken);
        _running = running;
        using var scope = Workflow.Logger.InCycle(_ledger.Shard, State.Cycle);
        var trace = CycleTrace.Begin(State.Cycle);
        var report = await new CycleRun(_ledger, dry, now, running.Token).RunAsync();
        _running = null;
        _ledger.Phase = null;
        _cycles++;
        State = State with
        {
            Reports = Collector.Reports.Keep(State.Reports, report),
            Totals = Collector.Reports.Add(State.Totals, report),
        };
        if (!dry) State = Approvals.After(State, report.Collect, Clock.Now);
        foreach (var ticket in served) ticket.Report = report;
        WorkflowMetrics.CycleEnded(_ledger, report);
        CycleTrace.End(_ledger.Shard, trace, report);
        Workflow.Logger.CycleEnded(report.Cycle, report.Outcome.ToString(), string.Join("; ", report.Problems));
    }

    private async Task WaitAsync()
    {
        var until = State.Pause is { } pause ? pause.Until : State.NextCycleAt;
        var summary = State.Pause is null ? $"cycle {State.Cycle + 1}" : "end of the pause";
        _seen = _steers;
        await Workflow.WaitConditionWithOptionsAsync(
            new(() => _steers != _seen, until - Clock.Now, summary, Workflow.CancellationToken));
    }

    private void ResumeWhenDue()
    {
        if (State.Pause?.Until <= Clock.Now) State = State with { Pause = null };
        State = Holding.Expire(State, Clock.Now);
    }

    private void Plan() =>
        State = State with { NextCycleAt = Cadence.Next(State.LastCycleAt, _ledger.Timings, Clock.Now) };

    private bool IsFull =>
        _cycles >= _ledger.Settings.CyclesPerRun || _steers >= SteersPerRun || Workflow.ContinueAsNewSuggested;

    /// <summary>
    /// The answer to a request is on its way when its cycle has ended. Without waiting for it, whoever asks for cycle upon
    /// cycle keeps a full run open until the server ends it.
    /// </summary>
    private async Task LetHandlersEndAsync()
    {
        if (!IsFull || _tickets.Count > 0 || _hurry || Workflow.AllHandlersFinished) return;
        if (Workflow.Patched("leave-between-requests"))
            await Workflow.WaitConditionAsync(() => Workflow.AllHandlersFinished || _tickets.Count > 0);
    }

    // An update that waits for its cycle keeps the run open; its answer would be lost with the run.
    private bool MayLeave() =>
        IsFull
        && _tickets.Count == 0
        && !_hurry
        && Workflow.AllHandlersFinished;

    private async Task<GcResult> EndAsync(string why)
    {
        _ended = true;
        foreach (var ticket in _tickets) ticket.Refusal = why;
        _tickets.Clear();
        Show();
        await Workflow.WaitConditionAsync(() => Workflow.AllHandlersFinished, CancellationToken.None);
        return new(CollectorState.Off, why) { Totals = State.Totals };
    }

    private Task<GcStatus> Steered(string what, string? by)
    {
        _steers++;
        if (_ledger.Phase is null) Plan();
        using var scope = Workflow.Logger.InCycle(_ledger.Shard, State.Cycle);
        Workflow.Logger.Steered(what, by ?? "an operator");
        return Task.FromResult(Status());
    }

    private string? Refusal() =>
        _ended ? "The collector has ended."
        : State.Pause is { } pause ? $"The collector is paused ({pause.Reason}); resume it first."
        : null;

    private void Show()
    {
        Workflow.CurrentDetails = DetailsTable.Render(_ledger);
        WorkflowMetrics.Steered(_ledger);
        var value = _ended ? Names.StateOff : State.Pause is null ? Names.StateActive : Names.StatePaused;
        // Only on a namespace that has our attributes: an unregistered one would stop the collector for good.
        var attributes = Workflow.TypedSearchAttributes;
        if (!attributes.ContainsKey(Names.ClusterAttribute)) return;
        var updates = new List<SearchAttributeUpdate>();
        if (!attributes.TryGetValue(Names.StateAttribute, out var shown) || shown != value) updates.Add(Names.StateAttribute.ValueSet(value));
        var pending = !_ended && State.Pending is not null;
        // A collector that an older release started does not carry it; nobody may name an attribute that is not there.
        if (attributes.TryGetValue(Names.PendingAttribute, out var known) && known != pending) updates.Add(Names.PendingAttribute.ValueSet(pending));
        if (updates.Count > 0) Workflow.UpsertTypedSearchAttributes([.. updates]);
    }
}
