using Temporalio.Activities;

namespace Nstance.Temporal.Tests.Flows;

/// <summary>
/// Records which run executes the phases of one shard (I6). Only a terminated run may still have a phase under way when
/// the next one begins: its host learns of the termination with its next heartbeat.
/// </summary>
internal sealed class CollectorWitness(Random random)
{
    private readonly Lock _lock = new();
    private readonly HashSet<string> _terminated = [];
    private readonly List<string> _runs = [];
    private readonly Dictionary<string, int> _open = [];
    private readonly List<string> _faults = [];
    private int _phases;

    public IReadOnlyList<string> Faults
    {
        get
        {
            lock (_lock) return [.. _faults];
        }
    }

    public int Phases => Volatile.Read(ref _phases);

    /// <summary>Runs that had a phase.</summary>
    public int Runs
    {
        get
        {
            lock (_lock) return _runs.Count;
        }
    }

    /// <summary>The text that precedes the action.</summary>
    public void Terminates(string runId)
    {
        lock (_lock) _terminated.Add(runId);
    }

    public void Fault(string what)
    {
        lock (_lock) _faults.Add(what);
    }

    public async Task PhaseAsync(string phase)
    {
        var context = ActivityExecutionContext.Current;
        var run = context.Info.WorkflowRunId!;
        TimeSpan work;
        lock (_lock)
        {
            _phases++;
            work = TimeSpan.FromMilliseconds(random.Next(0, 8));
            Begins(run, phase);
            _open[run] = _open.GetValueOrDefault(run) + 1;
        }

        try
        {
            await Task.Delay(work, context.CancellationToken);
        }
        finally
        {
            lock (_lock)
            {
                if (--_open[run] == 0) _open.Remove(run);
            }
        }
    }

    private void Begins(string run, string phase)
    {
        if (_open.ContainsKey(run)) _faults.Add($"{phase} of {run} begins while another of its phases is under way");
        foreach (var other in _open.Keys.Where(o => o != run && !_terminated.Contains(o)))
            _faults.Add($"{phase} of {run} begins while {other} is in a phase");
        if (!_runs.Contains(run)) _runs.Add(run);
        else if (_runs[^1] != run && !_terminated.Contains(run))
            _faults.Add($"{phase} of {run} begins after {_runs[^1]} began to collect");
    }
}
