using Nstance.Temporal.Worker.Errors;

namespace Nstance.Temporal.Tests.Security;

/// <summary>TLS to Temporal: trusted authorities, client certificates, and the errors.</summary>
public sealed class TlsTests : GatewayShard
{
    private const string ClientCertificate =
        "it may want a certificate of ours, or another one: TEMPORAL_TLS_CLIENT_CERT_PATH and "
            + "TEMPORAL_TLS_CLIENT_KEY_PATH";

    private const string NotTrusted =
        "its certificate is signed by no authority that is trusted here: name the right one with "
            + "TEMPORAL_TLS_SERVER_CA_CERT_PATH";

    private const string NoPair =
        "cannot be shown our certificate: TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH must be a "
            + "pair, both in PEM form";

    [Theory]
    [InlineData("path")]
    [InlineData("data")]
    [InlineData("toml")]
    public async Task Status_ServerOfATrustedAuthority_Answers(string given)
    {
        await using var gateway = await TlsGateway.StartAsync(Server.TargetHost, Certificates);

        var end = await RunAsync(gateway.TargetHost, given switch
        {
            "path" => [Authority(Certificates)],
            "data" => [("TLS_SERVER_CA_CERT_DATA", await File.ReadAllTextAsync(Certificates.AuthorityFile, Token))],
            _ => [("ADDRESS", null), ("PROFILE", "here"), ("CONFIG_FILE", Certificates.Write("temporal.toml", $"""
                [profile.here]
                address = "{gateway.TargetHost}"
                [profile.here.tls]
                server_ca_cert_path = "{Certificates.AuthorityFile}"
                """))],
        });

        AssertAnswers(end);
        Assert.NotEmpty(gateway.Calls);
    }

    [Fact]
    public async Task Status_AuthorityThatDidNotSign_DiffersFromNoServer()
    {
        await using var gateway = await TlsGateway.StartAsync(Server.TargetHost, Certificates);
        foreach (var trust in new[] { Authority(Others), ("TLS", "true") })
        {
            var end = await RunAsync(gateway.TargetHost, [trust]);
            AssertFails(end, ExitCode.Unreachable, $"Temporal at {gateway.TargetHost} cannot be reached: {NotTrusted}");
        }

        Assert.Empty(gateway.Calls);
    }

    [Fact]
    public async Task Status_WithoutTlsWhereTlsIsSpoken_SaysThatItMayBeWanted()
    {
        await using var gateway = await TlsGateway.StartAsync(Server.TargetHost, Certificates);

        var end = await RunAsync(gateway.TargetHost, []);

        AssertFails(
            end, ExitCode.Unreachable,
            $"Temporal at {gateway.TargetHost} cannot be reached: it closed the connection: it may want TLS, which "
                + "TEMPORAL_TLS=true switches on");
    }

    [Fact]
    public async Task Status_TlsWhereNoneIsSpoken_SaysSo() => AssertFails(
        await RunAsync(Server.TargetHost, [Authority(Certificates)]), ExitCode.Unreachable,
        $"Temporal at {Server.TargetHost} cannot be reached: it does not speak TLS there: correct the port, or "
            + "switch TLS off with TEMPORAL_TLS=false (an API key alone switches it on)");

    [Fact]
    public async Task Status_CertificateForAnotherName_NeedsThatName()
    {
        using var named = new TestCertificates("temporal.example");
        await using var gateway = await TlsGateway.StartAsync(Server.TargetHost, named);

        // .NET's SDK knows no way to trust any name: asked for one, it still looks.
        (string, string?)[] settings = [("TLS_SERVER_NAME", null), ("TLS_DISABLE_HOST_VERIFICATION", "true")];
        foreach (var more in settings)
        {
            AssertFails(
                await RunAsync(gateway.TargetHost, [Authority(named), more]), ExitCode.Unreachable,
                $"Temporal at {gateway.TargetHost} cannot be reached: its certificate is for another name: correct "
                    + "--address, or give the certificate's name as TEMPORAL_TLS_SERVER_NAME");
        }

        Assert.Empty(gateway.Calls);
        AssertAnswers(await RunAsync(gateway.TargetHost, [Authority(named), ("TLS_SERVER_NAME", "temporal.example")]));
    }

