using Temporalio.Workflows;

namespace Nstance.Temporal.Workflows.Collector;

/// <summary>Timeouts and retries of a cycle's activities; all of them end with the cycle.</summary>
internal static class PhaseOptions
{
    /// <summary>No phase begins with less time left than this.</summary>
    public static readonly TimeSpan Min = TimeSpan.FromSeconds(1);

    /// <summary>Attempts at a phase on one host.</summary>
    public const int MaxAttempts = 5;

    /// <summary>Failures that no other host can mend.</summary>
    public static readonly IReadOnlyCollection<string> FinalForAll = [ErrorTypes.BadConfiguration, ErrorTypes.Denied];

    /// <summary>Failures that another attempt on the same host cannot mend.</summary>
    public static readonly IReadOnlyCollection<string> FinalForHost = [ErrorTypes.ShardNotHeld, .. FinalForAll];

    /// <summary>For a phase on the host's own queue, or for <c>AcquireShard</c> on the queue of all hosts.</summary>
    public static ActivityOptions Of(PhaseContext context)
    {
        // Each attempt at an acquire may find another host; only the cycle's time bounds them.
        var isAcquire = context.TaskQueue is null;
        return new()
        {
            TaskQueue = context.TaskQueue,
            ScheduleToStartTimeout = isAcquire ? null : Shorter(context.Settings.HostTimeout, context.Remaining),
            ScheduleToCloseTimeout = context.Remaining,
            StartToCloseTimeout = context.Remaining,
            HeartbeatTimeout = Heartbeat(context),
            RetryPolicy = new()
            {
                InitialInterval = TimeSpan.FromSeconds(1),
                BackoffCoefficient = 2,
                MaximumInterval = TimeSpan.FromSeconds(isAcquire ? 15 : 30),
                MaximumAttempts = isAcquire ? 0 : MaxAttempts,
                NonRetryableErrorTypes = isAcquire ? FinalForAll : FinalForHost,
            },
            // A paused or cancelled collector reports so only after its host has stopped.
            CancellationType = ActivityCancellationType.WaitCancellationCompleted,
            Summary = $"cycle {context.Cycle}: {context.Phase}",
        };
    }

    // A call to the cloud may block for the request timeout without a heartbeat. A slow call is not a lost host.
    private static TimeSpan Heartbeat(PhaseContext context)
    {
        var patience = context.Timings.RequestTimeout * 2;
        var host = context.Settings.HostTimeout;
        return Shorter(patience > host ? patience : host, context.Remaining);
    }

    private static TimeSpan Shorter(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
