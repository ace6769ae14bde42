namespace Nstance.Temporal.Benchmarks.Ports;

/// <summary>What a call costs in time, and how many of each there were. Thread-safe.</summary>
internal sealed class Calls(TimeSpan latency)
{
    private readonly int[] _counts = new int[Enum.GetValues<Call>().Length];

    public int this[Call call] => Volatile.Read(ref _counts[(int)call]);

    public int Ec2 => this[Call.List] + this[Call.Describe] + this[Call.FindByTag] + this[Call.Terminate];

    public int S3 => this[Call.ListRecords] + this[Call.GetRecord] + this[Call.DeleteRecords]
        + this[Call.GetConfig] + this[Call.PutAudit];

    public void Reset() => Array.Clear(_counts);

    public Task MakeAsync(Call call, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _counts[(int)call]);
        return latency > TimeSpan.Zero ? Task.Delay(latency, cancellationToken) : Task.CompletedTask;
    }
}

/// <summary>One request over the network, as the real clients would make it.</summary>
internal enum Call
{
    List,
    Describe,
    FindByTag,
    Terminate,
    ListRecords,
    GetRecord,
    DeleteRecords,
    GetConfig,
    PutAudit,
}