    [Fact]
    public async Task Status_CertificateThatHasExpired_SaysSo()
    {
        using var old = new TestCertificates(age: TimeSpan.FromDays(30));
        await using var gateway = await TlsGateway.StartAsync(Server.TargetHost, old);

        AssertFails(
            await RunAsync(gateway.TargetHost, [Authority(old)]), ExitCode.Unreachable,
            $"Temporal at {gateway.TargetHost} cannot be reached: its certificate has expired, or is not valid yet: "
                + "renew it, or set this machine's clock right");
    }

    [Fact]
    public async Task Status_ClientCertificateWanted_IsShownOrTheRefusalExplained()
    {
        await using var gateway = await TlsGateway.StartAsync(Server.TargetHost, Certificates, askForClient: true);
        foreach (var client in new[] { [], Client(Others) })
        {
            AssertFails(
                await RunAsync(gateway.TargetHost, [Authority(Certificates), .. client]), ExitCode.Unreachable,
                $"Temporal at {gateway.TargetHost} cannot be reached: it closed the connection after the TLS "
                    + $"handshake: {ClientCertificate}");
        }

        Assert.Empty(gateway.Calls);
        AssertAnswers(await RunAsync(gateway.TargetHost, [Authority(Certificates), .. Client(Certificates)]));
        Assert.NotEmpty(gateway.Calls);
        Assert.All(gateway.Calls, call => Assert.Equal(TestCertificates.ClientSubject, call.Client));
    }

    [Fact]
    public async Task Status_ClientCertificateAndKeyThatAreNoPair_AreBadInput()
    {
        await using var gateway = await TlsGateway.StartAsync(Server.TargetHost, Certificates, askForClient: true);
        var junk = Certificates.Write("junk", "no PEM");
        foreach (var (certificate, key) in new (string, string?)[]
        {
            (Certificates.ClientFile, null),
            (Certificates.ClientFile, junk),
            (junk, Certificates.ClientKeyFile),
            (Certificates.ClientFile, Others.ClientKeyFile),
        })
        {
            var end = await RunAsync(
                gateway.TargetHost,
                [Authority(Certificates), ("TLS_CLIENT_CERT_PATH", certificate), ("TLS_CLIENT_KEY_PATH", key)]);
            AssertFails(end, ExitCode.BadInput, $"Temporal at {gateway.TargetHost} {NoPair}");
        }
    }

    [Theory]
    [InlineData(
        "TLS_SERVER_CA_CERT_PATH",
        "/none/ca.pem",
        "Temporal's configuration (TEMPORAL_*, its TOML file): Could not find a part of the path '/none/ca.pem'")]
    [InlineData(
        "TLS_SERVER_CA_CERT_PATH",
        "/dev/null",
        "TEMPORAL_TLS_SERVER_CA_CERT_PATH (or _DATA) holds no certificate: it must be in PEM form")]
    [InlineData(
        "TLS_SERVER_CA_CERT_DATA",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
        "TEMPORAL_TLS_SERVER_CA_CERT_PATH (or _DATA) holds no certificate: it must be in PEM form")]
    [InlineData(
        "CONFIG_FILE",
        "/none/temporal.toml",
        "TEMPORAL_CONFIG_FILE: \"/none/temporal.toml\" is not there: Temporal's own TOML file")]
    [InlineData(
        "PROFILE",
        "nope",
        "Temporal's configuration (TEMPORAL_*, its TOML file): Configuration loading error: Profile 'nope' not found")]
    public async Task Status_SettingThatNamesNothing_IsBadInputBeforeAnyCall(
        string name, string value, string expected) =>
        AssertFails(await RunAsync("127.0.0.1:1", [(name, value)]), ExitCode.BadInput, expected);

    private static (string Name, string? Value) Authority(TestCertificates certificates) =>
        ("TLS_SERVER_CA_CERT_PATH", certificates.AuthorityFile);

    private static (string Name, string? Value)[] Client(TestCertificates certificates) =>
        [("TLS_CLIENT_CERT_PATH", certificates.ClientFile), ("TLS_CLIENT_KEY_PATH", certificates.ClientKeyFile)];
}
