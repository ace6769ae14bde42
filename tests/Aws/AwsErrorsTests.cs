using System.Net;
using Nstance.Temporal.Activities.Aws;

namespace Nstance.Temporal.Tests.Aws;

public sealed class AwsErrorsTests
{
    public static TheoryData<string, string> Codes { get; } = new(
        from row in new (string Fault, string Codes)[]
        {
            ("Gone", "InvalidInstanceID.NotFound NoSuchKey"),
            ("Malformed", "InvalidInstanceID.Malformed"),
            ("Throttled", "BandwidthLimitExceeded EC2ThrottledException PriorRequestNotComplete RequestLimitExceeded"),
            ("Throttled", "RequestThrottled RequestThrottledException ResourceCountExceeded SlowDown Throttling"),
            ("Throttled", "ThrottlingException TooManyRequestsException"),
            ("Denied", "AccessDenied AccessDeniedException AccountProblem AllAccessDisabled AuthFailure Blocked"),
            ("Denied", "ExpiredToken ExpiredTokenException InvalidAccessKeyId InvalidClientTokenId InvalidSecurity"),
            ("Denied", "InvalidToken MissingAuthenticationToken NotSignedUp OptInRequired PendingVerification"),
            ("Denied", "RequestExpired RequestTimeTooSkewed SignatureDoesNotMatch TokenRefreshRequired"),
            ("Denied", "UnauthorizedOperation UnrecognizedClientException"),
            ("Protected", "OperationNotPermitted"),
            ("Transient", "InternalError InternalFailure OperationAborted RequestTimeout RequestTimeoutException"),
            ("Transient", "ServiceUnavailable Unavailable"),
            ("Invalid", "NoSuchBucket AuthorizationHeaderMalformed IllegalLocationConstraintException"),
            ("Invalid", "IncorrectInstanceState NotImplemented PermanentRedirect UnsupportedOperation"),
        }
        from code in row.Codes.Split(' ')
        select (code, row.Fault));

    [Theory]
    [MemberData(nameof(Codes))]
    public void Classify_KnownCode_HasItsMeaningWhateverTheStatus(string code, string fault)
    {
        Assert.Equal(fault, AwsErrors.Classify(code, null).ToString());
        Assert.Equal(fault, AwsErrors.Classify(code, HttpStatusCode.NotFound).ToString());
    }

    [Fact]
    public void Codes_EachOfTheTable_HasACase() =>
        Assert.Equal(AwsErrors.Codes.Order(), Codes.Select(row => row.Data.Item1).Order());

    [Theory]
    [InlineData(404, "Invalid")]
    [InlineData(400, "Invalid")]
    [InlineData(401, "Denied")]
    [InlineData(403, "Denied")]
    [InlineData(429, "Throttled")]
    [InlineData(500, "Transient")]
    [InlineData(200, "Transient")]
    public void Classify_UnknownCode_IsNeverGone(int status, string fault)
    {
        Assert.Equal(fault, AwsErrors.Classify("SomethingNew", (HttpStatusCode)status).ToString());
        Assert.Equal(fault, AwsErrors.Classify(null, (HttpStatusCode)status).ToString());
    }

    [Fact]
    public void Classify_NeitherCodeNorStatus_IsTransient() =>
        Assert.Equal("Transient", AwsErrors.Classify(null, null).ToString());
}
