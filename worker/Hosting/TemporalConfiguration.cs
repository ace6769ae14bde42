using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Temporalio.Common.EnvConfig;

namespace Nstance.Temporal.Worker.Hosting;

/// <summary>Temporal's own configuration (<c>TEMPORAL_*</c> and its TOML file), checked before use.</summary>
internal static class TemporalConfiguration
{
    private const string FileVariable = "TEMPORAL_CONFIG_FILE";

    /// <summary>Reads it.</summary>
    /// <exception cref="CommandException">It is broken, or names a file that does not exist.</exception>
    public static TemporalClientConnectOptions Load()
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
