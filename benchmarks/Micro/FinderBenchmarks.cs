using BenchmarkDotNet.Attributes;
using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Benchmarks.Fleet;

namespace Nstance.Temporal.Benchmarks.Micro;

/// <summary>One page of 1,000 of each finder, in a shared database of 100,000 rows: 500 are unhealthy, 1,000 of each other kind.</summary>
public class FinderBenchmarks
{
    private static readonly DateTimeOffset AsOf = MicroFleet.Fleet.AsOf;

    private ShardDatabase _database = null!;

    /// <summary>Opens a database in which all is to be found.</summary>
    [GlobalSetup]
    public void Setup()
    {
        _database = MicroDatabase.OpenShared("finders");
        MicroFleet.Require(MicroFleet.Fleet.Count(Part.Unhealthy), FindUnhealthy(), "unhealthy");
        MicroFleet.Require(MicroFleet.Fleet.Count(Part.Dangling), FindDangling(), "dangling");
        MicroFleet.Require(MicroFleet.Fleet.Count(Part.Deleted), FindExpired(), "expired");
        MicroFleet.Require(MicroFleet.Fleet.Count(Part.Stale), FindStaleHealth(), "stale");
    }

    /// <summary>Closes it.</summary>
    [GlobalCleanup]
    public void Cleanup() => MicroDatabase.Drop(_database);

    /// <summary>500 rows.</summary>
    /// <returns>How many.</returns>
    [Benchmark]
    public int FindUnhealthy() => _database.FindUnhealthy(null, MicroFleet.PageSize).Count;

    /// <summary>1,000 rows.</summary>
    /// <returns>How many.</returns>
    [Benchmark]
    public int FindDangling() => _database.FindDangling(AsOf.AddMinutes(-5), null, MicroFleet.PageSize).Count;

    /// <summary>1,000 rows.</summary>
    /// <returns>How many.</returns>
    [Benchmark]
    public int FindExpired() => _database.FindExpired(AsOf.AddMinutes(-30), null, MicroFleet.PageSize).Count;

    /// <summary>1,000 rows.</summary>
    /// <returns>How many.</returns>
    [Benchmark]
    public int FindStaleHealth() => _database.FindStaleHealth(AsOf.AddMinutes(-5), null, MicroFleet.PageSize).Rows.Count;

    /// <summary>None, as in a quiet cycle.</summary>
    /// <returns>How many.</returns>
    [Benchmark]
    public int FindNoneStale() => _database.FindStaleHealth(AsOf.AddDays(-365), null, MicroFleet.PageSize).Rows.Count;
}
