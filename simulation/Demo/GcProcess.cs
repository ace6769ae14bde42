using System.ComponentModel;
using System.Diagnostics;

namespace Nstance.Temporal.Simulation.Demo;

/// <summary>
/// <c>nstance-gc</c> as a process of its own, found beside this program. Its log goes to a file, so that people can
/// read it after a failure.
/// </summary>
internal sealed class GcProcess : IAsyncDisposable
{
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(15);

    private readonly Process _process;
    private readonly Task _output;

    private GcProcess(Process process, string log)
    {
        _process = process;
        _output = Task.WhenAll(process.StandardOutput.ReadToEndAsync(), CopyAsync(process.StandardError, log));
    }

    public bool HasExited => _process.HasExited;

    public static GcProcess Start(
        IEnumerable<string> arguments, IReadOnlyDictionary<string, string> environment, string log)
    {
        var name = OperatingSystem.IsWindows() ? "nstance-gc.exe" : "nstance-gc";
        var path = Path.Combine(AppContext.BaseDirectory, name);
        var start = new ProcessStartInfo(path, arguments)
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        foreach (var (variable, value) in environment) start.Environment[variable] = value;
        var process = Process.Start(start) ?? throw new InvalidOperationException($"{path} did not start");
        process.StandardInput.Close();
        return new GcProcess(process, log);
    }

    /// <summary>Waits for its end and returns its exit code.</summary>
    public async Task<int> WaitAsync(CancellationToken ct)
    {
        await _process.WaitForExitAsync(ct);
        await _output;
        return _process.ExitCode;
    }

    /// <summary>Asks it to stop as an operator would (SIGTERM), and kills it after a while.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            using var patience = new CancellationTokenSource(StopTimeout);
            try
            {
                using var kill = Process.Start("kill", ["-TERM", $"{_process.Id}"]);
                await _process.WaitForExitAsync(patience.Token);
            }
            catch (Exception e) when (e is OperationCanceledException or Win32Exception)
            {
                _process.Kill(entireProcessTree: true);
            }
        }

        await WaitAsync(CancellationToken.None);
        _process.Dispose();
    }

    private static async Task CopyAsync(StreamReader from, string path)
    {
        await using var to = new StreamWriter(path, append: true) { AutoFlush = true };
        while (await from.ReadLineAsync() is { } line) await to.WriteLineAsync(line);
    }
}
