using BenchmarkDotNet.Attributes;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Database;

namespace Nstance.Temporal.Benchmarks.Micro;

/// <summary>
/// A listing page of 1,000 beside a shared database of 100,000 rows; a listing is begun for each, since the same page
/// twice in one is a fault of the cloud. The next page comes each time: always the same would always be cached.
/// </summary>
public class ListingBenchmarks
{
    private readonly Listed[][][] _pages = new Listed[2][][];
    private ShardDatabase _database = null!;
    private int _next;

    /// <summary>Makes two listings that differ in the status of nearly every instance.</summary>
    [GlobalSetup]
    public void Setup()
    {
        _database = MicroDatabase.OpenShared("listing");
        _pages[0] = MicroFleet.ListingPages();
        _pages[1] = [.. _pages[0].Select(page => page.Select(Otherwise).ToArray())];
        MicroFleet.Require(0, ComparePage(), "closer looks at an unchanged page");
        MicroFleet.Require(0, MicroDatabase.Write(_database), "changes of an unchanged page");
        _database.BeginListing();
        MicroFleet.Require(0, _database.Compare(_pages[1][0]).Count, "closer looks at a changed page");
        MicroFleet.Require(
            _pages[0][0].Zip(_pages[1][0]).Count(both => both.First != both.Second),
            MicroDatabase.Write(_database), "changes of a changed page");
        _database.BeginListing();
        _database.Compare(_pages[0][0]);
        MicroDatabase.Write(_database);
        _next = 0;
    }

    /// <summary>Closes it.</summary>
    [GlobalCleanup]
    public void Cleanup() => MicroDatabase.Drop(_database);

    /// <summary>All as the rows say.</summary>
    /// <returns>How many need a closer look: none.</returns>
    [Benchmark]
    public int ComparePage()
    {
        _database.BeginListing();
        return _database.Compare(_pages[0][_next++ % _pages[0].Length]).Count;
    }

    /// <summary>All differ; noted and written.</summary>
    /// <returns>Rows written.</returns>
    [Benchmark]
    public int CompareAndWriteChangedPage()
    {
        // To and fro, each whole listing in turn: so every page differs from its rows when its turn comes.
        var (round, page) = Math.DivRem(_next++, _pages[0].Length);
        _database.BeginListing();
        _database.Compare(_pages[(round + 1) % 2][page]);
        return MicroDatabase.Write(_database);
    }

    private static Listed Otherwise(Listed listed) =>
        listed.Status == InstanceStatus.Running ? listed with { Status = InstanceStatus.Pending } : listed;
}
