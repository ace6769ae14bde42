using Nstance.Temporal.Simulation.Cloud;

namespace Nstance.Temporal.Benchmarks.Fleet;

/// <summary>What a call over the network costs in time, and how many there were.</summary>
/// <param name="latency">Of each call.</param>
/// <param name="isSerial">True: calls follow each other. Their time is added up instead of waited for.</param>
internal sealed class Calls(TimeSpan latency, bool isSerial = false)
{
    public const string Describe = "DescribeInstances";
    public const string Terminate = "TerminateInstances";
    public const string GetRecord = "GetObject";

    private readonly CallCounts _counts = new();

    public int Total => _counts.Total;

    /// <summary>Time of serial calls that was not waited for.</summary>
    public TimeSpan Added => isSerial ? latency * _counts.Total : TimeSpan.Zero;

    public void Reset() => _counts.Reset();

    public Task MakeAsync(string operation, CancellationToken cancellationToken)
    {
        _counts.Add(operation);
        return latency > TimeSpan.Zero && !isSerial ? Task.Delay(latency, cancellationToken) : Task.CompletedTask;
    }
}
