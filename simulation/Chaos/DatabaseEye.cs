using System.Text.Json;
using Microsoft.Data.Sqlite;

namespace Nstance.Temporal.Simulation.Chaos;

/// <summary>A row as it is on disk.</summary>
internal sealed record SeenRow(string Id, string? Group, bool IsLive);

/// <summary>Looks into a host's database from outside. Held open: that also spares each phase the opening of a WAL file.</summary>
internal sealed class DatabaseEye : IDisposable
{
    private readonly SqliteConnection _connection;

    public DatabaseEye(string path)
    {
        _connection = new SqliteConnection($"Data Source={path};Pooling=False;Mode=ReadWrite");
        _connection.Open();
    }

    /// <summary>Null: made, but without tables yet.</summary>
    public IReadOnlyList<SeenRow>? Rows()
    {
        try
        {
            using var command = _connection.CreateCommand();
            command.CommandText = "SELECT id, group_key, deleted_at IS NULL FROM instances";
            using var reader = command.ExecuteReader();
            var rows = new List<SeenRow>();
            while (reader.Read()) rows.Add(new(reader.GetString(0), reader.IsDBNull(1) ? null : reader.GetString(1), reader.GetBoolean(2)));
            return rows;
        }
        catch (SqliteException)
        {
            return null;
        }
    }

    public IReadOnlySet<string> PlanItems(string hash)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = "SELECT value FROM gc_meta WHERE key = 'collect.plans'";
        if (command.ExecuteScalar() is not string json) return new HashSet<string>();
        using var plans = JsonDocument.Parse(json);
        return plans.RootElement.EnumerateArray().Where(plan => plan.GetProperty("Hash").GetString() == hash)
            .SelectMany(plan => plan.GetProperty("Items").EnumerateArray())
            .Select(item => item.GetProperty("InstanceId").GetString()!).ToHashSet();
    }

    public void Dispose() => _connection.Dispose();
}
