using System.Collections.Frozen;
using System.Net;

namespace Nstance.Temporal.Activities.Aws;

/// <summary>
/// The table of AWS error codes, for EC2 and S3. The SDK's classification is not used, because it does not identify
/// EC2's throttles and retryable errors.
/// </summary>
internal static class AwsErrors
{
    private static readonly FrozenDictionary<string, CloudFault> Faults = new Dictionary<CloudFault, string[]>
    {
        [CloudFault.Gone] = ["InvalidInstanceID.NotFound", "NoSuchKey"],
        [CloudFault.Malformed] = ["InvalidInstanceID.Malformed"],
        [CloudFault.Throttled] =
        [
            "BandwidthLimitExceeded", "EC2ThrottledException", "PriorRequestNotComplete", "RequestLimitExceeded",
            "RequestThrottled", "RequestThrottledException", "ResourceCountExceeded", "SlowDown", "Throttling",
            "ThrottlingException", "TooManyRequestsException",
        ],
        [CloudFault.Denied] =
        [
            "AccessDenied", "AccessDeniedException", "AccountProblem", "AllAccessDisabled", "AuthFailure", "Blocked",
            "ExpiredToken", "ExpiredTokenException", "InvalidAccessKeyId", "InvalidClientTokenId", "InvalidSecurity",
            "InvalidToken", "MissingAuthenticationToken", "NotSignedUp", "OptInRequired", "PendingVerification",
            "RequestExpired", "RequestTimeTooSkewed", "SignatureDoesNotMatch", "TokenRefreshRequired",
            "UnauthorizedOperation", "UnrecognizedClientException",
        ],
        [CloudFault.Protected] = ["OperationNotPermitted"],
        [CloudFault.Transient] =
        [
            "InternalError", "InternalFailure", "OperationAborted", "RequestTimeout", "RequestTimeoutException",
            "ServiceUnavailable", "Unavailable",
        ],
        [CloudFault.Invalid] =
        [
            // A missing bucket must never read as a missing record: Gone would let the record count as deleted.
            "NoSuchBucket",
            "AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "IncorrectInstanceState",
            "NotImplemented", "PermanentRedirect", "UnsupportedOperation",
        ],
    }.SelectMany(row => row.Value.Select(code => KeyValuePair.Create(code, row.Key))).ToFrozenDictionary();

    /// <summary>
    /// Codes with which stores with S3's API refuse <c>DeleteObjects</c>: they require a Content-MD5, or do not know
    /// the call. They accept single deletes.
    /// </summary>
    private static readonly FrozenSet<string> RefusalsOfBatches =
        FrozenSet.Create("InvalidDigest", "InvalidRequest", "MethodNotAllowed", "MissingContentMD5", "NotImplemented");

    /// <summary>Every code of the table.</summary>
    public static IReadOnlyCollection<string> Codes => Faults.Keys;

    /// <summary>True if the store refuses to delete several objects in one call.</summary>
    public static bool IsRefusalOfBatches(string? code) => code is not null && RefusalsOfBatches.Contains(code);

    /// <summary>
    /// Returns the meaning of a code. The HTTP status decides about an unknown code, but never as
    /// <see cref="CloudFault.Gone"/>: an unknown error is not evidence.
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
}
