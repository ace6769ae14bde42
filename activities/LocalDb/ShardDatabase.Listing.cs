using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Nstance.Temporal.Activities.Cloud;
using Nstance.Temporal.Activities.Domain;

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

    /// <summary>What stands for a text until the next listing begins.</summary>
    public SeededHash ListingHash => _listed.Hash;

    /// <summary>Forgets the listing before.</summary>
    public void BeginListing()
    {
        _listed.Clear();
        _noted = new();
    }

    /// <summary>
    /// Takes a page in. What plainly differs from its row is noted for <see cref="NotedWriter"/>; what is in another way
    /// not as a row says is given back, in the page's order.
    /// </summary>
    /// <param name="page">What is listed.</param>
    /// <param name="known">Rows that were read ahead; null: each is looked at.</param>
    public IReadOnlyList<Difference> Compare(IReadOnlyList<Listed> page, KnownRows? known = null) => Guard(() =>
    {
        var closer = new List<(int Place, bool SeenBefore, bool HasRow)>();
        using (var reading = _connection.BeginTransaction(deferred: true))
        {
            for (var place = 0; place < page.Count; place++)
            {
                var listed = page[place];
                var (id, machine) = (ListingHash.Of(listed.TrackingId), ListingHash.Of(listed.ProviderId));
                var seenBefore = _listed.Add(id, machine);
                if (!seenBefore && known?.TryCompare(id, machine, listed, _noted) == true) continue;
                if (Look(listed, seenBefore) is { } hasRow) closer.Add((place, seenBefore, hasRow));
            }

            reading.Commit();
        }

        return closer.ConvertAll(c => new Difference(c.Place, c.SeenBefore, c.HasRow ? Find(page[c.Place].TrackingId) : null));
    });

    /// <summary>Reads live rows in their order, for <see cref="Compare"/>. Those that need a closer look are left out.</summary>
    /// <param name="hash">Of the listing that is compared with them: <see cref="ListingHash"/> of the connection that takes it in.</param>
    /// <param name="count">How many there are, about.</param>
    /// <param name="most">So many at most.</param>
    /// <param name="ct">Ends it.</param>
    public KnownRows ReadKnown(SeededHash hash, int count, int most, CancellationToken ct) => Guard(() =>
    {
        var (rows, known, left) = (Raw(Queries.Known, "$take"), new KnownRows(Math.Min(count, most), hash), most);
        rows.Bind(0, most);
        try
        {
            while (rows.Step())
            {
                ct.ThrowIfCancellationRequested();
                if (--left == 0) known.Cut();
                if (!IsPlain(rows, out var status)) known.LeaveOut(rows.Number(0));
                else known.Add(rows.Utf8(7), rows.Number(0), Print(rows), rows.Utf8(2), status, Word(rows, 6), Word(rows, 4), Word(rows, 5));
            }
        }
        finally
        {
            rows.Reset();
        }

        return known;
    });

    /// <summary>
    /// Live rows that the listing does not name with their instance, by id. With rows that were read ahead of the listing only those
    /// are looked at that were not listed as they were then: a row that came to be live since, or was numbered anew by a VACUUM, has its
    /// turn in the next cycle.
    /// </summary>
    public IReadOnlyList<LiveRow> FindNotListed(KnownRows? known = null) => Guard<IReadOnlyList<LiveRow>>(() =>
    {
        var rows = new List<LiveRow>();
        if (known?.NotIn(_listed) is not { } numbers)
        {
            var all = Raw(Queries.Live, "$after");
            all.Bind(0, "");
            AddNotListed(rows, all);
            return rows;
        }

        foreach (var number in numbers)
        {
            var one = Raw(Queries.LiveOne, "$row");
            one.Bind(0, number);
            AddNotListed(rows, one);
        }

        return [.. rows.OrderBy(row => row.Id, StringComparer.Ordinal)];
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

    private void AddNotListed(List<LiveRow> rows, RawStatement live)
    {
        try
        {
            while (live.Step())
            {
                if (!_listed.Contains(ListingHash.Of(live.Utf8(0)), ListingHash.Of(live.Utf8(1)))) rows.Add(new(live.Text(0)!, live.Text(1)!));
            }
        }
        finally
        {
            live.Reset();
        }
    }

    /// <summary>Null: as its row says, or noted. False: it has no row.</summary>
    private bool? Look(Listed listed, bool seenBefore)
    {
        var look = Raw(Queries.Look, "$id");
        look.Bind(0, listed.TrackingId);
        try
        {
            if (!look.Step()) return false;
            if (seenBefore || !look.Is(2, listed.ProviderId) || !IsPlain(look, out var status)) return true;
            var (ip4, ip6, hostname) = (New(look, 4, listed.Ip4), New(look, 5, listed.Ip6), New(look, 6, listed.Hostname));
            if (status == listed.Status && (ip4 ?? ip6 ?? hostname) is null) return null;
            _noted.Add(look.Number(0), Print(look), listed.Status, hostname, ip4, ip6);
            return null;
        }
        finally
        {
            look.Reset();
        }
    }

    /// <summary>A live row that names a machine and, in a plain way, a status.</summary>
    private static bool IsPlain(RawStatement row, out InstanceStatus status)
    {
        status = default;
        return row.Number(1) != 0 && row.IsText(2) && row.IsText(3) && row.IsText(7) && ProviderState.TryStatus(row.Utf8(3), out status);
    }

    /// <summary>Empty: what stands there is no text, and equals nothing that a cloud says.</summary>
    private static ReadOnlySpan<byte> Word(RawStatement row, int column) => row.IsText(column) ? row.Utf8(column) : [];

    private UInt128 Print(RawStatement row) => _state.Fingerprint(row.Utf8(7), row.Utf8(2), true, row.Utf8(3));

    /// <summary>Null: as the row says. What the cloud does not say is no difference.</summary>
    private static string? New(RawStatement row, int column, string? said) => said is null || row.Is(column, said) ? null : said;

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
