using Nstance.Temporal.TestServer.Binding;
using Nstance.Temporal.TestServer.Engine;
using Temporalio.Api.Common.V1;

namespace Nstance.Temporal.TestServer.Runs;

/// <summary>Every run the server remembers. Used under the engine's lock.</summary>
internal sealed class RunStore(ServerEngine engine)
{
    private readonly Dictionary<string, WorkflowRun> _byRunId = new();
    private readonly Dictionary<(string Namespace, string WorkflowId), WorkflowRun> _current = new();
    private readonly LinkedList<WorkflowRun> _closed = new();
    private long _closedBytes;

    /// <summary>All runs, open and closed, in no order.</summary>
    public IReadOnlyCollection<WorkflowRun> All => _byRunId.Values;

    /// <summary>
    /// Rooms that want to know of a close (schedules). Called under the lock, after the run's last event.
    /// </summary>
    public Action<WorkflowRun>? Closed { get; set; }

    public void Add(WorkflowRun run)
    {
        _byRunId[run.RunId] = run;
        _current[(run.Namespace, run.WorkflowId)] = run;
    }

    /// <summary>Returns the open run of an id, or the newest closed one; null for an unknown id.</summary>
    public WorkflowRun? Current(string ns, string workflowId) => _current.GetValueOrDefault((ns, workflowId));

    public WorkflowRun? ByRunId(string runId) => _byRunId.GetValueOrDefault(runId);

    /// <summary>The run of an id, or the run that resets have made of it.</summary>
    public WorkflowRun? Heir(string runId)
    {
        var run = ByRunId(runId);
        while (run is { IsOpen: false, ResetRunId: { } next })
            run = ByRunId(next);
        return run;
    }

    /// <summary>The run an execution names: by run id, or without one the current.</summary>
    public WorkflowRun? Find(string ns, WorkflowExecution? execution)
    {
        if (execution == null)
            return null;
        if (execution.RunId.Length == 0)
            return Current(ns, execution.WorkflowId);
        var run = ByRunId(execution.RunId);
        return run != null
            && run.Namespace == ns
            && (execution.WorkflowId.Length == 0 || run.WorkflowId == execution.WorkflowId)
            ? run
            : null;
    }

    public WorkflowRun Get(string ns, WorkflowExecution? execution)
    {
        engine.Namespaces.Require(ns);
        if (execution == null || execution.WorkflowId.Length == 0)
            throw Fault.InvalidArgument("WorkflowId is not set on request.");
        if (execution.RunId.Length > 0 && !Guid.TryParse(execution.RunId, out _))
            throw Fault.InvalidArgument("Invalid RunId.");
        return Find(ns, execution) ?? throw Fault.RunNotFound(execution.WorkflowId);
    }

    /// <summary>
    /// Files a closed run, forgets the oldest beyond what the options allow, and tells the listeners.
    /// </summary>
    public void OnClosed(WorkflowRun run)
    {
        run.ClosedNode = _closed.AddLast(run);
        _closedBytes += run.HistorySize;
        while (_closed.Count > engine.Options.MaxClosedRuns
            || (_closedBytes > engine.Options.MaxClosedHistoryBytes && _closed.Count > 1))
            Remove(_closed.First!.Value);
        Closed?.Invoke(run);
    }

    public void Remove(WorkflowRun run)
    {
        if (!_byRunId.Remove(run.RunId))
            return;
        if (_current.GetValueOrDefault((run.Namespace, run.WorkflowId)) == run)
            _current.Remove((run.Namespace, run.WorkflowId));
        if (run.ClosedNode is not { List: not null } node)
            return;
        _closed.Remove(node);
        _closedBytes -= run.HistorySize;
    }
}
