using Nstance.Temporal.Activities.Aws;

namespace Nstance.Temporal.Tests.Aws;

public sealed class Ec2StateTests
{
    [Theory]
    [InlineData("pending", "Pending")]
    [InlineData("running", "Running")]
    [InlineData("stopping", "Stopping")]
    [InlineData("stopped", "Stopped")]
    [InlineData("shutting-down", "Deleting")]
    [InlineData("terminated", "Deleted")]
    [InlineData("hibernating", "Unknown")]
    [InlineData("Running", "Unknown")]
    [InlineData("", "Unknown")]
    [InlineData(null, "Unknown")]
    public void Parse_State_HasItsStatus(string? state, string status)
    {
        Assert.Equal(status, Ec2State.Parse(state).ToString());
        Assert.Equal(status is not "Deleted" and not "Unknown", Ec2State.NotTerminated.Contains(state));
    }
}
