using Nstance.Temporal.Worker.Commands;
using Nstance.Temporal.Worker.Security;
using Temporalio.Client;
using Temporalio.Exceptions;

namespace Nstance.Temporal.Worker.Hosting;

/// <summary>The way to Temporal: configuration, connection, and its failures in plain words.</summary>
internal static class TemporalConnector
{
    public const string DefaultAddress = "localhost:7233";

    /// <summary>Connects within <paramref name="timeout"/>.</summary>
    /// <exception cref="CommandException">Broken Temporal configuration, or nobody answers.</exception>
    public static async Task<TemporalClient> ConnectAsync(
        string? address, string? temporalNamespace, PayloadKeys? keys, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var options = TemporalConfiguration.Load();
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
            throw ConnectFault.Timeout(options, timeout, e);
        }
        catch (Exception e) when (e is InvalidOperationException or RpcException or ArgumentException or UriFormatException)
        {
            throw ConnectFault.Of(e, options);
        }
    }

    public static string FirstLine(string message) => message.Split('\n')[0].Trim().TrimEnd('.');
}
