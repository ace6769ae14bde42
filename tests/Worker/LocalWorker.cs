using Amazon.Runtime;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Nstance.Temporal.Activities.Aws;
using Nstance.Temporal.Simulation.Cloud;
using Nstance.Temporal.Tests.Support;
using Nstance.Temporal.Worker.Hosting;
using Nstance.Temporal.Worker.Options;

namespace Nstance.Temporal.Tests.Worker;

/// <summary>
/// The collector's workers in this process. A worker process costs far more processor time, so it is for tests of the
/// process itself: its log, its signals, its environment.
/// </summary>
internal sealed class LocalWorker : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("nstance-gc-");
    private readonly IHost _host;

    private LocalWorker(CommandServer server, SimulatedCloud cloud)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new());
        builder.Services.AddTemporalClient(server.TargetHost, server.Namespace);
        builder.Services.AddSingleton(new AwsSettings
        {
            Region = "us-west-2",
            Ec2Endpoint = cloud.Ec2Url,
            S3Endpoint = cloud.S3Url,
            Credentials = new BasicAWSCredentials("key", "very-secret"),
        });
        builder.Services.AddNstanceGc(new GcOptions { HostName = "test-host", DataDirectory = _folder.FullName });
        _host = builder.Build();
    }

    public static async Task<LocalWorker> StartAsync(
        CommandServer server, SimulatedCloud cloud, CancellationToken token)
    {
        var worker = new LocalWorker(server, cloud);
        await SearchAttributes.EnsureAsync(server.Client, new());
        await worker._host.StartAsync(token);
        return worker;
    }

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync(CancellationToken.None);
        _host.Dispose();
        _folder.Delete(recursive: true);
    }
}
