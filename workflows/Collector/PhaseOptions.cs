using Temporalio.Workflows;

namespace Nstance.Temporal.Workflows.Collector;

/// <summary>Timeouts and retries of a cycle's activities; whatever happens, they end with the cycle.</summary>
internal static class PhaseOptions
{
    /// <summary>Less than this is not worth beginning a phase.</summary>
    public static readonly TimeSpan Min = TimeSpan.FromSeconds(1);

    // Waiting again cannot mend these within a cycle; ShardNotHeld is mended by another host.
    private static readonly IReadOnlyCollection<string> Final =
        [ErrorTypes.ShardNotHeld, ErrorTypes.BadConfiguration, ErrorTypes.Denied];

    /// <summary>For <c>AcquireShard</c>: tried until the cycle's time is over, since each try may find another host.</summary>
    public static ActivityOptions Acquire(GcSettings settings, ShardTimings timings, TimeSpan remaining, string summary) => new()
    {
        ScheduleToCloseTimeout = remaining,
        StartToCloseTimeout = remaining,
        HeartbeatTimeout = Heartbeat(settings, timings, remaining),
        RetryPolicy = new()
        {
            InitialInterval = TimeSpan.FromSeconds(1),
            BackoffCoefficient = 2,
            MaximumInterval = TimeSpan.FromSeconds(15),
            NonRetryableErrorTypes = [ErrorTypes.BadConfiguration, ErrorTypes.Denied],
        },
        CancellationType = ActivityCancellationType.WaitCancellationCompleted,
        Summary = summary,
    };

    /// <summary>For a phase, on the host's own queue.</summary>
    public static ActivityOptions Phase(
        GcSettings settings, ShardTimings timings, string taskQueue, TimeSpan remaining, string summary) => new()
        {
            TaskQueue = taskQueue,
            ScheduleToCloseTimeout = remaining,
            ScheduleToStartTimeout = Shorter(settings.HostTimeout, remaining),
            StartToCloseTimeout = remaining,
            HeartbeatTimeout = Heartbeat(settings, timings, remaining),
            RetryPolicy = new()
            {
                InitialInterval = TimeSpan.FromSeconds(1),
                BackoffCoefficient = 2,
                MaximumInterval = TimeSpan.FromSeconds(30),
                MaximumAttempts = 5,
                NonRetryableErrorTypes = Final,
            },
            // A paused or cancelled collector says so only when its host has really stopped.
            CancellationType = ActivityCancellationType.WaitCancellationCompleted,
            Summary = summary,
        };

    // A call to the cloud may block for the request timeout without a heartbeat; a slow call is not a lost host.
    private static TimeSpan Heartbeat(GcSettings settings, ShardTimings timings, TimeSpan remaining)
    {
        var patience = timings.RequestTimeout * 2;
        return Shorter(patience > settings.HostTimeout ? patience : settings.HostTimeout, remaining);
    }

    private static TimeSpan Shorter(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
