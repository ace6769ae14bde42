using Nstance.Temporal.Workflows.Collector;
using Nstance.Temporal.Workflows.Telemetry;
using Temporalio.Exceptions;
using Temporalio.Workflows;

namespace Nstance.Temporal.Workflows;

/// <summary>What operators ask of a collector: updates with their validators, and queries.</summary>
public sealed partial class GcWorkflow
{
    /// <summary>Runs one cycle now, or the next one while a cycle runs. Requests of one kind share a cycle.</summary>
    /// <param name="request">What kind of cycle.</param>
    /// <returns>The report of that cycle, also when phases failed.</returns>
    [WorkflowUpdate(Description = """
        Run one cycle now and return its report; refused while paused. {"dryRun":true}
        """)]
    public async Task<CycleReport> RunCycleAsync(RunCycleRequest request)
    {
        var ticket = new CycleTicket(request);
        // After the validator, another handler of the same task may have paused the collector.
        RefuseIf(Refusal());
        _tickets.Add(ticket);
        _steers++;
        // Not the workflow's token: a cancelled collector still answers.
        await Workflow.WaitConditionAsync(() => ticket.Answered, CancellationToken.None);
        return ticket.Report ?? throw Refused(ticket.Refusal!);
    }

    /// <summary>Accepts or refuses <see cref="RunCycleAsync"/>.</summary>
    [WorkflowUpdateValidator(nameof(RunCycleAsync))]
    public void ValidateRunCycle(RunCycleRequest request)
    {
        RefuseIf(Fault("RunCycle", request) ?? Needed("RunCycle", request.DryRun) ?? Refusal());
    }

    /// <summary>Stops collection: no phase begins, and the one under way is cancelled.</summary>
    /// <param name="request">Why, and until when.</param>
    /// <returns>The status after it.</returns>
    [WorkflowUpdate(Description = """
        Stop collecting, at once: no phase begins, the running one is cancelled. All, or only a group, a sweep, or both.
        A pause of the same part that is in force is kept unless "replace":true is given.
        {"reason":"migrating","by":"ann","until":"2030-01-01T00:00:00Z","group":"acme/web","sweep":"dangling",
        "replace":false}
        """)]
    public Task<GcStatus> PauseAsync(PauseRequest request)
    {
        // After the validator, another handler of the same task may have paused the same part.
        RefuseIf(PartialPauseRules.Refusal(State, request, Clock.Now));
        State = PartialPauseRules.Add(State, request, Clock.Now);
        var isPartial = PartialPauseRules.IsPartial(request.Group, request.Sweep);
        if (!isPartial) AnswerTickets(Refusal()!);
        // A cycle under way began without this pause, so it is stopped.
        _running?.Cancel();
        return Steered(isPartial ? "paused in part" : "paused", request.By);
    }

    /// <summary>Accepts or refuses <see cref="PauseAsync"/>.</summary>
    [WorkflowUpdateValidator(nameof(PauseAsync))]
    public void ValidatePause(PauseRequest request) =>
        RefuseIf(Fault("Pause", request) ?? Ended ?? PartialPauseRules.Refusal(State, request, Clock.Now));

    /// <summary>Goes on after a pause of the collector, or of exactly the named part.</summary>
    /// <param name="request">Who asks.</param>
    /// <returns>The status after it.</returns>
    [WorkflowUpdate(Description = """
        Go on collecting after a pause: all, or exactly the part that was paused with the same group and sweep.
        {"by":"ann","group":"acme/web","sweep":"dangling"}
        """)]
    public Task<GcStatus> ResumeAsync(ResumeRequest request)
    {
        RefuseIf(PartialPauseRules.Refusal(State, request));
        State = PartialPauseRules.Remove(State, request.Group, request.Sweep);
        return Steered("resumed", request.By);
    }

