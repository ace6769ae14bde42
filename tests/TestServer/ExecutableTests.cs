using System.Diagnostics;
using Nstance.Temporal.Tests.Support;
using Temporalio.Client;

namespace Nstance.Temporal.Tests.TestServer;

/// <summary>The executable's command line: the SDK's flags, and one clear line for what is wrong.</summary>
public sealed class ExecutableTests
{
    [Fact]
    public async Task Help_Asked_ListsOptionsAndExitsWithZero()
    {
        var (code, output, _) = await RunAsync("--help");
        Assert.Equal(0, code);
        Assert.Contains("--dynamic-config-value", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("neither a port", "serve")]
    [InlineData("between 0 and 65535", "70000")]
    [InlineData("between 0 and 65535", "server", "start-dev", "--port", "many")]
    [InlineData("--port needs a value", "server", "start-dev", "--port")]
    [InlineData("--ip", "0", "--ip", "localhost")]
    [InlineData("Name=Type", "0", "--search-attribute", "Owner=Word")]
    [InlineData("key=value", "0", "--dynamic-config-value", "limit")]
    public async Task Arguments_Wrong_OneLineNamesItAndExitIsTwo(string names, params string[] args)
    {
        var (code, _, error) = await RunAsync(args);
        Assert.Equal(2, code);
        Assert.Contains(
            names, Assert.Single(error.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
    }

    /// <summary>Passes all flags of the SDK's StartLocalAsync, and an unknown one.</summary>
    [Fact]
    public async Task StartDev_FlagsOfTheSdk_ServesAndWarnsOfTheUnknownOneOnly()
    {
        using var process = Start(
            "server", "start-dev", "--port", "0", "--namespace", "mine", "--ip", "127.0.0.1",
            "--log-format", "pretty", "--log-level", "warn",
            "--dynamic-config-value", "frontend.enableServerVersionCheck=false",
            "--db-filename", "any.db", "--headless",
            "--search-attribute", "Owner=Keyword", "--sparkle", "blue");
        try
        {
            var listens = await process.StandardOutput.ReadLineAsync();
            Assert.Contains("real time", listens, StringComparison.Ordinal);
            Assert.Contains("--sparkle", await process.StandardError.ReadLineAsync(), StringComparison.Ordinal);
            var client = await TemporalClient.ConnectAsync(
                new(listens!.Split(' ')[3]) { Namespace = "mine", Runtime = TestRuntime.Shared });
            var attributes = await client.Connection.OperatorService.ListSearchAttributesAsync(
                new() { Namespace = "mine" });
            Assert.Contains("Owner", attributes.CustomAttributes.Keys);
        }
        finally
        {
            process.Kill();
        }
        Assert.DoesNotContain("warning", await process.StandardError.ReadToEndAsync(), StringComparison.Ordinal);
    }

    /// <summary>The SDK gives a server five seconds to start, also on a busy machine.</summary>
    [Fact]
    public async Task Start_UntilItListens_NeedsLittleProcessorTime()
    {
        using var process = Start("0");
        try
        {
            await process.StandardOutput.ReadLineAsync();
            process.Refresh();
            Assert.InRange(process.TotalProcessorTime, TimeSpan.Zero, TimeSpan.FromSeconds(0.7));
        }
        finally
        {
            process.Kill();
        }
    }

    [Fact]
    public async Task UiFolder_WithoutAStartPage_OneLineNamesItAndExitIsTwo()
    {
        var (code, _, error) = await RunAsync("server", "start-dev", "--ui-folder", AppContext.BaseDirectory);
        Assert.Equal(2, code);
        Assert.Contains(
            "--ui-folder",
            Assert.Single(error.Split('\n', StringSplitOptions.RemoveEmptyEntries)),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task HttpPort_Asked_SecondLineNamesItsAddress()
    {
        using var process = Start("0", "--http-port", "0");
        try
        {
            await process.StandardOutput.ReadLineAsync();
            Assert.Contains(
                "JSON API on http://127.0.0.1:",
                await process.StandardOutput.ReadLineAsync(),
                StringComparison.Ordinal);
        }
        finally
        {
            process.Kill();
        }
    }

    private static Process Start(params string[] args) => Process.Start(
        new ProcessStartInfo(TestEnvironments.ServerPath, args)
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
        })!;

    private static async Task<(int Code, string Output, string Error)> RunAsync(params string[] args)
    {
        using var process = Start(args);
        var output = process.StandardOutput.ReadToEndAsync();
        var error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, error);
    }
}
