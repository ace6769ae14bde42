using Nstance.Temporal.Workflows.Collector;
using Nstance.Temporal.Workflows.Telemetry;
using Temporalio.Exceptions;
using Temporalio.Workflows;

namespace Nstance.Temporal.Workflows;

/// <summary>
/// The collector of one shard, for years: a cycle each interval, steered by updates. Its workflow id
/// (<see cref="Names.GcWorkflowId"/>) is the shard's leader lock.
/// </summary>
[Workflow]
public sealed partial class GcWorkflow
{
    // Updates count against a run's limit of 2,000 even when no cycle runs.
    private const int SteersPerRun = 500;

    private readonly CollectorState _collector;
    private readonly ShownAttributes _attributes;
    private readonly bool _carried;
    private readonly List<CycleTicket> _tickets = [];
    private CancellationTokenSource? _running;
    private int _cycles;
    private int _steers;
    private int _seen;
    private bool _ended;
    private bool _hurry;
    private bool _hasListed;

    /// <summary>Makes the state that handlers see before the run begins.</summary>
    /// <param name="input">Shard, settings, and what the run before knew.</param>
    [WorkflowInit]
    public GcWorkflow(GcInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        _collector = new(input);
        _attributes = new(input.Shard);
        _carried = input.State is not null;
    }

    private GcState State
    {
        get => _collector.State;
        set => _collector.State = value;
    }

    /// <summary>Collects until cancelled.</summary>
    /// <param name="input">The same as the constructor's.</param>
    /// <returns>Why it ended by itself.</returns>
    [WorkflowRun]
    public async Task RunAsync(GcInput input)
    {
        // Accepted settings are not validated again: stricter rules of a later release must not end a collector.
        if (!_carried && GcSettingsRules.Faults(_collector.Settings) is { Count: > 0 } faults)
        {
            throw new ApplicationFailureException(
                string.Join(' ', faults), ErrorTypes.BadConfiguration, nonRetryable: true);
        }

        try
        {
            while (true)
            {
                State = PartialPauseRules.Expire(State, Clock.Now);
                Plan();
                if (await ShowAsync())
                {
                    // Operators may have steered meanwhile.
                    Workflow.CancellationToken.ThrowIfCancellationRequested();
                    continue;
                }

                await LetHandlersEndAsync();
                if (MayLeave && await LeaveAsync()) continue;
                var isDue = HasRequests || State.NextCycleAt <= Clock.Now;
                if (isDue && State.Pause is null) await CycleAsync();
                else await WaitAsync();
                Workflow.CancellationToken.ThrowIfCancellationRequested();
            }
        }
        catch (Exception e) when (
            TemporalException.IsCanceledException(e) && Workflow.CancellationToken.IsCancellationRequested)
        {
            await EndAsync("the collector was cancelled");
            throw;
        }
    }

    private async Task CycleAsync()
    {
        var now = Clock.Now;
        var isDue = _hurry || State.NextCycleAt <= now;
        // Dry and real requests never share a cycle. The oldest request goes first, but a requested dry-run lets one
        // due cycle that enforces pass.
        var first = _tickets.FirstOrDefault();
        var asked = first is { IsDryRun: true } && (_collector.DryRun || !isDue || first.HasWaited);
        if (!asked && first is not null) first.HasWaited = true;
        var dry = asked || _collector.DryRun;
        var served = _tickets.Where(ticket => ticket.IsDryRun == asked).ToList();
        _tickets.RemoveAll(served.Contains);

        var isExtra = dry && !_collector.DryRun;
        if (!isExtra) _hurry = false;
        _collector.BeginCycle(now, isExtra);
        using var running = CancellationTokenSource.CreateLinkedTokenSource(Workflow.CancellationToken);
        _running = running;
        using var scope = Workflow.Logger.InCycle(_collector.Shard, State.Cycle);
        var trace = CycleTrace.Begin(State.Cycle);
        var report = await new Cycle(_collector, new CycleActivities(_collector, running.Token), dry, now).RunAsync();
        _running = null;
        _cycles++;
        _collector.EndCycle(report, Clock.Now);
        if (IsFull) await ListAttributesAsync();
        foreach (var ticket in served) ticket.Report = report;
        WorkflowMetrics.CycleEnded(_collector, report);
        CycleTrace.End(_collector.Shard, trace, report);
        Workflow.Logger.CycleEnded(_collector.Shard, report);
    }

    private async Task WaitAsync()
    {
        var until = State.Pause is { } pause ? pause.Until : State.NextCycleAt;
        var summary = State.Pause is null ? $"cycle {State.Cycle + 1}" : "end of the pause";
        _seen = _steers;
        await Workflow.WaitConditionWithOptionsAsync(
            new(() => _steers != _seen, until - Clock.Now, summary, Workflow.CancellationToken));
    }

    private void Plan() =>
        State = State with { NextCycleAt = Cadence.Next(State, _collector.Shard, _collector.Timings, Clock.Now) };

    // An update that waits for its cycle keeps the run open: its answer would be lost with the run.
    private bool MayLeave => IsFull && !HasRequests && Workflow.AllHandlersFinished;

    /// <summary>True: it had to wait for an answer of the server.</summary>
    private async Task<bool> LeaveAsync()
    {
        // The end of a cycle lists them, too: a caller that requests cycle after cycle leaves no time here.
        if (!_hasListed)
        {
            await ListAttributesAsync();
            return true;
        }

        // A namespace without any attribute keeps the run. doctor names what is missing, init and run register it.
        if (!_attributes.TryCarry(Shown, out var options)) return false;
        var next = _collector.Export();
        throw Workflow.CreateContinueAsNewException((GcWorkflow workflow) => workflow.RunAsync(next), options);
    }

    private async Task ListAttributesAsync()
    {
        await _attributes.ListAsync();
        _hasListed = true;
    }

    private bool HasRequests => _tickets.Count > 0 || _hurry;

    private bool IsFull =>
        _cycles >= _collector.Settings.CyclesPerRun || _steers >= SteersPerRun || Workflow.ContinueAsNewSuggested;

    // The answer to a request is on its way when its cycle has ended. Without this wait, a caller that requests cycle
    // after cycle would keep a full run open until the server terminates it.
    private async Task LetHandlersEndAsync()
    {
        if (!IsFull || HasRequests || Workflow.AllHandlersFinished) return;
        await Workflow.WaitConditionAsync(() => Workflow.AllHandlersFinished || _tickets.Count > 0);
    }

    private void AnswerTickets(string refusal)
    {
        foreach (var ticket in _tickets) ticket.Refusal = refusal;
        _tickets.Clear();
    }

    private async Task EndAsync(string why)
    {
        _ended = true;
        AnswerTickets(why);
        await ShowAsync();
        await Workflow.WaitConditionAsync(() => Workflow.AllHandlersFinished, CancellationToken.None);
    }

    private ShownState Shown => new(
        _ended ? Names.StateOff : State.Pause is null ? Names.StateActive : Names.StatePaused,
        IsPending: !_ended && State.Pending is not null,
        _collector.DryRun ? Names.ModeDryRun : Names.ModeEnforce);

    /// <summary>True: it had to wait for an answer of the server.</summary>
    private async Task<bool> ShowAsync()
    {
        Workflow.CurrentDetails = DetailsTable.Render(_collector);
        WorkflowMetrics.Steered(_collector);
        var shown = Shown;
        if (!_attributes.MustChange(shown)) return false;
        await _attributes.ListAsync();
        _attributes.Set(shown);
        return true;
    }
}
