using Nstance.Temporal.Worker.Output;
using Spectre.Console.Testing;

namespace Nstance.Temporal.Tests.Worker;

public sealed class ReportTextTests
{
    [Theory]
    [InlineData(
        true, "9 candidates: 6 would be terminated, 0 already gone, 1 skipped, 0 failed, 2 would be quarantined")]
    [InlineData(false, "9 candidates: 6 terminated, 0 already gone, 1 skipped, 0 failed, 2 quarantined")]
    public void Write_DryRunOrNot_SaysWhetherItIsDone(bool dryRun, string expected)
    {
        using var console = new TestConsole();
        console.Profile.Width = 200;
        var counts = new CollectCounts
        {
            Reason = CollectReason.Dangling,
            Candidates = 9,
            Terminated = 6,
            Skipped = 1,
            Quarantined = 2,
        };
        var report = new CycleReport(1, DateTimeOffset.UnixEpoch)
        {
            EndedAt = DateTimeOffset.UnixEpoch,
            DryRun = dryRun,
            Collect = new() { Counts = [counts] },
        };

        ReportText.Write(console, report);

        Assert.Contains(expected, console.Output, StringComparison.Ordinal);
        Assert.Equal(dryRun, console.Output.Contains("dry-run: nothing was touched", StringComparison.Ordinal));
    }
}
