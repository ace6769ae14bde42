using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;
using Nstance.Temporal.Worker.Checks;
using Nstance.Temporal.Worker.Errors;

namespace Nstance.Temporal.Tests.Worker;

/// <summary>The start finds a receiver that cannot get notifications, before one is lost.</summary>
public sealed class WebhookCheckTests : LoopbackShard
{
    private readonly List<string> _methods = [];
    private int _status = 200;
    private WebApplication _receiver = null!;

    private string Url => $"{_receiver.Urls.First()}/hook?token=hidden";

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        _receiver = builder.Build();
        _receiver.Run(context =>
        {
            _methods.Add(context.Request.Method);
            context.Response.StatusCode = _status;
            if (_status is >= 300 and < 400) context.Response.Headers.Location = "/elsewhere?token=hidden";
            return Task.CompletedTask;
        });
        await _receiver.StartAsync(Token);
    }

    public override async ValueTask DisposeAsync()
    {
        await _receiver.DisposeAsync();
        await base.DisposeAsync();
    }

    [Theory]
    [InlineData(200)]
    [InlineData(404)]
    [InlineData(405)]
    public async Task Run_ReceiverThatAnswers_IsFineAndGetsNoNotification(int status)
    {
        _status = status;

        var check = await WebhookCheck.RunAsync(Url, Token);

        Assert.Equal(CheckState.Ok, check.State);
        Assert.Equal(["HEAD"], _methods);
    }

    [Fact]
    public async Task Run_ReceiverThatFails_IsAWarningForItMayRecover()
    {
        _status = 503;
        Assert.Equal(CheckState.Warning, (await WebhookCheck.RunAsync(Url, Token)).State);

        var url = Url;
        await _receiver.StopAsync(Token);
        var check = await WebhookCheck.RunAsync(url, Token);
        Assert.Equal(CheckState.Warning, check.State);
        Assert.Contains("does not answer: notifications wait until it does", check.Detail);
    }

    [Theory]
    [InlineData("run")]
    [InlineData("doctor")]
    public async Task Command_ReceiverThatRedirects_IsAFaultThatNamesTheTargetsHost(string command)
    {
        _status = 308;
        await using var process = Process([command, "--webhook-url", Url]);

        var end = await process.EndAsync(Token);

        Assert.Equal(ExitCode.BadInput, end.Code);
        var said = string.Join('\n', [end.Output, .. end.Errors]);
        Assert.Contains(
            $"redirects (308) to {_receiver.Urls.First()}/…, and redirects are not followed: give the final "
                + "address as --webhook-url",
            said);
        Assert.DoesNotContain("hidden", said);
    }

    [Theory]
    [InlineData("http://169.254.169.254/x")]
    [InlineData("http://[fe80::1]/x")]
    [InlineData("http://[::ffff:169.254.170.2]/x")]
    [InlineData("http://2852039166/x")]
    public async Task Command_LinkLocalReceiver_IsRefusedAtTheStart(string url)
    {
        var cli = await SteerAsync($"run --webhook-url {url}");

        Assert.Equal(ExitCode.BadInput, cli.Code);
        Assert.StartsWith(
            "nstance-gc: --webhook-url: a link-local address (169.254.0.0/16, fe80::/10",
            Assert.Single(cli.Errors),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("AWS_ENDPOINT_URL")]
    [InlineData("AWS_ENDPOINT_URL_STS")]
    public async Task Command_EndpointWithoutAValue_CountsAsUnset(string name)
    {
        var environment = WorkerProcess.Environment(Server, Cloud);
        environment[name] = "";
        await using var process = WorkerProcess.Start(
            environment, "doctor", "--cluster", "c", "--shard", "s", "--bucket", "bbb");

        Assert.Equal(ExitCode.Done, (await process.EndAsync(Token)).Code);
    }

    [Theory]
    [InlineData("AWS_ENDPOINT_URL_EC2")]
    [InlineData("AWS_ENDPOINT_URL_S3")]
    public async Task Command_ServiceEndpointWithoutAValue_FallsBackToTheCommonOne(string name)
    {
        var environment = WorkerProcess.Environment(Server, Cloud);
        environment["AWS_ENDPOINT_URL"] = environment[name];
        environment[name] = "";
        await using var process = WorkerProcess.Start(
            environment, "doctor", "--cluster", "c", "--shard", "s", "--bucket", "bbb");

        // The token service's calls fail: they go to the common endpoint, which is S3's or EC2's here.
        var output = (await process.EndAsync(Token)).Output;
        Assert.Contains("ok      bucket", output);
        Assert.Contains("ok      cloud", output);
    }

    /// <summary>The error is ours, not that of the SDK's check of a URL.</summary>
    [Fact]
    public async Task Command_NoEndpointHasAValue_AsksAwsItself()
    {
        var environment = WorkerProcess.Environment(Server, Cloud);
        foreach (var name in new[] { "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_EC2", "AWS_ENDPOINT_URL_S3" })
            environment[name] = "";
        environment["AWS_REGION"] = "";
        await using var process = WorkerProcess.Start(
            environment, "doctor", "--cluster", "c", "--shard", "s", "--bucket", "bbb");

        var end = await process.EndAsync(Token);

        Assert.Equal((ExitCode.BadInput, 0), (end.Code, end.Errors.Count));
        Assert.Contains("FAILED  bucket", end.Output);
        Assert.Contains("no AWS region: set AWS_REGION", end.Output);
    }

    [Fact]
    public async Task Command_TemporalAddressWithoutAValue_IsTheDefault()
    {
        var environment = WorkerProcess.Environment(Server, key: null);
        environment["TEMPORAL_ADDRESS"] = "";
        await using var process = WorkerProcess.Start(environment, "status", "--connect-timeout", "200ms");

        var end = await process.EndAsync(Token);

        Assert.DoesNotContain("TargetHost", string.Join('\n', end.Errors));
    }
}
