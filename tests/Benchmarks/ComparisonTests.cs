using Nstance.Temporal.Benchmarks.Compare;

namespace Nstance.Temporal.Tests.Benchmarks;

/// <summary>What <c>benchmarks -- compare --at-least N</c> fails on: every row, in wall time.</summary>
public sealed class ComparisonTests
{
    private const int LatencyMs = 20;

    /// <summary>Ours reads nstance's leader, and the original makes no such call: their time is deducted.</summary>
    [Theory]
    [InlineData(100, 0, 50, 0, true)] // As many calls: 2.0.
    [InlineData(100, 0, 51, 0, false)]
    [InlineData(100, 3, 51, 1, false)] // Fewer calls: nothing is added.
    [InlineData(100, 0, 70, 1, true)] // One more call: 100 / (70 - 20) is 2.0.
    [InlineData(100, 0, 71, 1, false)]
    [InlineData(100, 2, 90, 4, true)] // Two more calls.
    [InlineData(100, 2, 91, 4, false)]
    public void SlowerThan_TwiceRequired_DeductsAdditionalCallsOnly(
        double originalMs, int originalCalls, double oursMs, int oursCalls, bool isFastEnough)
    {
        var comparison = Measured("health", originalMs, originalCalls, oursMs, oursCalls);
        Assert.Equal(isFastEnough, !comparison.SlowerThan(2).Any());
    }

    [Fact]
    public void SlowerThan_SlowRowWithMoreCalls_NamesIt()
    {
        var comparison = Measured("health", 10, 0, 60, 1);
        comparison.Add("purge", Comparison.Original, 100, 0, 10, 0);
        comparison.Add("purge", Comparison.Ours, 10, 0, 1, 0);
        Assert.Equal(
            ["health: ours is 0.3 times as fast as the original; at least 1 is required"], comparison.SlowerThan(1));
    }

    [Fact]
    public void SlowerThan_RowWithoutTheOriginal_IsNotCompared()
    {
        var comparison = Measured("sync", 100, 0, 10, 0);
        comparison.Add("heartbeats", Comparison.Without, 100, 0, 0, 0);
        comparison.Add("heartbeats", Comparison.With, 900, 0, 0, 0);
        Assert.Empty(comparison.SlowerThan(1));
    }

    [Fact]
    public void Text_RowWithMoreCalls_ShowsTheComparedRatio()
    {
        var text = Measured("health", 60, 0, 50, 1).Text();
        var compared = text[text.IndexOf("compared by --at-least", StringComparison.Ordinal)..];
        Assert.Contains("health                        2.0 (2.0 to 2.0)", compared, StringComparison.Ordinal);
    }

    private static Comparison Measured(
        string row, double originalMs, int originalCalls, double oursMs, int oursCalls)
    {
        var comparison = new Comparison(1000, LatencyMs);
        comparison.Add(row, Comparison.Original, originalMs, 0, originalCalls, 0);
        comparison.Add(row, Comparison.Ours, oursMs, 0, oursCalls, 0);
        return comparison;
    }
}
