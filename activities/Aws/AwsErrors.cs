using System.Collections.Frozen;
using System.Net;

namespace Nstance.Temporal.Activities.Aws;

/// <summary>
/// The one table of AWS error codes, for EC2 and S3. The SDK's own classification is not used: an EC2 exception says
/// neither that it is a throttle nor that it may be retried.
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
    /// How stores that speak S3 refuse a call of <c>DeleteObjects</c> as such: they want a Content-MD5, or do not know
    /// the call. A single delete means the same to them.
    /// </summary>
    private static readonly FrozenSet<string> RefusalsOfBatches =
        FrozenSet.Create("InvalidDigest", "InvalidRequest", "MethodNotAllowed", "MissingContentMD5", "NotImplemented");

    /// <summary>Every code of the table.</summary>
    public static IReadOnlyCollection<string> Codes => Faults.Keys;

    /// <summary>True: the store refused to delete several objects in one call.</summary>
    public static bool IsRefusalOfBatches(string? code) => code is not null && RefusalsOfBatches.Contains(code);

    /// <summary>
    /// Returns the meaning of a code. The HTTP status decides for a code that the table lacks, and never as
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
