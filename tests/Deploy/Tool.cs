using System.Diagnostics;
using Nstance.Temporal.Tests.Worker;

namespace Nstance.Temporal.Tests.Deploy;

/// <summary>A checker that a machine may have: where it is missing the test is skipped, and CI says so.</summary>
internal static class Tool
{
    public static async Task<string> RunAsync(string program, params string[] args)
    {
        var path = (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(':').Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);
        if (path is null) Assert.Skip($"{program} is not on this machine");
        var start = new ProcessStartInfo(path, args)
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Repository.File("."),
        };
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(
            process.ExitCode == 0, $"{program} {string.Join(' ', args)}: {process.ExitCode}\n{output}{await error}");
        return output;
    }
}
