using Nstance.Temporal.Worker.Errors;
using Temporalio.Exceptions;

namespace Nstance.Temporal.Tests.Worker;

public sealed class FailureTests
{
    [Theory]
    [InlineData(RpcException.StatusCode.DeadlineExceeded, "deadline")]
    [InlineData(
        RpcException.StatusCode.FailedPrecondition, "no poller seen for task queue recently, worker may be down")]
    public void Of_NoWorkerAnswers_SaysSoAndIsUnreachable(RpcException.StatusCode code, string message)
    {
        var failure = Failure.Of(new RpcException(code, message, null));

        Assert.Equal((ExitCode.Unreachable, Failure.NoAnswer), (failure.Code, Assert.Single(failure.Lines)));
    }

    [Fact]
    public void Of_AnotherPrecondition_IsAFailure() =>
        Assert.Equal(
            ExitCode.Failed,
            Failure.Of(new RpcException(RpcException.StatusCode.FailedPrecondition, "workflow is paused", null)).Code);
}
