using BenchmarkDotNet.Attributes;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Database;

namespace Nstance.Temporal.Benchmarks.Micro;

/// <summary>
/// A page of 1,000 records into a database of our own that is in use: its indexes stand. (A rebuild into an empty one makes
/// them at the end, and is faster.) Records of twenty pages are parsed before.
/// </summary>
public class UpsertBenchmarks
{
    private const int Pages = 20;

    private (string Key, string ETag, InstanceRecord Record)[][] _new = [];
    private (string Key, string ETag, InstanceRecord Record)[][] _again = [];
    private ShardDatabase _filled = null!;
    private ShardDatabase? _empty;
    private int _next;

    /// <summary>Fills one database.</summary>
    [GlobalSetup]
    public void Setup()
    {
        var numbers = MicroFleet.Fleet.ByKey.Take(Pages * MicroFleet.PageSize).ToArray();
        _new = [.. MicroFleet.Records(numbers, "").Chunk(MicroFleet.PageSize)];
        _again = [.. MicroFleet.Records(numbers, "W/").Chunk(MicroFleet.PageSize)];
        _filled = MicroDatabase.OpenOwn();
        foreach (var page in _new)
            MicroFleet.Require(MicroFleet.PageSize, _filled.UpsertRecords(page, MicroFleet.Fleet.AsOf), "rows of new records");
    }

    /// <summary>Closes it.</summary>
    [GlobalCleanup]
    public void Cleanup() => MicroDatabase.Drop(_filled);

    /// <summary>An empty one for each iteration.</summary>
    [IterationSetup(Target = nameof(UpsertNew))]
    public void Begin() => _empty = MicroDatabase.OpenOwn();

    /// <summary>Removes it.</summary>
    [IterationCleanup(Target = nameof(UpsertNew))]
    public void End()
    {
        if (_empty is not null) MicroDatabase.Drop(_empty);
    }

    /// <summary>A page of records that have no row.</summary>
    /// <returns>Rows changed.</returns>
    [Benchmark(OperationsPerInvoke = Pages)]
    public int UpsertNew() => _new.Sum(page => _empty!.UpsertRecords(page, MicroFleet.Fleet.AsOf));

    /// <summary>A page of records that have one; only their ETags are others.</summary>
    /// <returns>Rows changed.</returns>
    [Benchmark]
    public int UpsertKnown()
    {
        var turn = _next++;
        return _filled.UpsertRecords((turn / Pages % 2 == 0 ? _again : _new)[turn % Pages], MicroFleet.Fleet.AsOf);
    }
}
