using Nstance.Temporal.Activities.Ports;

namespace Nstance.Temporal.Simulation.Chaos;

/// <summary>The same ports for every region and timeout.</summary>
internal sealed class Connections(ICloud cloud, IRecordStore records, IAuditStore audit, IPlanStore plans)
    : IConnections
{
    public string Provider => "aws";

    public ICloud Cloud(string? region, TimeSpan requestTimeout) => cloud;

    public IRecordStore Records(TimeSpan requestTimeout) => records;

    public IAuditStore Audit(TimeSpan requestTimeout) => audit;

    public IPlanStore Plans(TimeSpan requestTimeout) => plans;
}
