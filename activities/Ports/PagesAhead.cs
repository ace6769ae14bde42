using System.Runtime.CompilerServices;

namespace Nstance.Temporal.Activities.Ports;

/// <summary>Requests the next page while the caller processes the last one.</summary>
internal static class PagesAhead
{
    public static IAsyncEnumerable<T> AheadAsync<T>(this IAsyncEnumerable<T> pages, CancellationToken ct) =>
        new[] { pages }.AheadAsync(ct);

    /// <summary>Enumerates several listings in parallel. The pages of one listing keep their order.</summary>
    public static async IAsyncEnumerable<T> AheadAsync<T>(
        this IEnumerable<IAsyncEnumerable<T>> listings, [EnumeratorCancellation] CancellationToken ct)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var open = listings.Select(listing => new Listing<T>(listing.GetAsyncEnumerator(stop.Token))).ToList();
        try
        {
            while (open.Count > 0)
            {
                await Task.WhenAny(open.Select(listing => listing.Next));
                var listing = open.First(listing => listing.Next.IsCompleted);
                if (await listing.Next)
                {
                    var page = listing.Pages.Current;
                    listing.Ask();
                    yield return page;
                }
                else
                {
                    open.Remove(listing);
                    await listing.Pages.DisposeAsync();
                }
            }
        }
        finally
        {
            // An enumerator must not be disposed while it moves.
            await stop.CancelAsync();
            foreach (var listing in open)
            {
                await ((Task)listing.Next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                await listing.Pages.DisposeAsync();
            }
        }
    }

    private sealed class Listing<T>
    {
        public Listing(IAsyncEnumerator<T> pages)
        {
            Pages = pages;
            Ask();
        }

        public IAsyncEnumerator<T> Pages { get; }

        /// <summary>Whether there is another page.</summary>
        public Task<bool> Next { get; private set; } = null!;

        public void Ask() => Next = Pages.MoveNextAsync().AsTask();
    }
}
