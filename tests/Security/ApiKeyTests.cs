using System.Net;
using Nstance.Temporal.Worker.Errors;

namespace Nstance.Temporal.Tests.Security;

/// <summary>An API key goes to Temporal, as the bearer of every call, and nowhere else.</summary>
public sealed class ApiKeyTests : GatewayShard
{
    private const string Key = "k3y-s3cret.of-this_shard";

    [Theory]
    [InlineData(Key)]
    [InlineData(Key + "\n")]
    [InlineData(" " + Key + "\r\n")]
    public async Task Status_ApiKey_ComesAsBearerOfEveryCall(string given)
    {
        await using var gateway = await TlsGateway.StartAsync(Server.TargetHost, Certificates, apiKey: Key);

        AssertAnswers(await RunAsync(gateway.TargetHost, [Authority, ("API_KEY", given)]));

        Assert.NotEmpty(gateway.Calls);
        Assert.All(gateway.Calls, call => Assert.Equal($"Bearer {Key}", call.Authorization));
    }

    [Fact]
    public async Task Status_ApiKeyOfTheTomlFile_ComesToo()
    {
        await using var gateway = await TlsGateway.StartAsync(Server.TargetHost, Certificates, apiKey: Key);
        var file = Certificates.Write("temporal.toml", $"""
            [profile.default]
            api_key = "{Key}"
            [profile.default.tls]
            server_ca_cert_path = "{Certificates.AuthorityFile}"
            """);

        AssertAnswers(await RunAsync(gateway.TargetHost, [("CONFIG_FILE", file)]));
    }

    [Theory]
    [InlineData(Key, false, "Request unauthorized")]
    [InlineData(Key, true, "no such key: Bearer …")]
    [InlineData(null, false, "Request unauthorized")]
    public async Task Commands_KeyThatIsRefused_SayWhatToCheckAndNotTheKey(string? given, bool saysKeyBack, string said)
    {
        await using var gateway = await TlsGateway.StartAsync(
            Server.TargetHost, Certificates, apiKey: "another", saysKeyBack: saysKeyBack);
        var line = $"Temporal at {gateway.TargetHost} refused our identity: {said}: "
            + "check TEMPORAL_API_KEY, TEMPORAL_TLS_* and --namespace";

        AssertFails(await RunAsync(gateway.TargetHost, [Authority, ("API_KEY", given)]), ExitCode.BadInput, line);
        string[][] commands = [["status", "--verbose"], ["run"], ["doctor", "--verbose"]];
        foreach (var args in saysKeyBack ? commands : [])
        {
            var end = await RunAsync(gateway.TargetHost, [Authority, ("API_KEY", given)], args);
            Assert.Equal(ExitCode.BadInput, end.Code);
            Assert.Contains(line, end.Output + string.Join('\n', end.Errors), StringComparison.Ordinal);
            AssertSecret(end.Output, end.Errors);
        }
    }

    [Theory]
    [InlineData("k3y-s3cret.of\nthis_shard")]
    [InlineData("k3y-s3cret.of this_shard")]
    [InlineData("k3y-s3cret.of-this_shärd")]
    public async Task Status_KeyThatNoHeaderMayHold_IsBadInputAndNotQuoted(string given)
    {
        var end = await RunAsync("127.0.0.1:1", [("API_KEY", given)]);

        AssertFails(
            end,
            ExitCode.BadInput,
            "TEMPORAL_API_KEY (or api_key of Temporal's TOML file) holds a character that no key has: give the key "
                + "alone");
    }

    [Theory]
    [InlineData("api_key = \"" + Key)]
    [InlineData("api_key = [\"" + Key + "\"]")]
    [InlineData("api_key = \"" + Key + "\"; address = 7")]
    public async Task Status_TomlFileBrokenAtTheKey_DoesNotQuoteIt(string line)
    {
        var file = Certificates.Write("broken.toml", $"[profile.default]\n{line}\n");

        var end = await RunAsync("127.0.0.1:1", [("CONFIG_FILE", file)], "status", "--verbose");

        Assert.Equal(ExitCode.BadInput, end.Code);
        Assert.StartsWith(
            "nstance-gc: Temporal's configuration (TEMPORAL_*, its TOML file): ",
            end.Errors[0],
            StringComparison.Ordinal);
        AssertSecret(end.Output, end.Errors);
    }

