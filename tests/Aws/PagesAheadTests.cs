using System.Runtime.CompilerServices;
using Nstance.Temporal.Activities.Ports;

namespace Nstance.Temporal.Tests.Aws;

public sealed class PagesAheadTests
{
    private readonly List<int> _asked = [];
    private bool _disposed;
    private bool _movedWhenDisposed;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AheadAsync_WhileAPageIsWorkedOn_TheNextIsAskedFor()
    {
        await foreach (var page in Pages(3, null, Ct).AheadAsync(Ct))
            Assert.Equal(Math.Min(page + 2, 4), _asked.Count);

        Assert.Equal([0, 1, 2, 3], _asked);
        Assert.True(_disposed);
    }

    [Fact]
    public async Task AheadAsync_APageFails_PagesBeforeItAreGivenAndTheFaultComesInItsPlace()
    {
        var given = new List<int>();
        var fault = await Assert.ThrowsAsync<IOException>(async () =>
        {
            await foreach (var page in Pages(3, failAt: 2, Ct).AheadAsync(Ct)) given.Add(page);
        });

        Assert.Equal("page 2", fault.Message);
        Assert.Equal([0, 1], given);
        Assert.True(_disposed);
    }

    [Fact]
    public async Task AheadAsync_ReaderStopsWhileAPageIsUnderWay_ItIsCancelledBeforeTheEnumeratorIsDisposed()
    {
        await foreach (var page in Hanging(Ct).AheadAsync(Ct))
        {
            Assert.Equal(0, page);
            break;
        }

        Assert.True(_disposed);
        Assert.False(_movedWhenDisposed);
    }

    [Fact]
    public async Task AheadAsync_Cancelled_CancelsTheCallInProgress()
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var _ in Hanging(stop.Token).AheadAsync(stop.Token)) await stop.CancelAsync();
        });

        Assert.True(_disposed);
    }

    [Fact]
    public async Task AheadAsync_SeveralListings_EachInItsOrderToItsEnd()
    {
        var given = new List<(int Listing, int Page)>();
        var listings = Enumerable.Range(0, 3).Select(n => Numbered(n, 2 + n));
        await foreach (var page in listings.AheadAsync(Ct)) given.Add(page);

        Assert.Equal(9, given.Count);
        Assert.All(
            given.GroupBy(page => page.Listing),
            pages => Assert.Equal(Enumerable.Range(0, 2 + pages.Key), pages.Select(p => p.Page)));
    }

    [Fact]
    public async Task AheadAsync_OneOfSeveralWaits_TheOthersGoOn()
    {
        var held = new TaskCompletionSource();
        var given = new List<(int Listing, int Page)>();
        await foreach (var page in new[] { Numbered(0, 1, held.Task), Numbered(1, 3) }.AheadAsync(Ct))
        {
            given.Add(page);
            if (given.Count == 3) held.SetResult();
        }

        Assert.Equal([(1, 0), (1, 1), (1, 2), (0, 0)], given);
    }

    [Fact]
    public async Task AheadAsync_OneOfSeveralFails_TheOthersAreCancelledAndDisposed()
    {
        var fault = await Assert.ThrowsAsync<IOException>(async () =>
        {
            await foreach (var _ in new[] { Hanging(Ct), Pages(3, failAt: 1, Ct) }.AheadAsync(Ct)) { }
        });

        Assert.Equal("page 1", fault.Message);
        Assert.True(_disposed);
        Assert.False(_movedWhenDisposed);
    }

    private static async IAsyncEnumerable<(int Listing, int Page)> Numbered(int listing, int count, Task? first = null)
    {
        if (first is not null) await first;
        for (var page = 0; page < count; page++) yield return (listing, page);
    }

#pragma warning disable CS1998 // an answer that is there at once
    private async IAsyncEnumerable<int> Pages(int count, int? failAt, [EnumeratorCancellation] CancellationToken ct)
    {
        try
        {
            for (var page = 0; ; page++)
            {
                _asked.Add(page);
                if (page == failAt) throw new IOException($"page {page}");
                if (page == count) yield break;
                ct.ThrowIfCancellationRequested();
                yield return page;
            }
        }
        finally
        {
            _disposed = true;
        }
    }

#pragma warning restore CS1998

    private async IAsyncEnumerable<int> Hanging([EnumeratorCancellation] CancellationToken ct)
    {
        var moving = false;
        try
        {
            yield return 0;
            moving = true;
            try
            {
                await Task.Delay(Timeout.Infinite, ct);
            }
            finally
            {
                moving = false;
            }
        }
        finally
        {
            _movedWhenDisposed = moving;
            _disposed = true;
        }
    }
}
