using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Nstance.Temporal.Activities.LocalDb;

/// <summary>What a listing says of one instance, as far as a row holds it.</summary>
internal sealed record Listed(
    string TrackingId, string ProviderId, string Status, string? Ip4, string? Ip6, string? Hostname);

/// <summary>An instance of a page that needs a closer look.</summary>
/// <param name="SeenBefore">An earlier page named its tracking id.</param>
/// <param name="Row">Null: there is none.</param>
internal sealed record Difference(bool SeenBefore, InstanceRow? Row);

/// <summary>
/// A listing beside the rows, in temporary tables: they take no lock of the file, and SQLite puts them on disk when a
/// fleet is large, so that memory does not grow with it. Comparing is left to SQL: usually nothing differs.
/// </summary>
internal sealed partial class ShardDatabase
{
    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Forgets the listing before.</summary>
    public void BeginListing() => Guard(() => Prepared(Schema.Listing).ExecuteNonQuery());

    /// <summary>Takes a page in. Gives, by place in the page, what is not in every respect as its row says.</summary>
    public IReadOnlyDictionary<int, Difference> Compare(IReadOnlyCollection<Listed> page)
    {
        var json = Json(page, static (writer, listed) =>
        {
            writer.WriteStringValue(listed.TrackingId);
            writer.WriteStringValue(listed.ProviderId);
            writer.WriteStringValue(listed.Status);
            writer.WriteStringValue(listed.Ip4);
            writer.WriteStringValue(listed.Ip6);
            writer.WriteStringValue(listed.Hostname);
        });
        return Guard(() =>
        {
            var fill = Prepared(Statements.FillPage);
            Set(fill, "$page", json);
            fill.ExecuteNonQuery();
            var differences = new Dictionary<int, Difference>();
            using (var reader = Prepared(Queries.Differences).ExecuteReader())
            {
                while (reader.Read())
                {
                    var row = reader.IsDBNull(0) ? null : RowReader.Read(reader);
                    differences.Add(
                        reader.GetInt32(RowReader.Columns), new(reader.GetInt32(RowReader.Columns + 1) != 0, row));
                }
            }

            Prepared(Statements.KeepPage).ExecuteNonQuery();
            return differences;
        });
    }

    /// <summary>Keeps what is to be written by <see cref="RefreshNoted"/>.</summary>
    /// <param name="changes">What the cloud says, and the row's <c>provider_state</c> when that was compared.</param>
    public void NoteChanges(IReadOnlyCollection<(Refreshed Row, string? Was)> changes)
    {
        if (changes.Count == 0) return;
        var json = Json(changes, static (writer, change) =>
        {
            writer.WriteStringValue(change.Row.Id);
            writer.WriteStringValue(change.Row.ProviderId);
            writer.WriteStringValue(change.Row.ProviderState);
            writer.WriteStringValue(change.Was);
            writer.WriteStringValue(change.Row.Hostname);
            writer.WriteStringValue(change.Row.Ip4);
            writer.WriteStringValue(change.Row.Ip6);
        });
        var note = Prepared(Statements.NoteChanges);
        Set(note, "$page", json);
        Guard(() => note.ExecuteNonQuery());
    }

    /// <summary>
    /// Writes what was noted, in the order of ids: rows of one page of the file are then written together, which makes a
    /// first sync of a large fleet several times cheaper than the listing's order. A row that somebody wrote since it was
    /// compared stays as it is.
    /// </summary>
    public int RefreshNoted(DateTimeOffset at, Action progress)
    {
        var noted = Guard(() => Prepared(Statements.OrderChanges).ExecuteNonQuery());
        var text = Domain.GoTime.Format(at);
        return WriteBatches(Enumerable.Range(0, (noted + BatchSize - 1) / BatchSize), 1, (transaction, batch) =>
        {
            var refresh = Prepared(Statements.RefreshNoted);
            refresh.Transaction = transaction;
            Set(refresh, "$at", text);
            Set(refresh, "$from", batch * BatchSize);
            Set(refresh, "$to", (batch + 1) * BatchSize);
            progress();
            _rowsInWal += BatchSize;
            return refresh.ExecuteNonQuery();
        });
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
