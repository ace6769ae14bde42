using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Nstance.Temporal.Worker.Commands;
using Temporalio.Client;
using Temporalio.Common.EnvConfig;

namespace Nstance.Temporal.Worker.Hosting;

/// <summary>Temporal's own configuration (<c>TEMPORAL_*</c> and its TOML file), looked at before anybody is called.</summary>
internal static class TemporalConfiguration
{
    private const string FileVariable = "TEMPORAL_CONFIG_FILE";

    /// <summary>Reads it.</summary>
    /// <exception cref="CommandException">It is broken, or names what is not there.</exception>
    public static TemporalClientConnectOptions Load()
    {
        // The SDK goes on without it: then an address is dialled that nobody meant, without TLS.
        if (Environment.GetEnvironmentVariable(FileVariable) is { Length: > 0 } file && !File.Exists(file))
            throw new CommandException(ExitCode.BadInput, $"{FileVariable}: \"{file}\" is not there: Temporal's own TOML file");

        var options = Read();
        options.ApiKey = ApiKey(options.ApiKey);
        if (options.Tls is { Disabled: false, ServerRootCACert: { } authority } && !HoldsCertificate(authority))
        {
            throw new CommandException(
                ExitCode.BadInput, "TEMPORAL_TLS_SERVER_CA_CERT_PATH (or _DATA) holds no certificate: it must be in PEM form");
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
            // The SDK throws several types for a broken TOML file, a missing profile, a missing certificate. Without the cause:
            // it quotes the line of the file that is broken, and that may be the one with the API key.
            throw new CommandException(
                ExitCode.BadInput, $"Temporal's configuration (TEMPORAL_*, its TOML file): {TemporalConnector.FirstLine(e.Message)}");
        }
    }

    /// <summary>Without the line end that every editor and many secret stores put there.</summary>
    private static string? ApiKey(string? given)
    {
        var key = given?.Trim();
        if (string.IsNullOrEmpty(key)) return null;

        // The SDK sends no key at all then, and the server's refusal would send people looking in the wrong place.
        return key.All(c => c is > ' ' and <= '~')
            ? key
            : throw new CommandException(
                ExitCode.BadInput, "TEMPORAL_API_KEY (or api_key of Temporal's TOML file) holds a character that no key has: give the key alone");
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
