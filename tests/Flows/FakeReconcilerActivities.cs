using System.Collections.Concurrent;
using Temporalio.Activities;

namespace Nstance.Temporal.Tests.Flows;

/// <summary>Records the events that it checks and the notifications that it sends.</summary>
internal sealed class FakeReconcilerActivities : IReconcilerActivities
{
    private Exception? _fault;

    public ConcurrentQueue<ReconcileEvent> Checked { get; } = new();

    public ConcurrentQueue<Notification> Notified { get; } = new();

    /// <summary>Fails the next check.</summary>
    public Exception? Fault
    {
        get => _fault;
        set => _fault = value;
    }

    public CheckVerdict Verdict { get; set; } = CheckVerdict.Replace;

    [Activity]
    public Task<CheckInstancesResult> CheckInstancesAsync(CheckInstancesInput input)
    {
        foreach (var item in input.Events) Checked.Enqueue(item);
        if (Interlocked.Exchange(ref _fault, null) is { } fault) throw fault;
        return Task.FromResult(new CheckInstancesResult(
            [.. input.Events.Select(e => new CheckedInstance(e.InstanceId!, Verdict, "looked"))]));
    }

    /// <summary>The receiver of notifications does not answer.</summary>
    public bool IsMute { get; set; }

    [Activity]
    public Task NotifyAsync(Notification notification)
    {
        if (IsMute) throw new InvalidOperationException("no answer");
        Notified.Enqueue(notification);
        return Task.CompletedTask;
    }
}
