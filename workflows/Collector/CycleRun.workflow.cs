using Temporalio.Exceptions;
using Temporalio.Workflows;

namespace Nstance.Temporal.Workflows.Collector;

/// <summary>One cycle: four phases on the host that holds the shard, and another host when that one is lost.</summary>
internal sealed class CycleRun(CollectorState collector, bool dryRun, DateTimeOffset asOf, CancellationToken stop)
{
    // Each loss costs a timeout, except a host that says at once that it does not hold the shard: bounds the history.
    private const int MaxHosts = 5;

    // A cycle keeps the settings that it began with; Configure takes effect with the next one.
    private readonly GcSettings _settings = collector.Settings;
    private readonly int _cycle = collector.State.Cycle;
    private readonly List<string> _problems = [];
    private CycleReport _report = new(collector.State.Cycle, asOf) { DryRun = dryRun };
    private int _hosts;
    private bool _ended;
    private bool _mustSync = true;
    private string? _newHost;

    private TimeSpan Remaining => asOf + _settings.CycleTimeout - Clock.Now;

    private ShardTimings Timings => Cadence.Timings(_settings, collector.State.Timings);

    public async Task<CycleReport> RunAsync()
    {
        await SyncAsync();
        var collect = await PhaseAsync("collect", needsSync: true, (input, options) =>
        {
            var limited = input with
            {
                Limits = _settings.Limits,
                Approval = dryRun ? null : Approvals.Valid(collector.State, asOf),
                Quarantine = _settings.Quarantine,
            };
            if (limited.Approval is { } approval) _report = _report with { Approval = approval };
            return Workflow.ExecuteActivityAsync((IGcActivities activities) => activities.CollectAsync(limited), options);
        });
        var health = await PhaseAsync("health", needsSync: false, (input, options) => Workflow.ExecuteActivityAsync(
            (IGcActivities activities) => activities.ScanHealthAsync(input), options));
        collector.State = GraceRules.Scanned(collector.State, health, asOf);
        var purge = await PhaseAsync("purge", needsSync: false, (input, options) => Workflow.ExecuteActivityAsync(
            (IGcActivities activities) => activities.PurgeRecordsAsync(input), options));
        _report = _report with
        {
            Collect = collect,
            Health = health,
            Purge = purge,
            EndedAt = Clock.Now,
            Host = collector.State.Host?.Host ?? collector.State.LastHost,
            Grace = GraceRules.Grace(collector.State, Timings, asOf),
            Problems = [.. _problems],
        };
        return _report with { Outcome = Reports.Judge(_report) };
    }

    private async Task SyncAsync()
    {
        var sync = await PhaseAsync("sync", needsSync: false, (input, options) =>
        {
            var asked = input with { Settings = _settings };
            return Workflow.ExecuteActivityAsync((IGcActivities activities) => activities.SyncProviderAsync(asked), options);
        });
        _report = _report with { Sync = sync };
        if (sync?.Timings is { } timings) Hear(timings);
        if (sync is null) return;
        collector.State = GraceRules.Synced(collector.State, _newHost, Timings, asOf);
        _newHost = null;
    }

    private async Task<T?> PhaseAsync<T>(
        string phase, bool needsSync, Func<PhaseInput, ActivityOptions, Task<T>> execute)
        where T : class
    {
        while (await HoldHostAsync(phase))
        {
            if (phase != "sync" && _mustSync && _report.Sync is not null)
            {
                // Another host works on a copy that was rebuilt from records: without a sync it knows no cloud states.
                await SyncAsync();
                continue;
            }

            // Unknown is never gone: what the cloud did not say in full ends nobody.
            if (needsSync && _report.Sync is null)
            {
                Problem($"{phase} did not run: nothing is terminated after a failed sync");
                return null;
            }

            if (needsSync && _report.Sync?.Suspect is { } suspect)
            {
                Problem($"{phase} did not run: {suspect}");
                return null;
            }

            collector.Phase = phase;
            ShowPhase();
            var host = collector.State.Host!;
            var input = new PhaseInput(collector.Shard, asOf, Timings)
            {
                DryRun = dryRun,
                Cycle = _cycle,
                PartialPauses = collector.State.PartialPauses is { Count: > 0 } holds ? holds : null,
                Windows = _settings.Windows is { Count: > 0 } windows ? windows : null,
                Grace = collector.State.Grace,
            };
            var options = PhaseOptions.Phase(_settings, Timings, host.TaskQueue, Remaining, Summary(phase));
            options.CancellationToken = stop;
            try
            {
                if (phase == "sync") _mustSync = false;
                return await execute(input, options);
            }
            catch (Exception e) when (e is FailureException or OperationCanceledException)
            {
                if (Stopped(phase)) return null;
                var fault = ActivityFault.Of(e);
                Problem(fault.HostLost ? $"{phase} lost host {host.Host}: {fault.Why}" : $"{phase} failed: {fault.Why}");
                if (!fault.HostLost) return null;
                Workflow.Logger.HostLost(_cycle, host.Host, fault.Why);
                collector.LoseHost();
            }
        }

        return null;
    }

    /// <summary>True: a host is held and there is time left. False: the reason is among the problems.</summary>
    private async Task<bool> HoldHostAsync(string phase)
    {
        if (_ended || Stopped(phase)) return false;
        if (Remaining < PhaseOptions.Min) return End($"the cycle's time ran out before {phase}");
        if (collector.State.Host is not null) return !Cadence.IsOff(Timings) || End("collection is off: the interval is zero or less");
        if (_hosts++ == MaxHosts) return End($"{MaxHosts} hosts were lost before {phase}");

        collector.Phase = "acquire";
        ShowPhase();
        var options = PhaseOptions.Acquire(_settings, Timings, Remaining, Summary("acquire"));
        options.CancellationToken = stop;
        var before = collector.State.LastHost;
        try
        {
            var host = await Workflow.ExecuteActivityAsync(
                (IGcActivities activities) => activities.AcquireShardAsync(
                    new(collector.Shard, Clock.Now) { PreviousHost = before, Settings = _settings }),
                options);
            collector.State = collector.State with { Host = host with { Problems = [] }, LastHost = host.Host };
            Hear(host.Timings);
            _mustSync |= host.Host != before || host.Rebuilt;
            if (host.Host != before || host.Rebuilt) _newHost = host.Host;
            foreach (var problem in host.Problems) Problem($"host {host.Host}: {problem}");
        }
        catch (Exception e) when (e is FailureException or OperationCanceledException)
        {
            return !Stopped(phase) && End($"no host for {phase}: {ActivityFault.Of(e).Why}");
        }

        return await HoldHostAsync(phase);
    }

    private void Hear(ShardTimings timings) => collector.State = collector.State with { Timings = timings };

    private bool Stopped(string phase)
    {
        if (!stop.IsCancellationRequested) return false;
        var why = Workflow.CancellationToken.IsCancellationRequested ? "the collector was cancelled"
            : collector.State.Pause is { } pause ? $"paused: {pause.Reason}"
            : "stopped by an operator";
        return !End($"{phase} did not end: {why}");
    }

    /// <summary>No further phase; said once.</summary>
    private bool End(string why)
    {
        if (!_ended) Problem(why);
        _ended = true;
        return false;
    }

    private void Problem(string sentence)
    {
        if (_problems.Count < Reports.Problems) _problems.Add(ActivityFault.Cut(sentence));
    }

    private void ShowPhase() => Workflow.CurrentDetails = DetailsTable.Render(collector);

    private string Summary(string phase) => $"cycle {_cycle}: {phase}";
}
