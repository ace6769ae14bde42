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
/// A listing beside the rows, in temporary tables: they take no lock of the file, and SQLite puts them on disk when a
/// fleet is large, so that memory does not grow with it. Comparing is left to SQL: usually nothing differs.
/// </summary>
internal sealed partial class ShardDatabase
{
    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Forgets the listing before.</summary>
    public void BeginListing() => Guard(() => Prepared(Schema.Listing).ExecuteNonQuery());

    /// <summary>
    /// Takes a page in. What plainly differs from its row is noted for <see cref="RefreshNoted"/>; what is in another way
    /// not as a row says is given back, in the page's order.
    /// </summary>
    public IReadOnlyList<Difference> Compare(IReadOnlyList<Listed> page) => Guard(() =>
    {
        var closer = new List<(int Place, bool SeenBefore, bool HasRow)>();
        using (var reading = _connection.BeginTransaction(deferred: true))
        {
            for (var place = 0; place < page.Count; place++)
            {
                if (Look(page[place]) is { } look) closer.Add((place, look.SeenBefore, look.HasRow));
                Keep(page[place]);
            }

            reading.Commit();
        }

        return closer.ConvertAll(c => new Difference(c.Place, c.SeenBefore, c.HasRow ? Find(page[c.Place].TrackingId) : null));
    });

    /// <summary>Keeps what is to be written by <see cref="RefreshNoted"/>.</summary>
    /// <param name="listed">What the cloud says.</param>
    /// <param name="was">The row's <c>provider_state</c> when that was compared.</param>
    public void NoteChange(Listed listed, string? was) =>
        Guard(() => Note(listed, was is null ? [] : ProviderState.Fingerprint(Encoding.UTF8.GetBytes(was))));

    /// <summary>
    /// Writes what was noted, in the order of ids: rows of one page of the file are then written together, which makes a
    /// first sync of a large fleet several times cheaper than the listing's order. A row that somebody wrote since it was
    /// compared stays as it is.
    /// </summary>
    public int RefreshNoted(ShardRef shard, DateTimeOffset at, Action progress)
    {
        var count = Guard(() => Prepared(Statements.OrderChanges).ExecuteNonQuery());
        var text = GoTime.Format(at);
        return WriteBatches(
            Enumerable.Range(1, count), BatchSize, (_, n) => RefreshOne(n, shard, text), progress);
    }

    /// <summary>Live rows that the listing does not name with their instance, a page by id.</summary>
    public IReadOnlyList<LiveRow> FindNotListed(string? afterId, int take)
    {
        var command = Prepared(Queries.NotListed);
        Set(command, "$after", afterId ?? "");
        Set(command, "$take", take);
        return Guard(() =>
        {
            var rows = new List<LiveRow>();
            using var reader = command.ExecuteReader();
            while (reader.Read()) rows.Add(new(reader.GetString(0), reader.GetString(1)));
            return rows;
        });
    }

    /// <summary>Places of those records whose row was not read from this very version of them.</summary>
    public IReadOnlyList<int> FindChangedRecords(IReadOnlyCollection<(string Id, string ETag)> records)
    {
        var command = Prepared(Queries.ChangedRecords);
        Set(command, "$page", Json(records, static (writer, record) =>
        {
            writer.WriteStringValue(record.Id);
            writer.WriteStringValue(record.ETag);
        }));
        return Guard(() =>
        {
            var changed = new List<int>();
            using var reader = command.ExecuteReader();
            while (reader.Read()) changed.Add(reader.GetInt32(0));
            return changed;
        });
    }

    /// <summary>Null: as its row says, or noted.</summary>
    private (bool SeenBefore, bool HasRow)? Look(Listed listed)
    {
        var look = Raw(Queries.Look, "$id", "$machine", "$state", "$v4", "$v6", "$host");
        look.Bind(0, listed.TrackingId);
        look.Bind(1, listed.ProviderId);
        look.Bind(2, listed.Status.Name());
        look.Bind(3, listed.Ip4);
        look.Bind(4, listed.Ip6);
        look.Bind(5, listed.Hostname);
        (bool, bool)? closer = null;
        if (look.Step())
        {
            var (seen, hasRow, isPlain) = (look.Number(0) != 0, look.Number(1) != 0, look.Number(2) != 0);
            if (seen || !isPlain) closer = (seen, hasRow);
            else if (listed.Differs(InstanceStatuses.Parse(look.Text(3)), look.Text(5), look.Text(6), look.Text(7)))
                Note(listed, ProviderState.Fingerprint(look.Utf8(4)));
        }

        look.Reset();
        return closer;
    }

    private void Keep(Listed listed)
    {
        var keep = Raw(Statements.KeepListed, "$id", "$machine");
        keep.Bind(0, listed.TrackingId);
        keep.Bind(1, listed.ProviderId);
        keep.Run();
    }

    private int Note(Listed listed, ReadOnlySpan<byte> was)
    {
        var note = Raw(Statements.NoteChange, "$id", "$machine", "$state", "$was", "$host", "$v4", "$v6");
        note.Bind(0, listed.TrackingId);
        note.Bind(1, listed.ProviderId);
        note.Bind(2, listed.Status.Name());
        note.BindBlob(3, was);
        note.Bind(4, listed.Hostname);
        note.Bind(5, listed.Ip4);
        note.Bind(6, listed.Ip6);
        return note.Run();
    }

    private int RefreshOne(int n, ShardRef shard, string at)
    {
        var noted = Raw(Queries.Noted, "$n");
        var current = Raw(Queries.StateOf, "$id", "$machine");
        var refresh = Raw(Statements.RefreshNoted, "$id", "$at", "$state", "$host", "$v4", "$v6");
        noted.Bind(0, n);
        if (!noted.Step()) throw new InvalidOperationException("a noted change is missing");
        var (id, machine) = (noted.Text(0)!, noted.Text(1)!);
        current.Bind(0, id);
        current.Bind(1, machine);
        var isAsItWas = current.Step()
            && (current.IsNull(0) ? noted.IsNull(3)
                : current.IsText(0) && ProviderState.Fingerprint(current.Utf8(0)).SequenceEqual(noted.Blob(3)));
        if (isAsItWas)
        {
            var words = StateWords.Of(id, machine, InstanceStatuses.Parse(noted.Text(2)), shard);
            refresh.Bind(0, id);
            refresh.Bind(1, at);
            refresh.Bind(2, _state.With(current.IsNull(0) ? [] : current.Utf8(0), words));
            for (var column = 4; column <= 6; column++) refresh.Bind(column - 1, noted.Text(column));
        }

        current.Reset();
        noted.Reset();
        return isAsItWas ? refresh.Run() : 0;
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
