using Nstance.Temporal.Worker.Options;
using Nstance.Temporal.Worker.Security;
using Nstance.Temporal.Workflows.Payloads;

namespace Nstance.Temporal.Worker.Hosting;

/// <summary>The connection to Temporal: its configuration, and its failures in plain words.</summary>
internal static class TemporalConnector
{
    public const string DefaultAddress = "localhost:7233";

    private const string DefaultNamespace = "default";

    /// <summary>Connects within <paramref name="timeout"/>.</summary>
    /// <exception cref="CommandException">Temporal's configuration is broken, or no server answers.</exception>
    public static async Task<TemporalClient> ConnectAsync(
        string? address,
        string? temporalNamespace,
        PayloadKeys? keys,
        TimeSpan timeout,
        CancellationToken cancellationToken)
    {
        var options = TemporalConfiguration.Load();
        options.TargetHost = address ?? NotEmpty(options.TargetHost) ?? DefaultAddress;
        options.Namespace = temporalNamespace ?? NotEmpty(options.Namespace) ?? DefaultNamespace;
        options.Runtime = ProcessRuntime.Instance;
        options.DataConverter = keys is null ? PayloadJson.Converter : EncryptionCodec.Converter(keys);
        try
        {
            // The SDK has no limit of its own for a host that swallows packets.
            return await TemporalClient.ConnectAsync(options).WaitAsync(timeout, cancellationToken);
        }
        catch (TimeoutException e)
        {
            throw new CommandException(
                ExitCode.Unreachable,
                $"Temporal at {options.TargetHost} did not answer within {DurationText.Format(timeout)}: "
                + ConnectFault.CheckAddress,
                e);
        }
        catch (Exception e)
            when (e is InvalidOperationException or RpcException or ArgumentException or UriFormatException)
        {
            throw ConnectFault.Of(e, options);
        }
    }

    /// <summary>Files of settings hold variables without a value; each counts as not set.</summary>
    private static string? NotEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;
}
