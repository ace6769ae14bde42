using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Temporalio.Api.Enums.V1;
using Temporalio.Api.Protocol.V1;
using Temporalio.Api.Update.V1;

namespace Nstance.Temporal.TestServer.Updates;

/// <summary>One update of a run, from admission to outcome.</summary>
internal sealed class PendingUpdate(Request request)
{
    private readonly TaskCompletionSource _accepted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _completed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Request Request { get; } = request;

    public string Id => Request.Meta.UpdateId;

    public UpdateWorkflowExecutionLifecycleStage Stage { get; private set; } =
        UpdateWorkflowExecutionLifecycleStage.Admitted;

    public Outcome? Outcome { get; private set; }

    public long AcceptedEventId { get; set; }

    /// <summary>
    /// Its request is in an event of the history already, and is not written again when it is accepted.
    /// </summary>
    public bool IsInHistory { get; init; }

    /// <summary>Why it will never have an outcome; null while it may.</summary>
    public RpcException? Aborted { get; private set; }

    /// <summary>The run continued as new before accepting it: it is to be sent to the next run.</summary>
    public bool MoveOn { get; private set; }

    /// <summary>Whether the task that is started now carries it.</summary>
    public bool Sent { get; set; }

    /// <summary>Ends when the stage, an outcome or an abort is there.</summary>
    public Task Reached(UpdateWorkflowExecutionLifecycleStage stage) =>
        stage == UpdateWorkflowExecutionLifecycleStage.Completed ? _completed.Task : _accepted.Task;

    public void Accept()
    {
        Stage = UpdateWorkflowExecutionLifecycleStage.Accepted;
        _accepted.TrySetResult();
    }

    public void Complete(Outcome outcome)
    {
        Outcome = outcome;
        Stage = UpdateWorkflowExecutionLifecycleStage.Completed;
        _accepted.TrySetResult();
        _completed.TrySetResult();
    }

    public void Abort(RpcException? why, bool moveOn)
    {
        Aborted = why;
        MoveOn = moveOn;
        _accepted.TrySetResult();
        _completed.TrySetResult();
    }
}

/// <summary>The updates of one run by id; rejected ones are forgotten, so that their id can be used again.</summary>
internal sealed class UpdateRegistry
{
    private readonly Dictionary<string, PendingUpdate> _byId = new();

    public int Total { get; private set; }

    public int InFlight => _byId.Values.Count(each => each.Outcome == null);

    /// <summary>Whether an update waits that the started task does not carry.</summary>
    public bool HasUndelivered => _byId.Count > 0 && _byId.Values.Any(
        each => each is { Stage: UpdateWorkflowExecutionLifecycleStage.Admitted, Sent: false });

    public bool HasAdmitted => _byId.Count > 0 && _byId.Values.Any(
        each => each.Stage == UpdateWorkflowExecutionLifecycleStage.Admitted);

    public PendingUpdate? Find(string id) => _byId.GetValueOrDefault(id);

    public void Admit(PendingUpdate update)
    {
        _byId[update.Id] = update;
        Total++;
    }

    public void Forget(PendingUpdate update)
    {
        _byId.Remove(update.Id);
        Total--;
    }

    public IReadOnlyList<PendingUpdate> Open() => _byId.Values.Where(each => each.Outcome == null).ToList();

    /// <summary>
    /// The messages of a task that starts: every update not yet accepted. A missing or equal id would hang the SDK.
    /// </summary>
    public IEnumerable<Message> Deliver(long eventId)
    {
        if (_byId.Count == 0)
            return [];
        var messages = new List<Message>();
        foreach (var update in _byId.Values.Where(each => each.Stage == UpdateWorkflowExecutionLifecycleStage.Admitted))
        {
            update.Sent = true;
            // The event that admitted it brings it to the worker.
            if (update.IsInHistory)
                continue;
            messages.Add(new()
            {
                Id = update.Id + "/request",
                ProtocolInstanceId = update.Id,
                EventId = eventId,
                Body = Any.Pack(update.Request),
            });
        }
        return messages;
    }

    /// <summary>The task that carried them failed: the next one carries them again.</summary>
    public void Undeliver()
    {
        foreach (var update in _byId.Values)
            update.Sent = false;
    }
}
