using System.Runtime.CompilerServices;
using Nstance.Temporal.Activities.Ports;

namespace Nstance.Temporal.Activities.Aws;

/// <summary>Pages of own instances of one part that are not terminated.</summary>
internal delegate IAsyncEnumerable<IReadOnlyList<CloudInstance>> ListPart(IdPart part, CancellationToken cancellationToken);

/// <summary>
/// Lists a large fleet in parts, side by side: each page's token comes from the page before, so one listing waits for all its
/// calls in turn. A cloud that knows no wildcards in an id answers with nothing or refuses. Of thousands of machines no part is
/// empty otherwise, so of such parts the whole is listed once more, as ever.
/// One for a worker; thread-safe.
/// </summary>
internal sealed class ListInParts
{
    /// <summary>So many listings of one shard at a time: EC2 bears 20 describes a second, and takes a second and more for a thousand instances.</summary>
    public const int MaxParts = 4;

    /// <summary>
    /// So many parts beyond each shard's first, for all shards of a worker: describes wait in turn for EC2's rate, and those of a
    /// collection must not wait behind many pages (<see cref="Ec2Rates.MaxWait"/>).
    /// </summary>
    public const int MaxMore = 12;

    private int _left = MaxMore;

    /// <summary>Pages of own instances that are not terminated, each instance once; complete when they come to their end without exception.</summary>
    /// <param name="list">Pages of one part.</param>
    /// <param name="parts">So many at most; as one, while other shards are listed in parts.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async IAsyncEnumerable<IReadOnlyList<CloudInstance>> ListAsync(
        ListPart list, int parts, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var more = 0;
        while (more < parts - 1 && TryTake()) more++;
        try
        {
            await foreach (var page in ExactlyAsync(list, 1 + more, cancellationToken)) yield return page;
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
        ListPart list, int count, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var parts = Enumerable.Range(0, count).Select(number => new IdPart(number, count)).ToArray();
        var empty = parts.ToHashSet();
        if (count > 1)
        {
            var listings = parts.Select(part => PartAsync(list, part, cancellationToken));
            await foreach (var (part, page) in listings.AheadAsync(cancellationToken))
            {
                if (page.Count > 0) empty.Remove(part);
                yield return page;
            }
        }

        if (empty.Count == 0) yield break;
        await foreach (var page in list(IdPart.Whole, cancellationToken).AheadAsync(cancellationToken))
            yield return [.. page.Where(i => empty.Any(part => part.Has(i.ProviderId)) || !parts.Any(part => part.Has(i.ProviderId)))];
    }

    private static async IAsyncEnumerable<(IdPart Part, IReadOnlyList<CloudInstance> Page)> PartAsync(
        ListPart list, IdPart part, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var pages = list(part, cancellationToken).GetAsyncEnumerator(cancellationToken);
        for (var isFirst = true; await NextAsync(pages, isFirst); isFirst = false)
        {
            // Asked by filter, yet checked again: a cloud that does not heed it would list each instance in every part.
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
            return false; // The whole is listed, and says what is wrong if it is not the part.
        }
    }
}
