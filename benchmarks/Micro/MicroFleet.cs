using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Benchmarks.Fleet;
using Nstance.Temporal.Workflows.Contracts;

namespace Nstance.Temporal.Benchmarks.Micro;

/// <summary>One fleet for all inner loops of the process, made when the first asks for it.</summary>
internal static class MicroFleet
{
    /// <summary>Instances of the fleet, with issue 6's mix.</summary>
    public const int Size = 100_000;

    /// <summary>Instances of a listing page, and records of one batch of keys.</summary>
    public const int PageSize = 1000;

    private static readonly Lazy<MeasuredFleet> Made = new(() =>
        new(Size, new("bench", "us-west-2a", "bench"), new DateTimeOffset(2026, 11, 23, 17, 21, 5, TimeSpan.Zero)));

    public static MeasuredFleet Fleet => Made.Value;

    public static ShardRef Shard => Fleet.Shard;

    /// <summary>The pages of a whole listing, all as the cloud says now.</summary>
    public static Listed[][] ListingPages() =>
        [.. Fleet.Machines.Select(n => Listed.Of(Fleet.Instance(n))).Chunk(PageSize).Where(page => page.Length == PageSize)];

    /// <summary>Records in the order of the bucket's listing, parsed.</summary>
    public static IEnumerable<(string Key, string ETag, InstanceRecord Record)> Records(IEnumerable<int> numbers, string etag) => numbers.Select(n =>
        InstanceRecord.TryParse(Fleet.Record(n), out var record, out var why)
            ? (Fleet.KeyOf(Fleet.Members[n]), $"{etag}{Fleet.ETagOf(n)}", record!)
            : throw new InvalidOperationException($"record {n} {why}"));

    /// <summary>A fast wrong answer is no figure.</summary>
    public static void Require(int expected, int actual, string what)
    {
        if (actual != expected) throw new InvalidOperationException($"{what}: {actual}, not {expected}");
    }
}
