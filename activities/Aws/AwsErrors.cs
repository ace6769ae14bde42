using System.Collections.Frozen;
using System.Net;
using Nstance.Temporal.Activities.Ports;

namespace Nstance.Temporal.Activities.Aws;

/// <summary>
/// The one table of AWS error codes, for EC2 and S3. The SDK's own classification is not used: an EC2 exception says
/// neither that it is a throttle nor that it may be retried (dotnet-notes, "AWS SDK v4").
/// </summary>
internal static class AwsErrors
{
    private static readonly FrozenDictionary<string, CloudFault> Faults = new Dictionary<string, CloudFault>
    {
        ["InvalidInstanceID.NotFound"] = CloudFault.Gone,
        ["NoSuchKey"] = CloudFault.Gone,

        ["InvalidInstanceID.Malformed"] = CloudFault.Malformed,

        ["BandwidthLimitExceeded"] = CloudFault.Throttled,
        ["EC2ThrottledException"] = CloudFault.Throttled,
        ["PriorRequestNotComplete"] = CloudFault.Throttled,
        ["RequestLimitExceeded"] = CloudFault.Throttled,
        ["RequestThrottled"] = CloudFault.Throttled,
        ["RequestThrottledException"] = CloudFault.Throttled,
        ["ResourceCountExceeded"] = CloudFault.Throttled,
        ["SlowDown"] = CloudFault.Throttled,
        ["Throttling"] = CloudFault.Throttled,
        ["ThrottlingException"] = CloudFault.Throttled,
        ["TooManyRequestsException"] = CloudFault.Throttled,

        ["AccessDenied"] = CloudFault.Denied,
        ["AccessDeniedException"] = CloudFault.Denied,
        ["AccountProblem"] = CloudFault.Denied,
        ["AllAccessDisabled"] = CloudFault.Denied,
        ["AuthFailure"] = CloudFault.Denied,
        ["Blocked"] = CloudFault.Denied,
        ["ExpiredToken"] = CloudFault.Denied,
        ["ExpiredTokenException"] = CloudFault.Denied,
        ["InvalidAccessKeyId"] = CloudFault.Denied,
        ["InvalidClientTokenId"] = CloudFault.Denied,
        ["InvalidSecurity"] = CloudFault.Denied,
        ["InvalidToken"] = CloudFault.Denied,
        ["MissingAuthenticationToken"] = CloudFault.Denied,
        ["NotSignedUp"] = CloudFault.Denied,
        ["OptInRequired"] = CloudFault.Denied,
        ["PendingVerification"] = CloudFault.Denied,
        ["RequestExpired"] = CloudFault.Denied,
        ["RequestTimeTooSkewed"] = CloudFault.Denied,
        ["SignatureDoesNotMatch"] = CloudFault.Denied,
        ["TokenRefreshRequired"] = CloudFault.Denied,
        ["UnauthorizedOperation"] = CloudFault.Denied,
        ["UnrecognizedClientException"] = CloudFault.Denied,

        ["OperationNotPermitted"] = CloudFault.Protected,

        ["InternalError"] = CloudFault.Transient,
        ["InternalFailure"] = CloudFault.Transient,
        ["OperationAborted"] = CloudFault.Transient,
        ["RequestTimeout"] = CloudFault.Transient,
        ["RequestTimeoutException"] = CloudFault.Transient,
        ["ServiceUnavailable"] = CloudFault.Transient,
        ["Unavailable"] = CloudFault.Transient,

        // A missing bucket must never read as a missing record: Gone would let the record count as deleted.
        ["NoSuchBucket"] = CloudFault.Invalid,
        ["AuthorizationHeaderMalformed"] = CloudFault.Invalid,
        ["IllegalLocationConstraintException"] = CloudFault.Invalid,
        ["IncorrectInstanceState"] = CloudFault.Invalid,
        ["PermanentRedirect"] = CloudFault.Invalid,
        ["UnsupportedOperation"] = CloudFault.Invalid,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>
    /// Meaning of a code. A code that the table lacks is judged by its HTTP status, and never as
    /// <see cref="CloudFault.Gone"/>: what we do not know is not evidence.
    /// </summary>
    public static CloudFault Classify(string? code, HttpStatusCode? status)
    {
        if (code is not null && Faults.TryGetValue(code, out var fault)) return fault;
        return (int?)status switch
        {
            429 => CloudFault.Throttled,
            401 or 403 => CloudFault.Denied,
            >= 400 and < 500 => CloudFault.Invalid,
            _ => CloudFault.Transient,
        };
    }

    /// <summary>Every code of the table.</summary>
    public static IReadOnlyCollection<string> Codes => Faults.Keys;
}
