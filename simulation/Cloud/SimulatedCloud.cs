using Nstance.Temporal.Simulation.Ec2;
using Nstance.Temporal.Simulation.Faults;
using Nstance.Temporal.Simulation.S3;

namespace Nstance.Temporal.Simulation.Cloud;

/// <summary>EC2 and S3 over HTTP on loopback, with their truth open to fleet, verdict and tests.</summary>
internal sealed class SimulatedCloud : IAsyncDisposable
{
    private LoopbackServer? _ec2Server;
    private LoopbackServer? _s3Server;

    private SimulatedCloud(SimulatedCloudOptions options)
    {
        Ec2 = new(options);
        S3 = new(options);
    }

    public Uri Ec2Url => _ec2Server!.Url;

    public Uri S3Url => _s3Server!.Url;

    public Ec2Truth Ec2 { get; }

    public BucketTruth S3 { get; }

    public FaultRoom Faults { get; } = new();

    public CallCounts Calls { get; } = new();

    public static async Task<SimulatedCloud> StartAsync(
        SimulatedCloudOptions? options = null, CancellationToken ct = default)
    {
        options ??= new SimulatedCloudOptions();
        var cloud = new SimulatedCloud(options);
        var ec2 = new Ec2Endpoint(
            new Ec2Actions(cloud.Ec2), options.AccessKeys, cloud.Faults, cloud.Calls,
            (options.AnswerClock ?? options.Clock).GetUtcNow);
        var s3 = new S3Endpoint(
            new S3Actions(cloud.S3, cloud.Faults), options.AccessKeys, cloud.Faults, cloud.Calls, options.OlderStore);
        try
        {
            cloud._ec2Server = await LoopbackServer.StartAsync(ec2.HandleAsync, options.Ec2Port, ct);
            cloud._s3Server = await LoopbackServer.StartAsync(s3.HandleAsync, options.S3Port, ct);
            return cloud;
        }
        catch
        {
            await cloud.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_ec2Server is not null) await _ec2Server.DisposeAsync();
        if (_s3Server is not null) await _s3Server.DisposeAsync();
    }
}
