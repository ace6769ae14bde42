using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Nstance.Temporal.Tests.Security;

/// <summary>
/// An authority of its own, a server certificate for loopback, one for a client; PEM files in a folder of the test.
/// </summary>
internal sealed class TestCertificates : IDisposable
{
    public const string ClientSubject = "CN=nstance-gc";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("nstance-gc-tls-");
    private readonly X509Certificate2 _authority;

    /// <param name="serverName">For whom the server's certificate is.</param>
    /// <param name="age">How long ago they were made; they hold for two hours.</param>
    public TestCertificates(string serverName = "localhost", TimeSpan age = default)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=authority of a test", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        var made = TimeProvider.System.GetUtcNow() - age;
        _authority = request.CreateSelfSigned(made.AddHours(-1), made.AddHours(2));
        Server = Issue($"CN={serverName}", "1.3.6.1.5.5.7.3.1", serverName);
        using var client = Issue(ClientSubject, "1.3.6.1.5.5.7.3.2", "nstance-gc");
        AuthorityFile = Write("ca.pem", _authority.ExportCertificatePem());
        ClientFile = Write("client.pem", client.ExportCertificatePem());
        using var clientKey = client.GetECDsaPrivateKey()!;
        ClientKeyFile = Write("client.key", clientKey.ExportPkcs8PrivateKeyPem());
    }

    public X509Certificate2 Server { get; }

    public string AuthorityFile { get; }

    public string ClientFile { get; }

    public string ClientKeyFile { get; }

    public bool Issued(X509Certificate2 certificate)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(_authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return chain.Build(certificate);
    }

    public string Write(string name, string text)
    {
        var path = Path.Combine(_folder.FullName, name);
        File.WriteAllText(path, text);
        return path;
    }

    public void Dispose()
    {
        Server.Dispose();
        _authority.Dispose();
        _folder.Delete(recursive: true);
    }

    private X509Certificate2 Issue(string subject, string usage, string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new(usage)], false));
        var names = new SubjectAlternativeNameBuilder();
        if (IPAddress.TryParse(name, out var address)) names.AddIpAddress(address);
        else names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        using var bare = request.Create(
            _authority, new(_authority.NotBefore), new(_authority.NotAfter), RandomNumberGenerator.GetBytes(8));
        return bare.CopyWithPrivateKey(key);
    }
}
