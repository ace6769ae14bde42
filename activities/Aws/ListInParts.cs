using System.Runtime.CompilerServices;

namespace Nstance.Temporal.Activities.Aws;

/// <summary>Lists one part: pages of own instances that are not terminated.</summary>
internal delegate IAsyncEnumerable<IReadOnlyList<CloudInstance>> ListPart(IdPart part, CancellationToken ct);

/// <summary>
/// Lists a large fleet in parallel parts, because EC2 gives the token of a page with the page before. An empty part may
/// mean that the cloud ignores wildcards in ids; then all instances are listed again. One for a worker; thread-safe.
/// </summary>
internal sealed class ListInParts
{
    /// <summary>
    /// Maximum number of parts of one shard: EC2 grants 20 describes a second, and takes about one for a page.
    /// </summary>
    public const int MaxParts = 4;

    /// <summary>
    /// Maximum number of extra parts of all shards. With more, the describes of a collection would wait longer than
    /// <see cref="Ec2Rates.MaxWait"/>.
    /// </summary>
    public const int MaxMore = 12;

    private int _left = MaxMore;

    /// <summary>
    /// Lists own instances that are not terminated, each once. Complete when the enumeration ends without an exception.
    /// </summary>
    public async IAsyncEnumerable<IReadOnlyList<CloudInstance>> ListAsync(
        ListPart list, int parts, [EnumeratorCancellation] CancellationToken ct)
    {
        var more = 0;
        while (more < parts - 1 && TryTake()) more++;
        try
        {
            await foreach (var page in ExactlyAsync(list, 1 + more, ct)) yield return page;
        }
        finally
        {
            Interlocked.Add(ref _left, more);
        }
    }

    private bool TryTake()
    {
        if (Interlocked.Decrement(ref _left) >= 0) return true;
        Interlocked.Increment(ref _left);
        return false;
    }

    private static async IAsyncEnumerable<IReadOnlyList<CloudInstance>> ExactlyAsync(
        ListPart list, int count, [EnumeratorCancellation] CancellationToken ct)
    {
        var parts = Enumerable.Range(0, count).Select(number => new IdPart(number, count)).ToArray();
        var empty = parts.ToHashSet();
        if (count > 1)
        {
            var listings = parts.Select(part => PartAsync(list, part, ct));
            await foreach (var (part, page) in listings.AheadAsync(ct))
            {
                if (page.Count > 0) empty.Remove(part);
                yield return page;
            }
        }

        if (empty.Count == 0) yield break;
        await foreach (var page in list(IdPart.Whole, ct).AheadAsync(ct))
        {
            yield return
            [
                .. page.Where(i => empty.Any(part => part.Has(i.ProviderId))
                    || !parts.Any(part => part.Has(i.ProviderId))),
            ];
        }
    }

    private static async IAsyncEnumerable<(IdPart Part, IReadOnlyList<CloudInstance> Page)> PartAsync(
        ListPart list, IdPart part, [EnumeratorCancellation] CancellationToken ct)
    {
        await using var pages = list(part, ct).GetAsyncEnumerator(ct);
        for (var isFirst = true; await NextAsync(pages, isFirst); isFirst = false)
        {
            // A cloud that ignores the filter would list each instance in every part.
            yield return (part, [.. pages.Current.Where(i => part.Has(i.ProviderId))]);
        }
    }

    private static async Task<bool> NextAsync(IAsyncEnumerator<IReadOnlyList<CloudInstance>> pages, bool isFirst)
    {
        try
        {
            return await pages.MoveNextAsync();
        }
        catch (CloudException e) when (isFirst && e.Fault is CloudFault.Malformed or CloudFault.Invalid)
        {
            return false; // The listing of all instances reports the fault if the part did not cause it.
        }
    }
}
