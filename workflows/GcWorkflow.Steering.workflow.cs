using Nstance.Temporal.Workflows.Collector;
using Nstance.Temporal.Workflows.Telemetry;
using Temporalio.Exceptions;
using Temporalio.Workflows;

namespace Nstance.Temporal.Workflows;

/// <summary>What operators ask of a collector: updates with their validators, and queries.</summary>
public sealed partial class GcWorkflow
{
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
        if (PartialPauseRules.IsPartial(request.Group, request.Sweep))
        {
            // A cycle under way began without it: it is stopped, and the next one knows.
            State = PartialPauseRules.Add(State, request, Clock.Now);
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
        if (request.Reason.Length > ActivityFault.MaxSentence) throw Refused("Reason is longer than 300 characters.");
        if (request.Until <= Clock.Now) throw Refused($"Until is {request.Until:O}, which is not ahead.");
        if (PartialPauseRules.Refusal(State, request) is { } refusal) throw Refused(refusal);
    }

    /// <summary>Goes on after a pause; without one, nothing changes.</summary>
    /// <param name="request">Who asks.</param>
    /// <returns>The status after it.</returns>
    [WorkflowUpdate(Description = "Go on collecting after a pause.")]
    public Task<GcStatus> ResumeAsync(ResumeRequest request)
    {
        State = PartialPauseRules.IsPartial(request?.Group, request?.Sweep)
            ? PartialPauseRules.Remove(State, request!.Group, request.Sweep)
            : State with { Pause = null };
        return Steered("resumed", request?.By);
    }

    /// <summary>Replaces the settings; a cycle under way keeps those it began with.</summary>
    /// <param name="settings">All of them, not only what changes.</param>
    /// <returns>The status after it.</returns>
    [WorkflowUpdate(Description = "Replace the settings (all of them); in effect from the next cycle on.")]
    public Task<GcStatus> ConfigureAsync(GcSettings settings)
    {
        _collector.Settings = settings;
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
        WorkflowMetrics.Decided(_collector.Shard, "approved");
        _hurry = true;
        return Steered($"plan {decision.Plan} approved", decision.By);
    }

    /// <summary>Accepts or refuses <see cref="ApproveAsync"/>.</summary>
    /// <param name="decision">What is asked.</param>
    [WorkflowUpdateValidator(nameof(ApproveAsync))]
    public void ValidateApprove(PlanDecision decision)
    {
        if (Refusal() is { } refusal) throw Refused(refusal);
        if (_collector.DryRun) throw Refused("The collector is in dry-run: nothing would be terminated. Enforce first.");
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
        WorkflowMetrics.Decided(_collector.Shard, "rejected");
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
        if (request.By.Length > ActivityFault.MaxSentence || request.Comment?.Length > ActivityFault.MaxSentence)
            throw Refused("By and Comment hold at most 300 characters.");
    }

    /// <summary>All that a next run needs to know: pauses, mode, totals. Asked after an end that nobody planned.</summary>
    [WorkflowQuery(Description = "All that a next run needs to know.")]
    public GcInput Export() => _collector.Export();

    /// <summary>What the collector is doing.</summary>
    [WorkflowQuery(Description = "What the collector is doing, for whom, since when, and the last report.")]
    public GcStatus Status() => _collector.Status(_ended);

    /// <summary>The last reports, newest first; older ones without samples.</summary>
    [WorkflowQuery(Description = "The last 20 reports, newest first.")]
    public IReadOnlyList<CycleReport> Reports() => State.Reports;

    private static ApplicationFailureException Refused(string why) => new(why, ErrorTypes.Refused, nonRetryable: true);

    private Task<GcStatus> Steered(string what, string? by)
    {
        _steers++;
        if (_collector.Phase is null) Plan();
        using var scope = Workflow.Logger.InCycle(_collector.Shard, State.Cycle);
        Workflow.Logger.Steered(what, by ?? "an operator");
        return Task.FromResult(Status());
    }

    private string? Refusal() =>
        _ended ? "The collector has ended."
        : State.Pause is { } pause ? $"The collector is paused ({pause.Reason}); resume it first."
        : null;
}
