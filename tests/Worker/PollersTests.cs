using Nstance.Temporal.Worker.Hosting;

namespace Nstance.Temporal.Tests.Worker;

public sealed class PollersTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 28, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("", 0, "in the last 5 minutes")]
    [InlineData("180 240", 0, "since 2026-11-28 11:57:00Z")]
    [InlineData("240 10 70", 2, "since 2026-11-28 11:59:50Z")]
    public void Of_PollsSoManySecondsAgo_CountsThoseOfTheLastTwoMinutes(string seconds, int live, string when)
    {
        var polls = seconds.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(ago => Now.AddSeconds(-int.Parse(ago, null)));

        var pollers = Pollers.Of(polls, Now);

        var why = $"no worker has polled nstance-gc {when}: start one with nstance-gc run";
        Assert.Equal((live, why), (pollers.Live, pollers.Why));
    }
}