    [Fact]
    public async Task Status_KeyAlone_IsNeverSentInTheClear() => AssertFails(
        await RunAsync(Server.TargetHost, [("API_KEY", Key)]), ExitCode.Unreachable,
        $"Temporal at {Server.TargetHost} cannot be reached: it does not speak TLS there: correct the port, or "
            + "switch TLS off with TEMPORAL_TLS=false (an API key alone switches it on)");

    [Fact]
    public async Task Run_ClientCertificateAndKey_PollsWithBothAndLogsNeither()
    {
        await using var gateway = await TlsGateway.StartAsync(
            Server.TargetHost, Certificates, askForClient: true, apiKey: Key);
        await using var process = Start(
            gateway.TargetHost,
            [
                Authority,
                ("API_KEY", Key),
                ("TLS_CLIENT_CERT_PATH", Certificates.ClientFile),
                ("TLS_CLIENT_KEY_PATH", Certificates.ClientKeyFile),
            ],
            "run", "--verbose");
        var log = await process.LogUntilAsync("polls nstance-gc and nstance-gc@test-host", Token);
        await gateway.Polled.WaitAsync(TimeSpan.FromMinutes(1), Token);

        // Taken back while it runs: the end of the workers is refused, and the core logs that.
        gateway.ApiKey = "renewed";
        await process.SignalAsync("TERM", Token);
        var end = await process.EndAsync(Token);

        Assert.All(
            gateway.Calls,
            call => Assert.Equal(($"Bearer {Key}", TestCertificates.ClientSubject), (call.Authorization, call.Client)));
        Assert.Equal(ExitCode.Done, end.Code);
        Assert.Contains(end.Errors, line => line.Contains("Unauthenticated", StringComparison.Ordinal));
        AssertSecret(end.Output, [.. log, .. end.Errors]);
    }

    [Fact]
    public async Task Run_KeyRevokedDuringStart_ExitsWithAnError()
    {
        await using var gateway = await TlsGateway.StartAsync(Server.TargetHost, Certificates, apiKey: Key);
        // After our own checks: the SDK's worker looks at the namespace again.
        gateway.Refuses = call => call.Method == "DescribeNamespace" && gateway.Calls.Any(
            c => c.Method == "ListSearchAttributes");

        var end = await RunAsync(gateway.TargetHost, [Authority, ("API_KEY", Key)], "run");

        Assert.Equal((ExitCode.BadInput, ""), (end.Code, end.Output));
        Assert.Equal(
            "nstance-gc: the worker ended: Temporal refused our identity: Request unauthorized: check "
                + "TEMPORAL_API_KEY, TEMPORAL_TLS_* and --namespace",
            end.Errors[^1]);
        AssertSecret(end.Output, end.Errors);
    }

    [Fact]
    public async Task Run_KeyRevokedAndRestored_IsNotReadyMeanwhile()
    {
        const string Listening = "Health and metrics at ";
        await using var gateway = await TlsGateway.StartAsync(Server.TargetHost, Certificates, apiKey: Key);
        await using var process = Start(
            gateway.TargetHost, [Authority, ("API_KEY", Key)], "run", "--health-address", "127.0.0.1:0");
        var line = (await process.LogUntilAsync(Listening, Token))[^1];
        var url = line[(line.IndexOf(Listening, StringComparison.Ordinal) + Listening.Length)..].Split("/healthz")[0];
        var ready = new Uri(url + "/healthz/ready");
        await gateway.Polled.WaitAsync(TimeSpan.FromMinutes(1), Token);
        using var http = new HttpClient();
        (string, HttpStatusCode)[] keys =
            [(Key, HttpStatusCode.OK), ("renewed", HttpStatusCode.ServiceUnavailable), (Key, HttpStatusCode.OK)];
        foreach (var (key, expected) in keys)
        {
            gateway.ApiKey = key;
            using var answer = await http.GetAsync(ready, Token);
            Assert.Equal(expected, answer.StatusCode);
        }

        await process.SignalAsync("TERM", Token);
        Assert.Equal(ExitCode.Done, (await process.EndAsync(Token)).Code);
    }

    private (string Name, string? Value) Authority => ("TLS_SERVER_CA_CERT_PATH", Certificates.AuthorityFile);

    private static void AssertSecret(string output, IReadOnlyList<string> errors) =>
        Assert.DoesNotContain("s3cret", output + string.Join('\n', errors), StringComparison.Ordinal);
}
