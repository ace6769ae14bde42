using System.Text;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Workflows.Contracts;

namespace Nstance.Temporal.Activities.LocalDb;

/// <summary>What a listing changes, from its noting to its writing. A row that somebody wrote in between stays as it is.</summary>
internal sealed partial class ShardDatabase
{
    /// <summary>True: <see cref="NotedWriter"/> is due before another page is compared.</summary>
    public bool IsNotedFull => _noted.IsFull;

    /// <summary>Gives what was noted away, to be written; what is noted from now on is not in it.</summary>
    public NotedChanges TakeNoted()
    {
        var noted = _noted;
        _noted = new();
        return noted;
    }

    /// <summary>Keeps what is to be written by <see cref="NotedWriter"/>.</summary>
    /// <param name="listed">What the cloud says.</param>
    /// <param name="was">The row's <c>provider_state</c> when that was compared.</param>
    public void NoteChange(Listed listed, string? was) => Guard(() =>
    {
        var row = Raw(Queries.RowOf, "$id");
        row.Bind(0, listed.TrackingId);
        if (row.First(r => (long?)r.Number(0)) is not { } number) return false;
        var (id, machine) = (Encoding.UTF8.GetBytes(listed.TrackingId), Encoding.UTF8.GetBytes(listed.ProviderId));
        var print = _state.Fingerprint(id, machine, was is not null, was is null ? [] : Encoding.UTF8.GetBytes(was));
        _noted.Add(number, print, listed.Status, listed.Hostname, listed.Ip4, listed.Ip6);
        return true;
    });

    /// <summary>
    /// Reads the rows of changes and says what is to be written, until <paramref name="batch"/> is full or no change is left.
    /// A row that somebody wrote since it was compared is left out. False: nothing is left.
    /// </summary>
    public bool Prepare(IEnumerator<NotedChange> noted, ShardRef shard, WriteBatch batch) => Guard(() =>
    {
        batch.Clear();
        using var reading = _connection.BeginTransaction(deferred: true);
        while (!batch.IsFull && noted.MoveNext()) Prepare(noted.Current, shard, batch);
        reading.Commit();
        return batch.Count > 0;
    });

    /// <summary>Writes what was prepared; a row that somebody wrote since then stays as it is.</summary>
    public int Refresh(WriteBatch batch, DateTimeOffset at)
    {
        var text = GoTime.Format(at);
        return WriteBatches(batch.Rows, BatchSize, row => RefreshOne(row, text));
    }

    private void Prepare(in NotedChange noted, ShardRef shard, WriteBatch batch)
    {
        var current = Raw(Queries.StateOf, "$row");
        current.Bind(0, noted.Row);
        try
        {
            var isAsItWas = current.Step() && current.IsText(0) && current.IsText(1) && (current.IsNull(2) || current.IsText(2))
                && _state.Fingerprint(current.Utf8(0), current.Utf8(1), current.IsText(2), current.Utf8(2)) == noted.Was;
            if (!isAsItWas) return;
            var words = StateWords.Of(current.Text(0)!, current.Text(1)!, noted.Status, shard);
            batch.Add(noted, current.Utf8(0), current.Utf8(1), current.IsText(2), current.Utf8(2), _state.With(current.Utf8(2), words));
        }
        finally
        {
            current.Reset();
        }
    }

    private int RefreshOne(in ToWrite row, string at)
    {
        var refresh = Raw(Statements.RefreshNoted, "$row", "$at", "$id", "$machine", "$was", "$state", "$host", "$v4", "$v6");
        refresh.Bind(0, row.Row);
        refresh.Bind(1, at);
        refresh.Bind(2, row.Id.Span);
        refresh.Bind(3, row.Machine.Span);
        if (row.Was is { } was) refresh.Bind(4, was.Span);
        else refresh.BindSome(4, []);
        refresh.Bind(5, row.State.Span);
        refresh.BindSome(6, row.Hostname.Span);
        refresh.BindSome(7, row.Ip4.Span);
        refresh.BindSome(8, row.Ip6.Span);
        return refresh.Run();
    }
}
