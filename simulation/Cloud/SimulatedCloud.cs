using Nstance.Temporal.Simulation.Ec2;
using Nstance.Temporal.Simulation.Faults;
using Nstance.Temporal.Simulation.S3;

namespace Nstance.Temporal.Simulation.Cloud;

/// <summary>EC2 and S3 over HTTP on loopback, with their truth open to fleet, verdict and tests.</summary>
internal sealed class SimulatedCloud : IAsyncDisposable
{
    private readonly LoopbackServer _ec2Server;
    private readonly LoopbackServer _s3Server;

    private SimulatedCloud(Ec2Truth ec2, BucketTruth s3, FaultRoom faults, CallCounts calls,
        LoopbackServer ec2Server, LoopbackServer s3Server)
    {
        (Ec2, S3, Faults, Calls) = (ec2, s3, faults, calls);
        (_ec2Server, _s3Server) = (ec2Server, s3Server);
    }

    public Uri Ec2Url => _ec2Server.Url;

    public Uri S3Url => _s3Server.Url;

    public Ec2Truth Ec2 { get; }

    public BucketTruth S3 { get; }

    public FaultRoom Faults { get; }

    public CallCounts Calls { get; }

    public static async Task<SimulatedCloud> StartAsync(
        SimulatedCloudOptions? options = null, CancellationToken ct = default)
    {
        options ??= new SimulatedCloudOptions();
        var ec2 = new Ec2Truth(options);
        var s3 = new BucketTruth(options);
        var faults = new FaultRoom(options.Seed);
        var calls = new CallCounts();
        var ec2Server = await LoopbackServer.StartAsync(
            new Ec2Endpoint(new Ec2Actions(ec2), options.AccessKeys, faults, calls).HandleAsync, options.Ec2Port, ct);
        try
        {
            var s3Server = await LoopbackServer.StartAsync(
                new S3Endpoint(new S3Actions(s3, faults), options.AccessKeys, faults, calls).HandleAsync, options.S3Port, ct);
            return new SimulatedCloud(ec2, s3, faults, calls, ec2Server, s3Server);
        }
        catch
        {
            await ec2Server.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _ec2Server.DisposeAsync();
        await _s3Server.DisposeAsync();
    }
}
