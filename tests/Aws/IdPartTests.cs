using Nstance.Temporal.Activities.Aws;

namespace Nstance.Temporal.Tests.Aws;

public sealed class IdPartTests
{
    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(16)]
    public void Has_IdOfEc2_IsInExactlyOnePartAndMatchesItsPatternsAlone(int of)
    {
        foreach (var last in "0123456789abcdefABCDEF")
        {
            var id = $"i-0123456789abcdef{last}";
            var part = Assert.Single(Parts(of), part => part.Has(id));
            Assert.Equal(part, Assert.Single(Parts(of), part => part.Patterns().Contains($"*{last}")));
            Assert.True(IdPart.Whole.Has(id));
        }
    }

    [Theory]
    [InlineData("i-by-hand-x")]
    [InlineData("")]
    public void Has_OtherId_IsInTheWholeAlone(string id)
    {
        Assert.True(IdPart.Whole.Has(id));
        Assert.DoesNotContain(Parts(4), part => part.Has(id));
    }

    private static IEnumerable<IdPart> Parts(int of) =>
        Enumerable.Range(0, of).Select(number => new IdPart(number, of));
}
