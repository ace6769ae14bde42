using Google.Protobuf.WellKnownTypes;
using Nstance.Temporal.TestServer.Binding;
using Nstance.Temporal.TestServer.Lifecycle;
using Temporalio.Api.Activity.V1;
using Temporalio.Api.Common.V1;

namespace Nstance.Temporal.TestServer.Activities;

/// <summary>
/// Merges the fields that a mask names into the options of an activity. Names that are none of these change nothing.
/// </summary>
internal static class ActivityOptionsMask
{
    private static readonly HashSet<string> Known =
    [
        "task_queue.name", "schedule_to_close_timeout", "schedule_to_start_timeout", "start_to_close_timeout",
        "heartbeat_timeout", "priority", "priority.priority_key", "priority.fairness_key", "priority.fairness_weight",
        "retry_policy", "retry_policy.initial_interval", "retry_policy.backoff_coefficient",
        "retry_policy.maximum_interval", "retry_policy.maximum_attempts",
    ];

    /// <exception cref="Grpc.Core.RpcException">
    /// INVALID_ARGUMENT: a named part is missing, or the resulting options are invalid.
    /// </exception>
    public static ActivityOptions Merge(ActivityOptions old, ActivityOptions given, FieldMask mask)
    {
        var merged = old.Clone();
        var paths = mask.Paths.Select(Snake).Where(Known.Contains).ToList();
        Require(paths, "task_queue", given.TaskQueue, "TaskQueue");
        Require(paths, "priority.", given.Priority, "Priority");
        Require(paths, "retry_policy", given.RetryPolicy, "RetryPolicy");
        // Names a retry policy of its own; the types that are never retried stay the scheduled ones.
        if (paths.Contains("retry_policy"))
            merged.RetryPolicy = null;
        new FieldMask { Paths = { paths } }.Merge(
            given,
            merged,
            new() { ReplaceMessageFields = true, ReplacePrimitiveFields = true, ReplaceRepeatedFields = true });
        Check(merged);
        return merged;
    }

    private static void Require(List<string> paths, string prefix, object? part, string name)
    {
        if (part == null && paths.Exists(path => path.StartsWith(prefix, StringComparison.Ordinal)))
            throw Fault.InvalidArgument($"{name} is not provided");
    }

    private static void Check(ActivityOptions options)
    {
        if (RunStarter.Some(options.StartToCloseTimeout) == null
            && RunStarter.Some(options.ScheduleToCloseTimeout) == null)
            throw Fault.InvalidArgument("A valid StartToClose or ScheduleToCloseTimeout is not set on command.");
        foreach (var timeout in new[]
        {
            options.StartToCloseTimeout, options.ScheduleToCloseTimeout,
            options.ScheduleToStartTimeout, options.HeartbeatTimeout,
        })
        {
            if (timeout is { Seconds: < 0 } or { Nanos: < 0 })
                throw Fault.InvalidArgument("A timeout of the activity is negative.");
        }
        if (options.TaskQueue is not { Name.Length: > 0 })
            throw Fault.InvalidArgument("missing task queue name");
        options.RetryPolicy = RunStarter.WithDefaults(options.RetryPolicy ?? new RetryPolicy());
        if (options.RetryPolicy is { MaximumAttempts: < 0 } or { BackoffCoefficient: < 1 })
            throw Fault.InvalidArgument("Invalid retry policy: MaximumAttempts < 0 or BackoffCoefficient < 1.");
        options.ScheduleToStartTimeout ??= options.ScheduleToCloseTimeout;
        if (RunStarter.Some(options.StartToCloseTimeout) == null)
            options.StartToCloseTimeout = options.ScheduleToCloseTimeout;
    }

    private static string Snake(string path) =>
        string.Concat(path.Select(c => char.IsAsciiLetterUpper(c) ? "_" + char.ToLowerInvariant(c) : c.ToString()));
}
