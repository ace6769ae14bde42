using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Amazon.Runtime;
using Nstance.Temporal.Activities.Aws;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Simulation;
using Nstance.Temporal.Tests.Support;

namespace Nstance.Temporal.Tests.Simulation;

/// <summary>The command that serves the simulated cloud alone.</summary>
public sealed class CloudCommandTests
{
    private const string FreePorts = "--ec2-port 0 --s3-port 0";

    [Fact]
    public async Task InvokeAsync_WithoutOptions_ServesAFleetUntilInterrupted()
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        using var output = new Said("Ctrl-C ends it.");
        using var errors = new StringWriter();
        var line = $"{FreePorts} --instances 40 --cluster prod --bucket prod-nstance";
        var running = SimulationCommand.InvokeAsync(["cloud", .. line.Split(' ')], output, errors, stop.Token);
        await output.Seen.WaitAsync(stop.Token);
        var text = output.ToString();
        var database = Regex.Match(text, @"database in (\S+)").Groups[1].Value;
        Uri Endpoint(string service) => new(Regex.Match(text, $@"AWS_ENDPOINT_URL_{service}=(\S+)").Groups[1].Value);
        using var connections = new AwsConnections(new()
        {
            Region = "us-west-2",
            Ec2Endpoint = Endpoint("EC2"),
            S3Endpoint = Endpoint("S3"),
            Credentials = new BasicAWSCredentials("demo", "demo"),
        });
        IConnections clients = connections;

        var shard = new ShardRef("prod", "us-west-2a", "prod-nstance");
        var listed = await clients.Cloud(null, RealClients.Timeout).ListAsync(shard, 0, stop.Token).AllAsync();
        var config = await clients.Records(RealClients.Timeout).GetConfigAsync(shard, stop.Token);

        Assert.InRange(listed.Count, 30, 60);
        Assert.NotNull(config);
        Assert.True(File.Exists(database));
        await stop.CancelAsync();
        Assert.Equal((0, ""), (await running, errors.ToString()));
        Assert.False(File.Exists(database));
        Assert.Matches(@"\d+ machines run, \d+ are terminated", output.ToString());
    }

    [Fact]
    public async Task InvokeAsync_PortInUse_IsOneLineAndFails()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;

        var (code, errors) = await FailAsync($"--ec2-port 0 --s3-port {port}");

        Assert.Equal(1, code);
        Assert.Contains($"{port}", Assert.Single(errors), StringComparison.Ordinal);
    }

    [Fact]
    public async Task InvokeAsync_DatabaseThatIsThere_IsNotTouched()
    {
        var path = Path.GetTempFileName();

        var (code, errors) = await FailAsync($"{FreePorts} --database {path}");

        Assert.Equal(2, code);
        Assert.Equal($"cloud: --database: '{path}' is there already: name another, or remove it", errors[0]);
        Assert.Equal(0, new FileInfo(path).Length);
        File.Delete(path);
    }

    [Fact]
    public async Task InvokeAsync_SeveralFaults_AreReportedTogether()
    {
        var (code, errors) = await FailAsync("--instances none --ec2-port 70000");

        Assert.Equal(2, code);
        Assert.Equal(
            [
                "cloud: --instances: \"none\" is not a whole number from 1 to 100000",
                "cloud: --ec2-port: \"70000\" is not a whole number from 0 to 65535",
                "cloud: --help lists the options",
            ], errors);
    }

    private static async Task<(int Code, string[] Errors)> FailAsync(string line)
    {
        using var output = new StringWriter();
        using var errors = new StringWriter();
        var code = await SimulationCommand.InvokeAsync(
            ["cloud", .. line.Split(' ')], output, errors, TestContext.Current.CancellationToken);
        Assert.Empty(output.ToString());
        return (code, errors.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    /// <summary>Completes when a text was written.</summary>
    private sealed class Said(string text) : StringWriter
    {
        private readonly TaskCompletionSource _seen = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Seen => _seen.Task;

        public override async Task WriteLineAsync(string? value)
        {
            await base.WriteLineAsync(value);
            if (value?.Contains(text, StringComparison.Ordinal) == true) _seen.TrySetResult();
        }
    }
}
