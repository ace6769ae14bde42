namespace Nstance.Temporal.Workflows.Collector;

/// <summary>
/// One cycle: sync, collect, health and purge on the host that holds the shard, and another host when that one is lost.
/// A failed phase is reported and the others still run. After a failed sync nothing is terminated; after a suspect one
/// everything is held back as a plan.
/// </summary>
internal sealed class Cycle(CollectorState collector, ICycleSteps steps, bool dryRun, DateTimeOffset asOf)
{
    // Most lost hosts cost a timeout. A host may also report at once that it lost the shard: this bounds the history.
    private const int MaxHosts = 5;

    private const string Acquire = "acquire";
    private const string Sync = "sync";
    private const string Collect = "collect";
    private const string Health = "health";
    private const string Purge = "purge";

    // A cycle keeps the settings that it began with. Configure takes effect with the next cycle.
    private readonly GcSettings _settings = collector.Settings;
    private readonly int _cycle = collector.State.Cycle;
    private readonly List<string> _problems = [];
    private CycleReport _report = new(collector.State.Cycle, asOf) { DryRun = dryRun };
    private int _hosts;
    private bool _ended;
    private bool _mustSync = true;

    private TimeSpan Remaining => asOf + _settings.CycleTimeout - steps.Now;

    private ShardTimings Timings => Cadence.Timings(_settings, collector.State.Timings);

    /// <summary>Runs the cycle. It never throws for a failed phase.</summary>
    public async Task<CycleReport> RunAsync()
    {
        if (HostRules.LooksForShared(collector.State, asOf)) collector.LoseHost();
        await SyncAsync();
        var collect = await PhaseAsync(Collect, CollectAsync);
        var health = await PhaseAsync(Health, (input, context) => steps.ScanHealthAsync(
            input with { Approval = StillApproved(), Plans = Plans(collect) }, context));
        var purge = await PhaseAsync(Purge, steps.PurgeAsync);
        GiveUpHost();
        var grace = GraceRules.Grace(collector.State, Timings, asOf);
        if (GraceRules.Problem(grace) is { } problem) AddProblem(problem);
        _report = _report with
        {
            Collect = collect,
            Health = health,
            Purge = purge,
            EndedAt = steps.Now,
            Host = collector.State.Host?.Host ?? collector.State.LastHost,
            Grace = grace,
            Problems = [.. _problems],
        };
        return Reports.Gather(_report with { Outcome = Reports.Judge(_report) });
    }

    private async Task SyncAsync()
    {
        var sync = await PhaseAsync(
            Sync, (input, context) => steps.SyncAsync(input with { Settings = _settings }, context));
        _report = _report with { Sync = sync is null ? null : sync with { Groups = null } };
        if (sync is null) return;
        collector.State = collector.State with { Groups = sync.Groups, FailedSyncs = 0 };
        if (sync.Timings is { } timings) ApplyTimings(timings);
        collector.State = GraceRules.Synced(
            collector.State, sync.Leader, Timings, asOf, steps.Now);
    }

    private Task<PhaseOutcome<CollectResult>> CollectAsync(PhaseInput input, PhaseContext context)
    {
        var approval = dryRun ? null : Approvals.Valid(collector.State, asOf);
        if (approval is not null) _report = _report with { Approval = approval };
        var limited = input with
        {
            Limits = _settings.Limits,
            Approval = approval,
            Plans = Plans(collect: null),
            Quarantine = _settings.Quarantine,
            Guard = _report.Sync?.Suspect is { } suspect ? new(Guards.Listing, suspect) : null,
        };
        return steps.CollectAsync(limited, context);
    }

    /// <summary>The approval that Collect had, unless an operator has rejected its plan or approved another.</summary>
    private Approval? StillApproved() =>
        Approvals.Valid(collector.State, asOf) is { } now && now == _report.Approval ? now : null;

    private PlansInput? Plans(CollectResult? collect) =>
        Approvals.Input(collector.State, collect, dryRun, asOf);

