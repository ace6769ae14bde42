using Nstance.Temporal.Simulation.Demo;

namespace Nstance.Temporal.Tests.Simulation;

public class DemoCommandTests
{
    [Theory]
    [InlineData("--instances: '0' is not a whole number from 1 to 100000", "--instances", "0")]
    [InlineData("--cycles: 'many' is not a whole number from 1 to 1000", "--cycles", "many")]
    [InlineData("--server: 'nowhere' is not embedded, dev or HOST:PORT", "--server", "nowhere")]
    [InlineData("--nstance: 'v3' is not v1 or v2", "--nstance", "v3")]
    [InlineData("--output: 'xml' is not text or json", "--output", "xml")]
    [InlineData("--instnces", "--instnces", "5")]
    public async Task InvokeAsync_BadInput_NamesItAndStartsNothing(string expected, params string[] args)
    {
        using var stdout = new StringWriter();
        using var stderr = new StringWriter();
        Assert.Equal(2, await DemoCommand.InvokeAsync(args, stdout, stderr));
        Assert.Contains(expected, stderr.ToString(), StringComparison.Ordinal);
        Assert.Empty(stdout.ToString());
    }

    [Fact]
    public async Task InvokeAsync_SeveralFaults_AreSaidAtOnce()
    {
        using var stdout = new StringWriter();
        using var stderr = new StringWriter();
        Assert.Equal(2, await DemoCommand.InvokeAsync(["--instances", "-1", "--cycles", "0"], stdout, stderr));
        Assert.Contains("--instances: '-1'", stderr.ToString(), StringComparison.Ordinal);
        Assert.Contains("--cycles: '0'", stderr.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task InvokeAsync_NobodyListensThere_IsOneLineAndFails()
    {
        using var stdout = new StringWriter();
        using var stderr = new StringWriter();
        Assert.Equal(1, await DemoCommand.InvokeAsync(
            ["--server", "127.0.0.1:1", "--instances", "1", "--cycles", "1"], stdout, stderr));
        Assert.Single(stderr.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }
}
