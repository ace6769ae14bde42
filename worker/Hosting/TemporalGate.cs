using Temporalio.Client;
using Temporalio.Common.EnvConfig;
using Temporalio.Exceptions;

namespace Nstance.Temporal.Worker;

/// <summary>The way to Temporal: configuration, connection, and its failures in plain words.</summary>
internal static class TemporalGate
{
    public const string DefaultAddress = "localhost:7233";

    /// <summary>Connects within <paramref name="timeout"/>.</summary>
    /// <exception cref="CommandException">Broken Temporal configuration, or nobody answers.</exception>
    public static async Task<TemporalClient> ConnectAsync(
        string? address, string? temporalNamespace, PayloadKeys? keys, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var options = Load();
        options.TargetHost = address ?? options.TargetHost ?? DefaultAddress;
        options.Namespace = temporalNamespace ?? options.Namespace;
        options.Runtime = ProcessRuntime.Instance;
        if (keys is not null) options.DataConverter = EncryptionCodec.Converter(keys);
        try
        {
            // The SDK has no limit of its own for a host that swallows packets.
            return await TemporalClient.ConnectAsync(options).WaitAsync(timeout, cancellationToken);
        }
        catch (TimeoutException e)
        {
            throw new CommandException(
                ExitCode.Unreachable,
                $"Temporal at {options.TargetHost} did not answer within {DurationText.Format(timeout)}: {HowToMend}",
                e);
        }
        catch (Exception e) when (e is InvalidOperationException or RpcException or ArgumentException or UriFormatException)
        {
            throw new CommandException(
                ExitCode.Unreachable, $"Temporal at {options.TargetHost} cannot be reached: {Reason(e)}: {HowToMend}", e);
        }
    }

    private const string HowToMend = "check --address or TEMPORAL_ADDRESS, and that the server runs";

    private static TemporalClientConnectOptions Load()
    {
        try
        {
            return ClientEnvConfig.LoadClientConnectOptions();
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // The SDK throws several types for a broken TOML file, a missing profile, a missing certificate.
            throw new CommandException(ExitCode.BadInput, $"Temporal's configuration (TEMPORAL_*, its TOML file): {FirstLine(e.Message)}", e);
        }
    }

    private static string Reason(Exception e) => e.Message switch
    {
        var m when m.Contains("Connection refused", StringComparison.OrdinalIgnoreCase) => "nobody listens there",
        var m when m.Contains("dns error", StringComparison.OrdinalIgnoreCase)
            || m.Contains("failed to lookup", StringComparison.OrdinalIgnoreCase) => "no such host",
        var m when m.Contains("InvalidUri", StringComparison.OrdinalIgnoreCase)
            || m.Contains("invalid uri", StringComparison.OrdinalIgnoreCase) => "not an address of the form host:port",
        var m => FirstLine(m),
    };

    public static string FirstLine(string message) => message.Split('\n')[0].Trim().TrimEnd('.');
}
