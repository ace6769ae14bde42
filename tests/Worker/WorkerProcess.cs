using System.Diagnostics;
using Nstance.Temporal.Simulation.Cloud;
using Nstance.Temporal.Tests.Support;

namespace Nstance.Temporal.Tests.Worker;

/// <summary>The command <c>nstance-gc</c> as a process.</summary>
internal sealed class WorkerProcess : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("nstance-gc-");
    private readonly Process _process;

    private WorkerProcess(IReadOnlyDictionary<string, string> environment, string[] args)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "nstance-gc.dll"), .. args])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };

        // No credentials, region or endpoint of the machine that runs the tests.
        var inherited = start.Environment.Keys.Where(
            n => n.StartsWith("AWS_", StringComparison.Ordinal) || n.StartsWith("TEMPORAL_", StringComparison.Ordinal));
        foreach (var name in inherited.ToList()) start.Environment.Remove(name);

        // It runs for seconds, so optimizing hot methods does not pay. The value is 10 s in milliseconds, hexadecimal.
        start.Environment["DOTNET_TC_CallCountingDelayMs"] = "2710";
        start.Environment["DOTNET_TieredPGO"] = "0";
        start.Environment["AWS_EC2_METADATA_DISABLED"] = "true";
        start.Environment["AWS_CONFIG_FILE"] = start.Environment["AWS_SHARED_CREDENTIALS_FILE"] = "/dev/null";
        start.Environment["NSTANCE_GC__DATADIRECTORY"] = _folder.FullName;
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        _process = Process.Start(start)!;
    }

    public int Id => _process.Id;

    public static WorkerProcess Start(IReadOnlyDictionary<string, string> environment, params string[] args) =>
        new(environment, args);

    /// <summary>Returns variables that name a server's namespace and, if given, a cloud.</summary>
    public static Dictionary<string, string> Environment(
        CommandServer temporal, SimulatedCloud? cloud = null, string? key = "key") =>
        new(Environment(temporal.TargetHost, cloud, key)) { ["TEMPORAL_NAMESPACE"] = temporal.Namespace };

    /// <summary>Returns variables that name a Temporal server and, if given, a cloud.</summary>
    public static Dictionary<string, string> Environment(
        string temporal, SimulatedCloud? cloud = null, string? key = "key")
    {
        var environment = new Dictionary<string, string>
        {
            ["TEMPORAL_ADDRESS"] = temporal,
            ["NSTANCE_GC__HOSTNAME"] = "test-host",
        };
        if (cloud is not null)
        {
            environment["AWS_ENDPOINT_URL_EC2"] = cloud.Ec2Url.ToString();
            environment["AWS_ENDPOINT_URL_S3"] = cloud.S3Url.ToString();
            environment["AWS_REGION"] = "us-west-2";
        }

        if (key is not null)
        {
            environment["AWS_ACCESS_KEY_ID"] = key;
            environment["AWS_SECRET_ACCESS_KEY"] = "very-secret";
        }

        return environment;
    }

    /// <summary>Reads the log up to the line that contains <paramref name="text"/>.</summary>
    public async Task<IReadOnlyList<string>> LogUntilAsync(string text, CancellationToken token)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(token);
        limit.CancelAfter(Patience);
        var lines = new List<string>();
        while (await _process.StandardError.ReadLineAsync(limit.Token) is { } line)
        {
            lines.Add(line);
            if (line.Contains(text))
            {
                return lines;
            }
        }

        throw new InvalidOperationException($"ended without \"{text}\":\n{string.Join('\n', lines)}");
    }

    /// <summary>Returns whether this host has a database of the shard.</summary>
    public bool Holds(string cluster, string shard) =>
        File.Exists(Path.Combine(_folder.FullName, cluster, $"{shard}.db"));

    public async Task SignalAsync(string signal, CancellationToken token)
    {
        using var kill = Process.Start("kill", [$"-{signal}", $"{_process.Id}"]);
        await kill.WaitForExitAsync(token);
    }

    public async Task<Cli> EndAsync(CancellationToken token)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(token);
        limit.CancelAfter(Patience);
        var output = _process.StandardOutput.ReadToEndAsync(limit.Token);
        var error = await _process.StandardError.ReadToEndAsync(limit.Token);
        await _process.WaitForExitAsync(limit.Token);
        return new(_process.ExitCode, await output, error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
        _folder.Delete(recursive: true);
    }
}