    /// <summary>Accepts or refuses <see cref="ResumeAsync"/>.</summary>
    [WorkflowUpdateValidator(nameof(ResumeAsync))]
    public void ValidateResume(ResumeRequest request) =>
        RefuseIf(Fault("Resume", request) ?? Ended ?? PartialPauseRules.Refusal(State, request));

    /// <summary>
    /// Replaces the settings; a cycle under way keeps those it began with. It is stopped if they change to dry-run.
    /// </summary>
    /// <param name="settings">All of them, not only what changes.</param>
    /// <returns>The status after it.</returns>
    [WorkflowUpdate(Description = """
        Replace the settings (all of them: what is not named gets its default); in effect from the next cycle on. A
        change to dry-run also stops the running cycle.
        {"interval":"00:02:00","limits":{"groupFloor":2,"groupPercent":20,"shardFloor":5,"shardPercent":10}}
        """)]
    public Task<GcStatus> ConfigureAsync(GcSettings settings)
    {
        var enforced = !_collector.DryRun;
        _collector.Settings = settings;
        // The latest request wins: settings that name a mode replace the mode that an operator set.
        if (settings.DryRun is not null) State = State with { Mode = null };
        if (_collector.DryRun)
        {
            // Dry-run takes effect at once.
            State = Approvals.Withdraw(State);
            if (enforced) _running?.Cancel();
        }

        return Steered("configured", null);
    }

    /// <summary>Accepts or refuses <see cref="ConfigureAsync"/>.</summary>
    [WorkflowUpdateValidator(nameof(ConfigureAsync))]
    public void ValidateConfigure(GcSettings settings)
    {
        RefuseIf(Fault("Configure", settings) ?? Ended);
        if (GcSettingsRules.Faults(settings) is { Count: > 0 } faults) throw Refused(string.Join(' ', faults));
    }

    /// <summary>Allows exactly the pending plan for one hour. A cycle with fresh evidence begins at once.</summary>
    /// <param name="decision">Which plan, who, why.</param>
    /// <returns>The status after it.</returns>
    [WorkflowUpdate(Description = """
        Allow exactly the pending plan, for one hour. Fresh evidence is read before anything is terminated.
        {"plan":"1f3c9a07be42","by":"ann","comment":"zone b was emptied"}
        """)]
    public Task<GcStatus> ApproveAsync(PlanDecision decision)
    {
        RefuseIf(Approvals.Refusal(State, decision, Clock.Now));
        State = Approvals.Approve(State, decision, Clock.Now);
        WorkflowMetrics.Decided(_collector.Shard, "approved");
        _hurry = true;
        return Steered($"plan {decision.Plan} approved", decision.By);
    }

    /// <summary>Accepts or refuses <see cref="ApproveAsync"/>.</summary>
    [WorkflowUpdateValidator(nameof(ApproveAsync))]
    public void ValidateApprove(PlanDecision decision)
    {
        const string dryRun = "The collector is in dry-run: nothing would be terminated. Enforce first.";
        RefuseIf(Fault("Approve", decision) ?? Refusal()
            ?? (_collector.DryRun ? dryRun : Approvals.Refusal(State, decision, Clock.Now)));
    }

    /// <summary>
    /// Refuses the pending or the approved plan: it is not proposed again while it stays the same. A cycle under way is
    /// stopped if the plan was approved.
    /// </summary>
    /// <param name="decision">Which plan, who, why.</param>
    /// <returns>The status after it.</returns>
    [WorkflowUpdate(Description = """
        Refuse the pending plan, or the approved one: nothing of it is terminated, nor proposed again on the same
        evidence. A cycle that carries out the approved plan is stopped.
        {"plan":"1f3c9a07be42","by":"ann","comment":"the registry was down"}
        """)]
    public Task<GcStatus> RejectAsync(PlanDecision decision)
    {
        RefuseIf(Approvals.RejectRefusal(State, decision));
        var approval = State.Approval;
        State = Approvals.Reject(State, decision, Clock.Now);
        // A cycle under way may be carrying out this plan.
        if (State.Approval != approval) _running?.Cancel();
        WorkflowMetrics.Decided(_collector.Shard, "rejected");
        return Steered($"plan {decision.Plan} rejected", decision.By);
    }

