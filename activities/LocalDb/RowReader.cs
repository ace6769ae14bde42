using System.Text;
using Nstance.Temporal.Activities.Domain;
using SQLitePCL;

namespace Nstance.Temporal.Activities.LocalDb;

/// <summary>
/// Reads a row as <see cref="Queries"/> selects it. SQLite keeps whatever was written: a value of the wrong type is no
/// error here, it is a value that cannot be understood, and it is read so that it cannot get an instance ended.
/// </summary>
internal static class RowReader
{
    /// <summary>Number of columns that it reads; what a query selects beyond them comes after.</summary>
    public const int Columns = 19;

    public static InstanceRow Read(RawStatement reader) => new()
    {
        Id = Text(reader, 0) ?? "",
        Tenant = Text(reader, 1) ?? "",
        Group = Text(reader, 2),
        ProviderId = Text(reader, 3) is { Length: > 0 } provider ? provider : null,
        ProviderState = Text(reader, 4),
        Status = InstanceStatuses.Parse(Text(reader, 5)),
        IssuedAt = Time(reader, 6, DateTimeOffset.MaxValue),
        RegisteredAt = Time(reader, 7, DateTimeOffset.MinValue),
        HealthAt = Time(reader, 8, null),
        CreatedAt = Time(reader, 9, DateTimeOffset.MaxValue) ?? DateTimeOffset.MaxValue,
        UpdatedAt = Time(reader, 10, DateTimeOffset.MaxValue),
        ProviderAt = Time(reader, 11, null),
        DeletedAt = Time(reader, 12, DateTimeOffset.MaxValue),
        Ip4 = Text(reader, 13),
        Ip6 = Text(reader, 14),
        Hostname = Text(reader, 15),
        Orphan = !reader.IsNull(16) && (reader.Kind(16) != raw.SQLITE_INTEGER || reader.Number(16) != 0),
        FirstSeenAt = Time(reader, 17, DateTimeOffset.MaxValue),
        RecordStatus = InstanceStatuses.Parse(Text(reader, 18)),
    };

    /// <summary>Null for NULL, and for bytes that are no text.</summary>
    public static string? Text(RawStatement reader, int column) =>
        reader.Kind(column) is raw.SQLITE_NULL or raw.SQLITE_BLOB ? null : Encoding.UTF8.GetString(reader.Utf8(column));

    private static DateTimeOffset? Time(RawStatement reader, int column, DateTimeOffset? unreadable)
    {
        var kind = reader.Kind(column);
        if (kind == raw.SQLITE_NULL) return null;
        return kind == raw.SQLITE_TEXT && GoTime.TryParse(reader.Utf8(column), out var time) ? time : unreadable;
    }
}
