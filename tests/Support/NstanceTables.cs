using Microsoft.Data.Sqlite;

namespace Nstance.Temporal.Tests.Support;

/// <summary>A dump of nstance's tables: each value as an SQL literal, which tells texts from BLOBs.</summary>
internal sealed class NstanceTables
{
    private readonly Dictionary<string, IReadOnlyDictionary<string, string>> _instances = new(StringComparer.Ordinal);

    private NstanceTables(string path)
    {
        using var connection = new SqliteConnection($"Data Source={path};Pooling=False;Mode=ReadOnly");
        connection.Open();
        var others = new List<string>();
        var tables = Texts(connection, """
            SELECT name FROM sqlite_master
            WHERE type = 'table' AND name <> 'sqlite_sequence' AND name NOT LIKE 'gc\_%' ESCAPE '\' ORDER BY name
            """);
        foreach (var table in tables)
        {
            var columns = Texts(connection, $"SELECT name FROM pragma_table_info('{table}')");
            foreach (var row in Rows(connection, table, columns))
            {
                if (table == "instances") _instances[row["id"]] = row;
                else others.Add($"{table}: {string.Join(", ", row.Values)}");
            }
        }

        Others = [.. others.Order(StringComparer.Ordinal)];
        Schema = Texts(connection, """
            SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_master
            WHERE tbl_name NOT LIKE 'gc\_%' ESCAPE '\' ORDER BY 1
            """);
    }

    /// <summary>Rows of <c>instances</c> by id (a literal), each by column.</summary>
    public IReadOnlyDictionary<string, IReadOnlyDictionary<string, string>> Instances => _instances;

    /// <summary>Rows of all other tables.</summary>
    public IReadOnlyList<string> Others { get; }

    public IReadOnlyList<string> Schema { get; }

    public static NstanceTables Dump(string path) => new(path);

    /// <summary>Columns of a row that differ from what they were; null: the row is new or gone.</summary>
    public IReadOnlyList<string>? Changes(string literal, NstanceTables before) =>
        Instances.TryGetValue(literal, out var now) && before.Instances.TryGetValue(literal, out var was)
            ? [.. now.Keys.Where(column => now[column] != was.GetValueOrDefault(column))]
            : null;

    /// <summary>Ids (literals) of rows that are new, gone or changed.</summary>
    public IReadOnlyList<string> Differs(NstanceTables before) =>
    [
        .. Instances.Keys.Union(before.Instances.Keys).Where(id => Changes(id, before) is not { Count: 0 })
            .Order(StringComparer.Ordinal),
    ];

    public static void AssertSame(NstanceTables before, NstanceTables after)
    {
        Assert.Empty(after.Differs(before));
        Assert.Equal(before.Others, after.Others);
        Assert.Equal(before.Schema, after.Schema);
    }

    /// <summary>A column that agents' reports change: nstance's own doing.</summary>
    public static bool IsReport(string column) => column is "health_at" or "health";

    public static void AssertOnlyReportsDiffer(NstanceTables before, NstanceTables after)
    {
        foreach (var id in after.Differs(before))
        {
            Assert.All(
                after.Changes(id, before) ?? ["row"],
                column => Assert.True(IsReport(column), $"{column} of {id} changed"));
        }

        Assert.Equal(before.Others, after.Others);
        Assert.Equal(before.Schema, after.Schema);
    }

    private static List<string> Texts(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        using var reader = command.ExecuteReader();
        var texts = new List<string>();
        while (reader.Read()) texts.Add(reader.GetString(0));
        return texts;
    }

    private static List<IReadOnlyDictionary<string, string>> Rows(
        SqliteConnection connection, string table, List<string> columns)
    {
        using var command = connection.CreateCommand();
        command.CommandText = $"SELECT {string.Join(", ", columns.Select(c => $"quote(\"{c}\")"))} FROM \"{table}\"";
        using var reader = command.ExecuteReader();
        var rows = new List<IReadOnlyDictionary<string, string>>();
        while (reader.Read())
            rows.Add(Enumerable.Range(0, columns.Count).ToDictionary(n => columns[n], reader.GetString));
        return rows;
    }
}
