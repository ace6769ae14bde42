using System.Diagnostics;
using Nstance.Temporal.Simulation;

namespace Nstance.Temporal.Tests.Simulation;

public class DemoCommandTests
{
    [Theory]
    [InlineData("--instances: \"0\" is not a whole number from 1 to 100000", "--instances", "0")]
    [InlineData("--cycles: \"many\" is not a whole number from 1 to 1000", "--cycles", "many")]
    [InlineData("--server: 'nowhere' is not embedded, dev or HOST:PORT", "--server", "nowhere")]
    [InlineData("--nstance: 'v3' is not v1 or v2", "--nstance", "v3")]
    [InlineData("--output: 'xml' is not text or json", "--output", "xml")]
    [InlineData("--seed: \"abc\" is not a whole number from 0 to 2147483647", "--seed", "abc")]
    [InlineData("chaos: --seeds: \"0\" is not a whole number from 1 to 1000000", "chaos", "--seeds", "0")]
    [InlineData("--picture: the folder of '/nowhere/demo.svg' does not exist", "--picture", "/nowhere/demo.svg")]
    [InlineData("--instnces", "--instnces", "5")]
    public async Task InvokeAsync_BadInput_NamesItAndStartsNothing(string expected, params string[] args)
    {
        using var stdout = new StringWriter();
        using var stderr = new StringWriter();
        Assert.Equal(2, await SimulationCommand.InvokeAsync(args, stdout, stderr));
        Assert.Contains(expected, stderr.ToString(), StringComparison.Ordinal);
        Assert.Empty(stdout.ToString());
    }

    [Fact]
    public async Task InvokeAsync_SeveralFaults_AreReportedTogether()
    {
        using var stdout = new StringWriter();
        using var stderr = new StringWriter();
        Assert.Equal(2, await SimulationCommand.InvokeAsync(["--instances", "-1", "--cycles", "0"], stdout, stderr));
        Assert.Contains("--instances: \"-1\"", stderr.ToString(), StringComparison.Ordinal);
        Assert.Contains("--cycles: \"0\"", stderr.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task InvokeAsync_NoServerThere_IsOneLineAndFails()
    {
        using var stdout = new StringWriter();
        using var stderr = new StringWriter();
        Assert.Equal(1, await SimulationCommand.InvokeAsync(
            ["--server", "127.0.0.1:1", "--instances", "1", "--cycles", "1"], stdout, stderr));
        Assert.Single(stderr.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public async Task InvokeAsync_Help_ListsTheOtherCommands()
    {
        var help = await HelpAsync("--help");

        Assert.Matches(@"(?m)^  chaos +Plays seeded stories", help);
        Assert.Matches(@"(?m)^  soak +Runs a collector", help);
        Assert.Matches(@"(?m)^  cloud +Serves EC2 and S3", help);
    }

    [Theory]
    [InlineData("chaos", "--seeds")]
    [InlineData("soak", "--days")]
    [InlineData("cloud", "--instances")]
    public async Task InvokeAsync_HelpOfACommand_IsPrintedAndNothingRuns(string command, string option)
    {
        var help = await HelpAsync(command, "--help");

        Assert.Contains(option, help, StringComparison.Ordinal);
        Assert.DoesNotContain("{", help, StringComparison.Ordinal);
    }

    /// <summary>The program in a pipe, with the variables of a CI system.</summary>
    [Fact]
    public async Task Program_InAPipe_NamesWhatItStartsAndWritesNoColours()
    {
        var start = new ProcessStartInfo(
            "dotnet",
            [
                Path.Combine(AppContext.BaseDirectory, "Nstance.Temporal.Simulation.dll"), "--instances", "10",
                "--cycles", "1", "--seed", "7",
            ])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["GITHUB_ACTIONS"] = "true";
        start.Environment["DOTNET_TC_CallCountingDelayMs"] = "2710"; // as in WorkerProcess
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.Equal((0, ""), (process.ExitCode, await errors));
        Assert.DoesNotContain("\u001b", output, StringComparison.Ordinal);
        Assert.Equal(
            [
                "Starting a Temporal server (embedded) …", "Starting a cloud with 10 instances …",
                "Starting nstance-gc: a worker, then its schedule …",
            ],
            output.Split('\n').Where(line => line.StartsWith("Starting ", StringComparison.Ordinal)));
        Assert.Contains("All is well", output, StringComparison.Ordinal);
    }

    private static async Task<string> HelpAsync(params string[] args)
    {
        using var stdout = new StringWriter();
        using var stderr = new StringWriter();
        Assert.Equal(0, await SimulationCommand.InvokeAsync(args, stdout, stderr));
        Assert.Empty(stderr.ToString());
        return stdout.ToString();
    }
}