    /// <summary>Accepts or refuses <see cref="RejectAsync"/>.</summary>
    [WorkflowUpdateValidator(nameof(RejectAsync))]
    public void ValidateReject(PlanDecision decision) =>
        RefuseIf(Fault("Reject", decision) ?? Ended ?? Approvals.RejectRefusal(State, decision));

    /// <summary>Enforces from the next cycle on, or goes back to dry-run at once.</summary>
    /// <param name="request">Which mode, and who asks.</param>
    /// <returns>The status after it.</returns>
    [WorkflowUpdate(Description = """
        Enforce (false), or only report what would be done (true). {"dryRun":true,"by":"ann","comment":"why"}
        """)]
    public Task<GcStatus> SetModeAsync(ModeRequest request)
    {
        // The validator refuses a request without a mode. If one came all the same, it must not enforce.
        var dryRun = request.DryRun is not false;
        State = State with { Mode = new(dryRun, request.By.Trim(), Clock.Now, request.Comment) };
        if (dryRun)
        {
            // Dry-run takes effect at once.
            State = Approvals.Withdraw(State);
            _running?.Cancel();
        }

        return Steered(dryRun ? "dry-run" : "enforced", request.By);
    }

    /// <summary>Accepts or refuses <see cref="SetModeAsync"/>.</summary>
    [WorkflowUpdateValidator(nameof(SetModeAsync))]
    public void ValidateSetMode(ModeRequest request)
    {
        RefuseIf(Fault("SetMode", request) ?? Needed("SetMode", request.DryRun) ?? Ended
            ?? (string.IsNullOrWhiteSpace(request.By) ? "By is missing: say who asks." : null));
        var longest = Math.Max(request.By.Length, request.Comment?.Length ?? 0);
        RefuseIf(longest > ActivityFault.MaxSentence ? Approvals.TooLong : null);
    }

    /// <summary>All that a next run needs to know: pauses, mode, totals. For a restart after a termination.</summary>
    [WorkflowQuery(Description = "All that a next run needs to know.")]
    public GcInput Export() => _collector.Export();

    /// <summary>What the collector is doing.</summary>
    [WorkflowQuery(Description = "What the collector is doing, for whom, since when, and the last report.")]
    public GcStatus Status() => _collector.Status(_ended);

    /// <summary>The last reports, newest first; older ones without samples.</summary>
    [WorkflowQuery(Description = "The last 20 reports, newest first.")]
    public IReadOnlyList<CycleReport> Reports() => State.Reports;

    private string? Ended => _ended ? "The collector has ended. Start it again: nstance-gc schedule trigger." : null;

    /// <summary>A null argument is refused here, so what follows need not test for it.</summary>
    private static string? Fault(string update, UpdateRequest? request) =>
        request is null ? throw Refused($"{update} needs an argument; its description shows one.")
        : request.Fault is { } fault ? $"{update} {fault}" : null;

    private static string? Needed(string update, bool? dryRun) =>
        dryRun is null ? $"{update} needs dryRun: true or false" : null;

    private static void RefuseIf(string? why)
    {
        if (why is not null) throw Refused(why);
    }

    private static ApplicationFailureException Refused(string why) => new(why, ErrorTypes.Refused, nonRetryable: true);

    private Task<GcStatus> Steered(string what, string? by)
    {
        _steers++;
        if (_collector.Phase is null) Plan();
        using var scope = Workflow.Logger.InCycle(_collector.Shard, State.Cycle);
        Workflow.Logger.Steered(what, by ?? "an operator");
        return Task.FromResult(Status());
    }

    private string? Refusal() => Ended
        ?? (State.Pause is { } pause ? $"The collector is paused ({pause.Reason}); resume it first." : null);
}
