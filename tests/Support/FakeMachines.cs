using Nstance.Temporal.Simulation.Nstance;

namespace Nstance.Temporal.Tests.Support;

/// <summary>A cloud for nstance's model: the set of its running machines.</summary>
internal sealed class FakeMachines : INstanceCloud
{
    public HashSet<string> Live { get; } = [];

    /// <summary>Machines that the cloud refuses to terminate.</summary>
    public HashSet<string> Protected { get; } = [];

    public List<string> Terminated { get; } = [];

    public List<string> DeletedRecords { get; } = [];

    public bool IsAlive(string providerId) => Live.Contains(providerId);

    public bool Terminate(string providerId)
    {
        if (Protected.Contains(providerId)) return false;
        if (Live.Remove(providerId)) Terminated.Add(providerId);
        return true;
    }

    /// <summary>Registered instances with a record.</summary>
    public HashSet<string> Recorded { get; } = [];

    public bool IsRecorded(string instanceId) => Recorded.Contains(instanceId);

    public void DeleteRecord(string instanceId) => DeletedRecords.Add(instanceId);
}
