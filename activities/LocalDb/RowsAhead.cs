namespace Nstance.Temporal.Activities.LocalDb;

/// <summary>
/// Reads the live rows of a large fleet in their own order, on another thread and connection, while the cloud is asked for the first
/// pages. The order of a listing is random to the file: to look at each row when it is listed takes about twice as long.
/// </summary>
internal sealed class RowsAhead : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly ShardDatabase? _beside;
    private readonly Task<KnownRows>? _reading;
    private readonly Task<UnreadableRows>? _looking;

    private RowsAhead(ShardDatabase database, int count, int unreadable)
    {
        if (count < database.Many) return;
        _beside = database.OpenBeside();
        if (_beside is not { } beside) return;
        var hash = database.ListingHash;
        _reading = Task.Run(() => beside.ReadKnown(hash, count, KnownRows.Most, _stop.Token), CancellationToken.None);
        _looking = _reading.ContinueWith(
            _ => beside.FindUnreadable(unreadable), _stop.Token, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);
    }

    /// <summary>Null until all are read, and where that failed: rows are then looked at one by one, and say why.</summary>
    public KnownRows? Rows => _reading is { IsCompletedSuccessfully: true } ? _reading.Result : null;

    /// <summary>What nobody can judge by, as it was when the listing began. Null: not looked for yet, or that failed.</summary>
    public UnreadableRows? Unreadable => _looking is { IsCompletedSuccessfully: true } ? _looking.Result : null;

    /// <summary>Begins, unless the fleet is too small for it to be worth another connection. After <see cref="ShardDatabase.BeginListing"/>.</summary>
    /// <param name="database">Whose rows.</param>
    /// <param name="count">How many are live.</param>
    /// <param name="unreadable">So many of the unreadable ones are named.</param>
    public static async Task<RowsAhead> BeginAsync(ShardDatabase database, int count, int unreadable)
    {
        var ahead = new RowsAhead(database, count, unreadable);
        if (!database.ReadsFirst) return ahead;
        await ahead.ReadAsync().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await ahead.UnreadableAsync().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return ahead;
    }

    public async ValueTask DisposeAsync()
    {
        // A connection must not be left while it is read. What is begun for the report is brought to its end: it is short.
        await _stop.CancelAsync();
        if (_looking is not null) await ((Task)_looking).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_reading is not null) await ((Task)_reading).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _beside?.Dispose();
        _stop.Dispose();
    }

    /// <summary>All are read, or cannot be.</summary>
    internal Task ReadAsync() => _reading ?? Task.CompletedTask;

    /// <summary>They are looked for, or will not be.</summary>
    internal Task UnreadableAsync() => _looking ?? Task.CompletedTask;
}
