using Nstance.Temporal.Simulation.Cloud;

namespace Nstance.Temporal.Benchmarks.Fleet;

/// <summary>What a call over the network costs in time, and how many there were.</summary>
internal sealed class Calls(TimeSpan latency)
{
    public const string Describe = "DescribeInstances";
    public const string Terminate = "TerminateInstances";
    public const string GetRecord = "GetObject";

    private readonly CallCounts _counts = new();

    public Dictionary<string, int> Counts => new()
    {
        ["ec2"] = _counts[Describe] + _counts[Terminate],
        ["s3"] = _counts.Total - _counts[Describe] - _counts[Terminate],
        ["s3Gets"] = _counts[GetRecord],
    };

    public void Reset() => _counts.Reset();

    public Task MakeAsync(string operation, CancellationToken cancellationToken)
    {
        _counts.Add(operation);
        return latency > TimeSpan.Zero ? Task.Delay(latency, cancellationToken) : Task.CompletedTask;
    }
}