    /// <summary>Runs a phase, on another host when one is lost. Null: the phase failed, or the cycle ended.</summary>
    private async Task<T?> PhaseAsync<T>(
        string phase, Func<PhaseInput, PhaseContext, Task<PhaseOutcome<T>>> executeAsync)
        where T : class
    {
        while (await HoldHostAsync(phase))
        {
            if (phase != Sync && _mustSync && _report.Sync is not null)
            {
                // A new host works on a copy that was rebuilt from records: it knows no cloud states before a sync.
                await SyncAsync();
                continue;
            }

            // An instance that an incomplete listing omits is unknown, not gone.
            if (phase == Collect && _report.Sync is null)
            {
                AddProblem($"{phase} did not run: nothing is terminated after a failed sync");
                return null;
            }

            Show(phase);
            if (phase == Sync) _mustSync = false;
            var host = collector.State.Host!;
            var outcome = await executeAsync(Input(), Context(phase, host.TaskQueue));
            if (outcome.Fault is not { } fault) return outcome.Result;
            if (EndIfStopped(phase)) return null;
            AddProblem(fault.HostLost ? $"{phase} lost host {host.Host}: {fault.Why}" : $"{phase} failed: {fault.Why}");
            if (!fault.HostLost)
            {
                if (phase == Sync)
                    collector.State = collector.State with { FailedSyncs = collector.State.FailedSyncs + 1 };
                return null;
            }

            steps.LogHostLost(host.Host, fault.Why);
            collector.LoseHost();
        }

        return null;
    }

    /// <summary>True: a host is held and there is time left. False: the reason is among the problems.</summary>
    private async Task<bool> HoldHostAsync(string phase)
    {
        while (!_ended && !EndIfStopped(phase))
        {
            if (Remaining < PhaseOptions.Min)
                End($"the cycle's time ran out before {phase}");
            else if (collector.State.Host is null)
                await AcquireAsync(phase);
            else
                return true;
        }

        return false;
    }

    private async Task AcquireAsync(string phase)
    {
        if (_hosts == MaxHosts)
        {
            End($"{MaxHosts} hosts were lost before {phase}");
            return;
        }

        _hosts++;
        Show(Acquire);
        var previous = collector.State.LastHost;
        var input = HostRules.Input(collector, steps.Now, _settings);
        var outcome = await steps.AcquireAsync(input, Context(Acquire, taskQueue: null));
        if (outcome.Result is not { } host)
        {
            collector.State = HostRules.NotAcquired(collector.State, outcome.Fault, asOf);
            if (!EndIfStopped(phase)) End($"no host for {phase}: {outcome.Fault?.Why}");
            return;
        }

        collector.State = HostRules.Acquired(collector.State, host, steps.Now);
        ApplyTimings(host.Timings);
        if (host.Host != previous || host.Rebuilt)
        {
            _mustSync = true;
            collector.State = collector.State with { NewHost = host.Host };
        }

        if (GraceRules.IsElected(collector.State, host.Leader)) _mustSync = true;

        foreach (var problem in host.Problems) AddProblem($"host {host.Host}: {problem}");
    }

    /// <summary>After too many failed syncs in a row, the next cycle looks for another host.</summary>
    private void GiveUpHost()
    {
        if (HostRules.WhyGivenUp(collector.State) is not { } why) return;
        var host = collector.State.Host!.Host;
        AddProblem($"host {host} {why}");
        steps.LogHostLost(host, why);
        collector.LoseHost();
        collector.State = collector.State with { GivenUpHost = host };
    }

    private PhaseInput Input() => new(collector.Shard, asOf, Timings)
    {
        DryRun = dryRun,
        Cycle = _cycle,
        PartialPauses = collector.State.PartialPauses is { Count: > 0 } pauses ? pauses : null,
        QuietHours = _settings.QuietHours is { Count: > 0 } hours ? hours : null,
        Grace = collector.State.Grace,
    };

    private PhaseContext Context(string phase, string? taskQueue) =>
        new(phase, _cycle, taskQueue, _settings, Timings, Remaining);

    private void ApplyTimings(ShardTimings timings) => collector.State = collector.State with { Timings = timings };

    private void Show(string phase)
    {
        collector.Phase = phase;
        steps.ShowPhase();
    }

    private bool EndIfStopped(string phase)
    {
        if (!steps.IsStopped) return false;
        var why = steps.IsCancelled ? "the collector was cancelled"
            : collector.State.Pause is { } pause ? $"paused: {pause.Reason}"
            : "stopped by an operator";
        End($"{phase} did not end: {why}");
        return true;
    }

    /// <summary>No further phase begins. Only the first reason is reported.</summary>
    private void End(string why)
    {
        if (!_ended) AddProblem(why);
        _ended = true;
    }

    private void AddProblem(string sentence)
    {
        if (_problems.Count < Reports.Problems) _problems.Add(ActivityFault.Cut(sentence));
    }
}
