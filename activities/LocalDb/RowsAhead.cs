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

    private RowsAhead(ShardDatabase database, int count)
    {
        if (count < database.Many) return;
        _beside = database.OpenBeside();
        if (_beside is { } beside) _reading = Task.Run(() => beside.ReadKnown(Math.Min(count, KnownRows.Most), _stop.Token), CancellationToken.None);
    }

    /// <summary>Null until all are read, and where that failed: rows are then looked at one by one, and say why.</summary>
    public KnownRows? Rows => _reading is { IsCompletedSuccessfully: true } ? _reading.Result : null;

    /// <summary>Begins, unless the fleet is too small for it to be worth another connection.</summary>
    /// <param name="database">Whose rows.</param>
    /// <param name="count">How many are live.</param>
    public static RowsAhead Begin(ShardDatabase database, int count) => new(database, count);

    public async ValueTask DisposeAsync()
    {
        // A connection must not be left while it is read.
        await _stop.CancelAsync();
        if (_reading is not null) await ((Task)_reading).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _beside?.Dispose();
        _stop.Dispose();
    }

    /// <summary>For tests: all are read, or cannot be.</summary>
    internal Task ReadAsync() => _reading ?? Task.CompletedTask;
}
