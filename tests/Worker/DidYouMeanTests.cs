using Nstance.Temporal.Worker.Options;

namespace Nstance.Temporal.Tests.Worker;

public sealed class DidYouMeanTests
{
    private static readonly string[] Known = ["--interval", "--bucket", "--cluster", "--limits"];

    [Theory]
    [InlineData("--intervall", "--interval")]
    [InlineData("--buckte", "--bucket")]
    [InlineData("--CLUSTER", "--cluster")]
    [InlineData("--limit", "--limits")]
    public void Nearest_Misspelt_FindsTheWord(string word, string expected) =>
        Assert.Equal(expected, DidYouMean.Nearest(word, Known));

    [Fact]
    public void Nearest_NothingNear_SaysNothing() => Assert.Null(DidYouMean.Nearest("--frobnicate", Known));
}
