using Google.Protobuf.Collections;
using Nstance.Temporal.Workflows.Collector;
using Temporalio.Api.Common.V1;
using Temporalio.Api.History.V1;

namespace Nstance.Temporal.Worker.Hosting;

/// <summary>
/// The report of the last cycle that ended, put together from the results of its activities in the history of the run:
/// no worker has to answer.
/// </summary>
internal sealed class LastReport(LastRun last)
{
    private const string Purge = "PurgeRecords";

    private static readonly string[] Phases = ["SyncProvider", "Collect", "ScanHealth", Purge];

    private readonly Dictionary<long, (HistoryEvent Event, RepeatedField<Payload>? Result)> _completed = [];
    private CycleReport? _report;
    private int? _newest;

    /// <summary>Returns the report; null: no cycle has ended in this run.</summary>
    public async Task<CycleReport?> ReadAsync(WorkflowExecutionDescription run)
    {
        await foreach (var each in last.BackwardAsync(run))
        {
            if (each.ActivityTaskCompletedEventAttributes is { } completed)
                _completed[completed.ScheduledEventId] = (each, completed.Result?.Payloads_);
            if (each.ActivityTaskScheduledEventAttributes is { } scheduled
                && Phases.Contains(scheduled.ActivityType.Name)
                && await AddAsync(each, scheduled)) break;
        }

        return _report is { } report ? Reports.Gather(report with { Outcome = Reports.Judge(report) }) : null;
    }

    /// <summary>Adds a phase to the report.</summary>
    /// <returns>True: it belongs to the cycle before, so the report is complete.</returns>
    private async Task<bool> AddAsync(HistoryEvent each, ActivityTaskScheduledEventAttributes scheduled)
    {
        if (await last.ReadAsync<PhaseInput>(scheduled.Input?.Payloads_) is not { } input) return false;
        _newest ??= input.Cycle;
        if (_report is not null && input.Cycle != _report.Cycle) return true;
        var phase = scheduled.ActivityType.Name;
        _completed.TryGetValue(each.EventId, out var done);

        // The newest cycle may still run: it has ended if its last phase has.
        if (_report is null && input.Cycle == _newest && (phase != Purge || done.Event is null)) return false;
        _report ??= new(input.Cycle, input.AsOf)
        {
            DryRun = input.DryRun,
            EndedAt = (done.Event ?? each).EventTime.ToDateTimeOffset(),
            Host = scheduled.TaskQueue?.Name.Split('@', 2) is [_, var host] ? host : null,
        };
        _report = phase switch
        {
            "SyncProvider" => _report with { Sync = _report.Sync ?? await last.ReadAsync<SyncResult>(done.Result) },
            "Collect" => _report with
            {
                Collect = _report.Collect ?? await last.ReadAsync<CollectResult>(done.Result),
            },
            "ScanHealth" => _report with
            {
                Health = _report.Health ?? await last.ReadAsync<HealthScanResult>(done.Result),
            },
            _ => _report with { Purge = _report.Purge ?? await last.ReadAsync<PurgeResult>(done.Result) },
        };
        return false;
    }
}

/// <summary>
/// What Temporal's server knows of a collector when no worker answers: attributes, and the results in its history.
/// </summary>
/// <param name="Cluster">Cluster id.</param>
/// <param name="Shard">Shard id.</param>
/// <param name="State">The state, from its search attribute.</param>
/// <param name="PendingApproval">True: a plan waits for approval.</param>
/// <param name="Worker">Since when no worker has polled, and what to do.</param>
internal sealed record StatusWithoutWorker(
    string Cluster, string Shard, string State, bool PendingApproval, string Worker)
{
    /// <summary>The last cycle that ended in this run of the collector; null: none has.</summary>
    public CycleReport? LastReport { get; init; }
}
