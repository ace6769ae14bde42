using Microsoft.Data.Sqlite;

namespace Nstance.Temporal.Activities.Database;

/// <summary>
/// Reads rows as <see cref="Queries"/> selects them. SQLite stores values of any type. An invalid value is read so that
/// it cannot cause a termination, and its column is named.
/// </summary>
internal static class RowReader
{
    /// <summary>Number of columns of a row; further columns of a query follow.</summary>
    public const int Columns = 17;

    public static InstanceRow Row(SqliteDataReader reader)
    {
        var invalid = new List<string>();
        var own = Statement.Text(reader, 3) is { Length: > 0 } provider ? provider : null;
        var carriers = reader.IsDBNull(16) ? 0 : reader.GetInt32(16);
        var registered = Time(reader, 5, "registered_at", DateTimeOffset.MinValue, invalid);
        return new()
        {
            Id = Statement.Text(reader, 0) ?? "",
            Tenant = Statement.Text(reader, 1) ?? "",
            Group = Statement.Text(reader, 2),
            ProviderId = own ?? carriers switch
            {
                0 => Optional(reader, 14),
                1 => Statement.Text(reader, 15),
                _ => null,
            },
            NamesMachine = own is not null,
            Carriers = carriers,
            IssuedAt = Time(reader, 4, "issued_at", DateTimeOffset.MaxValue, invalid),
            RegisteredAt = registered ?? Recorded(reader, 12),
            HealthAt = Time(reader, 6, "health_at", null, invalid),
            CreatedAt = Time(reader, 7, "created_at", DateTimeOffset.MaxValue, invalid) ?? DateTimeOffset.MaxValue,
            UpdatedAt = Time(reader, 8, "updated_at", DateTimeOffset.MaxValue, invalid),
            DeletedAt = Time(reader, 9, "deleted_at", DateTimeOffset.MaxValue, invalid),
            HasRecord = !reader.IsDBNull(10),
            RecordStatus = InstanceStatuses.Parse(Statement.Text(reader, 11)),
            FirstReadAt = Recorded(reader, 13),
            InvalidColumns = string.Join(", ", invalid),
        };
    }

    /// <summary>Reads a machine without a row. Its wait for the registration began at its launch.</summary>
    public static InstanceRow Rowless(SqliteDataReader reader)
    {
        DateTimeOffset? launched =
            reader.IsDBNull(4) ? null : DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(4));
        return new()
        {
            Id = reader.GetString(0),
            Tenant = Statement.Text(reader, 1) ?? "",
            Group = Statement.Text(reader, 2),
            ProviderId = reader.GetString(3),
            IssuedAt = launched ?? DateTimeOffset.MaxValue,
            CreatedAt = launched ?? DateTimeOffset.MaxValue,
            HasRow = false,
            MachineStatus = InstanceStatuses.Parse(reader.GetString(5)),
            HasRecord = !reader.IsDBNull(6),
            RecordStatus = InstanceStatuses.Parse(Statement.Text(reader, 7)),
            RegisteredAt = Recorded(reader, 8),
            FirstReadAt = Recorded(reader, 9),
        };
    }

    /// <summary>Reads a machine. Machines of one group share its text in <paramref name="groups"/>.</summary>
    public static MachineRow Machine(SqliteDataReader reader, Dictionary<string, string> groups)
    {
        var group = Optional(reader, 2);
        if (group is not null && !groups.TryAdd(group, group)) group = groups[group];
        return new(
            reader.GetString(0), reader.GetString(1), group, InstanceStatuses.Parse(reader.GetString(3)),
            reader.IsDBNull(4) ? null : reader.GetInt64(4))
        {
            WasRowless = reader.GetInt32(5) != 0,
        };
    }

    private static string? Optional(SqliteDataReader reader, int column) =>
        reader.IsDBNull(column) ? null : reader.GetString(column);

    private static DateTimeOffset? Recorded(SqliteDataReader reader, int column) =>
        GoTime.TryParse(Optional(reader, column), out var time) ? time : null;

    private static DateTimeOffset? Time(
        SqliteDataReader reader, int column, string name, DateTimeOffset? unusable, List<string> invalid)
    {
        if (reader.IsDBNull(column)) return null;
        if (GoTime.TryParse(Statement.Text(reader, column), out var time)) return time;
        invalid.Add(name);
        return unusable;
    }
}
