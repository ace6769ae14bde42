using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Nstance.Temporal.Worker.Options;
using Nstance.Temporal.Worker.Security;
using Nstance.Temporal.Workflows.Payloads;
using Temporalio.Common.EnvConfig;

namespace Nstance.Temporal.Worker.Hosting;

/// <summary>The connection to Temporal: its configuration, and its failures in plain words.</summary>
internal static class TemporalConnector
{
    public const string DefaultAddress = "localhost:7233";

    private const string DefaultNamespace = "default";

    private const string FileVariable = "TEMPORAL_CONFIG_FILE";

    /// <summary>Connects within <paramref name="timeout"/>.</summary>
    /// <exception cref="CommandException">Temporal's configuration is broken, or no server answers.</exception>
    public static async Task<TemporalClient> ConnectAsync(
        string? address,
        string? temporalNamespace,
        PayloadKeys? keys,
        TimeSpan timeout,
        CancellationToken cancellationToken)
    {
        var options = Load();
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

    /// <summary>Reads Temporal's own configuration (<c>TEMPORAL_*</c> and its TOML file), and checks it.</summary>
    private static TemporalClientConnectOptions Load()
    {
        // The SDK ignores a missing file: it would then dial the default address, without TLS.
        if (Environment.GetEnvironmentVariable(FileVariable) is { Length: > 0 } file && !File.Exists(file))
            throw CommandException.BadInput($"{FileVariable}: \"{file}\" is not there: Temporal's own TOML file");
        var options = Read();
        options.ApiKey = ApiKey(options.ApiKey);
        if (options.Tls is { Disabled: false, ServerRootCACert: { } authority } && !HoldsCertificate(authority))
        {
            throw CommandException.BadInput(
                "TEMPORAL_TLS_SERVER_CA_CERT_PATH (or _DATA) holds no certificate: it must be in PEM form");
        }

        return options;
    }

    private static TemporalClientConnectOptions Read()
    {
        try
        {
            return ClientEnvConfig.LoadClientConnectOptions();
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // The SDK throws several types for a broken file, a missing profile, a missing certificate. The cause is
            // left out: it quotes the broken line, which may hold the API key.
            throw CommandException.BadInput(
                $"Temporal's configuration (TEMPORAL_*, its TOML file): {Failure.FirstLine(e.Message)}");
        }
    }

    /// <summary>Returns the key without the line end that editors and many secret stores add.</summary>
    private static string? ApiKey(string? given)
    {
        var key = given?.Trim();
        if (string.IsNullOrEmpty(key)) return null;

        // The SDK sends no key at all with such a character, and the server's refusal would mislead the user.
        return key.All(c => c is > ' ' and <= '~')
            ? key
            : throw CommandException.BadInput(
                "TEMPORAL_API_KEY (or api_key of Temporal's TOML file) holds a character that no key has: "
                + "give the key alone");
    }

    private static bool HoldsCertificate(byte[] pem)
    {
        var certificates = new X509Certificate2Collection();
        try
        {
            certificates.ImportFromPem(Encoding.UTF8.GetString(pem));
            return certificates.Count > 0;
        }
        catch (CryptographicException)
        {
            return false;
        }
        finally
        {
            foreach (var certificate in certificates) certificate.Dispose();
        }
    }
}
