using Temporalio.Common;
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

    /// <summary>For <c>AcquireShard</c>: each attempt may find another host; the cycle's time bounds them.</summary>
    public static ActivityOptions Acquire(PhaseContext context) => Bounded(context, new()
    {
        InitialInterval = TimeSpan.FromSeconds(1),
        BackoffCoefficient = 2,
        MaximumInterval = TimeSpan.FromSeconds(15),
        NonRetryableErrorTypes = FinalForAll,
    });

    /// <summary>For a phase, on the host's own queue.</summary>
    public static ActivityOptions Phase(PhaseContext context)
    {
        var options = Bounded(context, new()
        {
            InitialInterval = TimeSpan.FromSeconds(1),
            BackoffCoefficient = 2,
            MaximumInterval = TimeSpan.FromSeconds(30),
            MaximumAttempts = MaxAttempts,
            NonRetryableErrorTypes = FinalForHost,
        });
        options.TaskQueue = context.TaskQueue;
        options.ScheduleToStartTimeout = Shorter(context.Settings.HostTimeout, context.Remaining);
        return options;
    }

    private static ActivityOptions Bounded(PhaseContext context, RetryPolicy retries) => new()
    {
        ScheduleToCloseTimeout = context.Remaining,
        StartToCloseTimeout = context.Remaining,
        HeartbeatTimeout = Heartbeat(context),
        RetryPolicy = retries,
        // A paused or cancelled collector reports so only after its host has stopped.
        CancellationType = ActivityCancellationType.WaitCancellationCompleted,
        Summary = $"cycle {context.Cycle}: {context.Phase}",
    };

    // A call to the cloud may block for the request timeout without a heartbeat. A slow call is not a lost host.
    private static TimeSpan Heartbeat(PhaseContext context)
    {
        var patience = context.Timings.RequestTimeout * 2;
        var host = context.Settings.HostTimeout;
        return Shorter(patience > host ? patience : host, context.Remaining);
    }

    private static TimeSpan Shorter(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
