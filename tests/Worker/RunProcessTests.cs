using System.Diagnostics;
using Nstance.Temporal.TestServer.Hosting;

namespace Nstance.Temporal.Tests.Worker;

/// <summary>The real process.</summary>
public sealed class RunProcessTests
{
    [Theory]
    [InlineData("TERM")]
    [InlineData("INT")]
    public async Task Run_Signal_EndsGracefullyWithZeroAndAnEmptyStdout(string signal)
    {
        var token = TestContext.Current.CancellationToken;
        await using var server = await TemporalTestServer.StartAsync(new() { TimeSkipping = false });
        var folder = Directory.CreateTempSubdirectory("nstance-gc-");
        using var process = Start(server.TargetHost, folder.FullName);
        try
        {
            var log = await ReadUntilAsync(process.StandardError, "polls nstance-gc and nstance-gc@test-host", token);
            Assert.Contains(log, line => line.Contains("Search attributes registered"));

            using (var kill = Process.Start("kill", [$"-{signal}", $"{process.Id}"]))
            {
                await kill.WaitForExitAsync(token);
            }

            var rest = await process.StandardError.ReadToEndAsync(token);
            await process.WaitForExitAsync(token);
            Assert.Contains("Worker test-host stopped", rest);
            Assert.Equal(0, process.ExitCode);
            Assert.Equal("", await process.StandardOutput.ReadToEndAsync(token));
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill();
            }

            folder.Delete(recursive: true);
        }
    }

    private static Process Start(string address, string folder)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "nstance-gc.dll"), "run"])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["TEMPORAL_ADDRESS"] = address;
        start.Environment["NSTANCE_GC__HOSTNAME"] = "test-host";
        start.Environment["NSTANCE_GC__DATADIRECTORY"] = folder;
        return Process.Start(start)!;
    }

    private static async Task<List<string>> ReadUntilAsync(StreamReader reader, string text, CancellationToken token)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(token);
        limit.CancelAfter(TimeSpan.FromMinutes(1));
        var lines = new List<string>();
        while (await reader.ReadLineAsync(limit.Token) is { } line)
        {
            lines.Add(line);
            if (line.Contains(text))
            {
                return lines;
            }
        }

        throw new InvalidOperationException($"ended without \"{text}\":\n{string.Join('\n', lines)}");
    }
}
