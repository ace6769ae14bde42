using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Simulation.Chaos;
using Nstance.Temporal.Tests.Support;

namespace Nstance.Temporal.Tests.Worker;

/// <summary>One bucket and one cloud, whatever is asked for.</summary>
internal sealed class FakeConnections : IConnections
{
    public string Provider => "aws";

    public FakeRecordStore Bucket { get; } = new();

    public FakeCloud Ec2 { get; } = new();

    public List<string?> Regions { get; } = [];

    public IRecordStore Records(TimeSpan requestTimeout) => Bucket;

    public FakeAuditStore Trail { get; } = new();

    public IAuditStore Audit(TimeSpan requestTimeout) => Trail;

    public IPlanStore Plans(TimeSpan requestTimeout) => Shelf;

    public PlanShelf Shelf { get; } = new();

    public ICloud Cloud(string? region, TimeSpan requestTimeout)
    {
        Regions.Add(region);
        return Ec2;
    }
}
