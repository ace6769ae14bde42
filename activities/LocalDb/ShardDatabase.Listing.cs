using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Nstance.Temporal.Activities.Cloud;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Workflows.Contracts;

namespace Nstance.Temporal.Activities.LocalDb;

/// <summary>What a listing says of one instance, as far as a row holds it.</summary>
internal sealed record Listed(
    string TrackingId, string ProviderId, InstanceStatus Status, string? Ip4, string? Ip6, string? Hostname)
{
    /// <summary>Null for what the cloud does not say, also when it says it with an empty text.</summary>
    public static Listed Of(CloudInstance instance) => new(
        instance.TrackingId, instance.ProviderId, instance.Status,
        Said(instance.PrivateIpv4), Said(instance.Ipv6), Said(instance.Hostname));

    /// <summary>Only rows that differ are written. What the cloud does not say is no difference.</summary>
    public bool Differs(InstanceStatus status, string? ip4, string? ip6, string? hostname) =>
        status != Status || (Ip4 is not null && Ip4 != ip4) || (Ip6 is not null && Ip6 != ip6)
        || (Hostname is not null && Hostname != hostname);

    private static string? Said(string? text) => text is { Length: > 0 } ? text : null;
}

/// <summary>An instance of a page that needs a closer look.</summary>
/// <param name="Place">Where it stands in the page.</param>
/// <param name="SeenBefore">It was listed before under this tracking id.</param>
/// <param name="Row">Null: there is none.</param>
internal sealed record Difference(int Place, bool SeenBefore, InstanceRow? Row);

/// <summary>
/// A listing beside the rows. Who was listed is kept as numbers, in memory, and so is, in few bytes, what differs from its
/// row until it is written: nothing of it takes a lock of the file.
/// </summary>
internal sealed partial class ShardDatabase
{
    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly ListedMachines _listed = new();
    private NotedChanges _noted = new();

    /// <summary>Forgets the listing before.</summary>
    public void BeginListing()
    {
        _listed.Clear();
        _noted = new();
    }

    /// <summary>True: <see cref="NotedWriter"/> is due before another page is compared.</summary>
    public bool IsNotedFull => _noted.IsFull;

    /// <summary>Gives what was noted away, to be written; what is noted from now on is not in it.</summary>
    public NotedChanges TakeNoted()
    {
        var noted = _noted;
        _noted = new();
        return noted;
    }

    /// <summary>
    /// Takes a page in. What plainly differs from its row is noted for <see cref="NotedWriter"/>; what is in another way
    /// not as a row says is given back, in the page's order.
    /// </summary>
    public IReadOnlyList<Difference> Compare(IReadOnlyList<Listed> page) => Guard(() =>
    {
        var closer = new List<(int Place, bool SeenBefore, bool HasRow)>();
        using (var reading = _connection.BeginTransaction(deferred: true))
        {
            for (var place = 0; place < page.Count; place++)
            {
                var listed = page[place];
                var seenBefore = _listed.Add(listed.TrackingId, listed.ProviderId);
                if (Look(listed, seenBefore) is { } hasRow) closer.Add((place, seenBefore, hasRow));
            }

            reading.Commit();
        }

        return closer.ConvertAll(c => new Difference(c.Place, c.SeenBefore, c.HasRow ? Find(page[c.Place].TrackingId) : null));
    });

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

    /// <summary>Live rows that the listing does not name with their instance, by id.</summary>
    public IReadOnlyList<LiveRow> FindNotListed() => Guard(() =>
    {
        var (live, rows) = (Raw(Queries.Live, "$after"), new List<LiveRow>());
        live.Bind(0, "");
        try
        {
            while (live.Step())
            {
                if (!_listed.Contains(live.Utf8(0), live.Utf8(1))) rows.Add(new(live.Text(0)!, live.Text(1)!));
            }
        }
        finally
        {
            live.Reset();
        }

        return rows;
    });

    /// <summary>Places of those records whose row was not read from this very version of them.</summary>
    public IReadOnlyList<int> FindChangedRecords(IReadOnlyCollection<(string Id, string ETag)> records)
    {
        return Guard(() =>
        {
            var changed = Raw(Queries.ChangedRecords, "$page");
            changed.Bind(0, Json(records, static (writer, record) =>
            {
                writer.WriteStringValue(record.Id);
                writer.WriteStringValue(record.ETag);
            }));
            return changed.All(row => (int)row.Number(0));
        });
    }

    /// <summary>Null: as its row says, or noted. False: it has no row.</summary>
    private bool? Look(Listed listed, bool seenBefore)
    {
        var look = Raw(Queries.Look, "$id");
        look.Bind(0, listed.TrackingId);
        try
        {
            if (!look.Step()) return false;
            var isPlain = look.Number(1) != 0 && look.Is(2, listed.ProviderId) && look.IsText(3);
            if (seenBefore || !isPlain || !ProviderState.TryStatus(look.Utf8(3), listed.Status, out var isSame)) return true;
            var (ip4, ip6, hostname) = (New(look, 4, listed.Ip4), New(look, 5, listed.Ip6), New(look, 6, listed.Hostname));
            if (isSame && (ip4 ?? ip6 ?? hostname) is null) return null;
            _noted.Add(
                look.Number(0), _state.Fingerprint(look.Utf8(7), look.Utf8(2), true, look.Utf8(3)), listed.Status, hostname, ip4, ip6);
            return null;
        }
        finally
        {
            look.Reset();
        }
    }

    /// <summary>Null: as the row says. What the cloud does not say is no difference.</summary>
    private static string? New(RawStatement row, int column, string? said) => said is null || row.Is(column, said) ? null : said;

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

    /// <summary>One parameter for a page of rows: binding a thousand rows one by one costs more than comparing them.</summary>
    private static string Json<T>(IEnumerable<T> rows, Action<Utf8JsonWriter, T> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, Plain))
        {
            writer.WriteStartArray();
            foreach (var row in rows)
            {
                writer.WriteStartArray();
                write(writer, row);
                writer.WriteEndArray();
            }

            writer.WriteEndArray();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
