using Temporalio.Api.Common.V1;
using Temporalio.Api.Enums.V1;
using Temporalio.Api.Failure.V1;

namespace Nstance.Temporal.TestServer.Lifecycle;

/// <summary>Whether a failed attempt of an activity or workflow is tried again, and when.</summary>
internal static class RetryDecision
{
    public static (TimeSpan? Delay, RetryState State) Decide(
        RetryPolicy? policy, int attempt, Failure failure, DateTimeOffset now, DateTimeOffset? end)
    {
        if (policy == null)
            return (null, RetryState.RetryPolicyNotSet);
        if (IsFinal(policy, failure))
            return (null, RetryState.NonRetryableFailure);
        if (policy.MaximumAttempts > 0 && attempt >= policy.MaximumAttempts)
            return (null, RetryState.MaximumAttemptsReached);
        var delay = failure.ApplicationFailureInfo?.NextRetryDelay is { } given && given.ToTimeSpan() > TimeSpan.Zero
            ? given.ToTimeSpan()
            : Backoff(policy, attempt);
        return end is { } limit && now + delay > limit ? (null, RetryState.Timeout) : (delay, RetryState.InProgress);
    }

    private static bool IsFinal(RetryPolicy policy, Failure failure) => failure.FailureInfoCase switch
    {
        Failure.FailureInfoOneofCase.TerminatedFailureInfo or Failure.FailureInfoOneofCase.CanceledFailureInfo => true,
        Failure.FailureInfoOneofCase.TimeoutFailureInfo =>
            failure.TimeoutFailureInfo.TimeoutType is TimeoutType.ScheduleToStart or TimeoutType.ScheduleToClose
            || policy.NonRetryableErrorTypes.Contains("TemporalTimeout:" + failure.TimeoutFailureInfo.TimeoutType),
        Failure.FailureInfoOneofCase.ServerFailureInfo => failure.ServerFailureInfo.NonRetryable,
        Failure.FailureInfoOneofCase.ApplicationFailureInfo => failure.ApplicationFailureInfo.NonRetryable
            || policy.NonRetryableErrorTypes.Contains(failure.ApplicationFailureInfo.Type),
        _ => false,
    };

    public static TimeSpan Backoff(RetryPolicy policy, int attempt)
    {
        var initial = policy.InitialInterval.ToTimeSpan().TotalMilliseconds;
        var limit = policy.MaximumInterval.ToTimeSpan().TotalMilliseconds;
        var wait = initial * Math.Pow(policy.BackoffCoefficient, attempt - 1);
        return TimeSpan.FromMilliseconds(double.IsFinite(wait) && wait < limit ? wait : limit);
    }
}
