using System.Diagnostics;

namespace Nstance.Temporal.Simulation.Demo;

/// <summary>
/// <c>nstance-gc</c> as a process of its own, found beside this program. What it logs is kept in a file, so that a failure can be shown.
/// </summary>
internal sealed class GcProcess : IAsyncDisposable
{
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(15);

    private readonly Process _process;
    private readonly Task _copying;

    private GcProcess(Process process, Task<string> output, Task copying) => (_process, Output, _copying) = (process, output, copying);

    /// <summary>All of its stdout, once it has ended.</summary>
    public Task<string> Output { get; }

    public bool HasExited => _process.HasExited;

    public static GcProcess Start(IEnumerable<string> arguments, IReadOnlyDictionary<string, string> environment, string log)
    {
        var beside = Path.Combine(AppContext.BaseDirectory, OperatingSystem.IsWindows() ? "nstance-gc.exe" : "nstance-gc");
        var start = new ProcessStartInfo(beside, arguments)
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        foreach (var (name, value) in environment) start.Environment[name] = value;
        var process = Process.Start(start) ?? throw new InvalidOperationException($"{beside} did not start");
        process.StandardInput.Close();
        return new GcProcess(process, process.StandardOutput.ReadToEndAsync(), CopyAsync(process.StandardError, log));
    }

    /// <summary>Waits for its end and gives its exit code.</summary>
    public async Task<int> WaitAsync(CancellationToken ct)
    {
        await _process.WaitForExitAsync(ct);
        await _copying;
        return _process.ExitCode;
    }

    /// <summary>Asks it to stop as an operator would (SIGTERM), and insists after a while.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            using var patience = new CancellationTokenSource(StopTimeout);
            try
            {
                using var kill = Process.Start("kill", ["-TERM", _process.Id.ToString()]);
                await _process.WaitForExitAsync(patience.Token);
            }
            catch (Exception e) when (e is OperationCanceledException or System.ComponentModel.Win32Exception)
            {
                _process.Kill(entireProcessTree: true);
                await _process.WaitForExitAsync(CancellationToken.None);
            }
        }

        await _copying;
        _process.Dispose();
    }

    private static async Task CopyAsync(StreamReader from, string path)
    {
        await using var to = new StreamWriter(path, append: true) { AutoFlush = true };
        while (await from.ReadLineAsync() is { } line) await to.WriteLineAsync(line);
    }
}
