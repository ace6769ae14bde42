using System.Net;
using Nstance.Temporal.Activities.Aws;

namespace Nstance.Temporal.Tests.Aws;

public class AwsErrorsTests
{
    [Theory]
    [InlineData("InvalidInstanceID.NotFound", 400, "Gone")]
    [InlineData("InvalidInstanceID.Malformed", 400, "Malformed")]
    [InlineData("RequestLimitExceeded", 503, "Throttled")]
    [InlineData("SlowDown", 503, "Throttled")]
    [InlineData("UnauthorizedOperation", 403, "Denied")]
    [InlineData("OperationNotPermitted", 400, "Protected")]
    [InlineData("InternalError", 500, "Transient")]
    [InlineData("NoSuchKey", 404, "Gone")]
    [InlineData("NoSuchBucket", 404, "Invalid")]
    public void Classify_KnownCode_HasItsMeaning(string code, int status, string fault) =>
        Assert.Equal(fault, AwsErrors.Classify(code, (HttpStatusCode)status).ToString());

    [Theory]
    [InlineData(404, "Invalid")]
    [InlineData(403, "Denied")]
    [InlineData(429, "Throttled")]
    [InlineData(500, "Transient")]
    [InlineData(200, "Transient")]
    public void Classify_UnknownCode_IsNeverGone(int status, string fault) =>
        Assert.Equal(fault, AwsErrors.Classify("SomethingNew", (HttpStatusCode)status).ToString());
}
