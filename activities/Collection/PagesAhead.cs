using System.Runtime.CompilerServices;

namespace Nstance.Temporal.Activities.Collection;

/// <summary>Asks for the next page while the last one is worked on: a listing then costs its calls, or the work, not both.</summary>
internal static class PagesAhead
{
    public static async IAsyncEnumerable<T> AheadAsync<T>(
        this IAsyncEnumerable<T> pages, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await using var enumerator = pages.GetAsyncEnumerator(stop.Token);
        var next = enumerator.MoveNextAsync().AsTask();
        try
        {
            while (await next)
            {
                var page = enumerator.Current;
                next = enumerator.MoveNextAsync().AsTask();
                yield return page;
            }
        }
        finally
        {
            // An enumerator must not be disposed while it moves.
            await stop.CancelAsync();
            await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
