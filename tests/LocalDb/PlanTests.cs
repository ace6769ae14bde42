using Microsoft.Data.Sqlite;
using Nstance.Temporal.Activities.LocalDb;
using Nstance.Temporal.Tests.Support;

namespace Nstance.Temporal.Tests.LocalDb;

/// <summary>Every query of the collector is served by an index, in nstance's own file with its old indexes.</summary>
public sealed class PlanTests : IDisposable
{
    private readonly Shard1 _shard = new();

    public static TheoryData<string, bool> Names()
    {
        var data = new TheoryData<string, bool>();
        foreach (var name in Queries.All.Keys)
        {
            data.Add(name, false);
            data.Add(name, true);
        }

        return data;
    }

    public void Dispose() => _shard.Dispose();

    [Theory]
    [MemberData(nameof(Names))]
    public void Plan_EveryQuery_UsesItsIndex(string name, bool analyzed)
    {
        ShardDatabase.Open(_shard.DatabasePath, _shard.Shard, own: false).Dispose();
        if (analyzed) _shard.Execute("ANALYZE");
        var isCount = name.StartsWith("Count", StringComparison.Ordinal) || name is nameof(Queries.AnyHealth) or nameof(Queries.Unreadable) or nameof(Queries.UnreadableReports);

        foreach (var step in Plan(Queries.All[name]))
        {
            var walksTable = step.StartsWith("SCAN", StringComparison.Ordinal)
                && !step.Contains("CONSTANT ROW") && !step.Contains("(subquery") && !step.StartsWith("SCAN json_each", StringComparison.Ordinal)
                && !(isCount && step.Contains("INDEX gc_"));
            Assert.False(walksTable, step);
            if (step.StartsWith("SEARCH instances", StringComparison.Ordinal))
                Assert.True(step.Contains("INDEX gc_") || step.Contains("sqlite_autoindex_instances_1") || step.Contains("INTEGER PRIMARY KEY"), step);
        }
    }

    /// <summary>By an index, each of a hundred thousand rows would be looked for in an order that is random to the file.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Plan_WriteOfWhatWasNoted_GoesByTheRowsNumber(bool analyzed)
    {
        ShardDatabase.Open(_shard.DatabasePath, _shard.Shard, own: false).Dispose();
        if (analyzed) _shard.Execute("ANALYZE");

        Assert.Contains("INTEGER PRIMARY KEY", Assert.Single(Plan(Statements.RefreshNoted)));
    }

    private List<string> Plan(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={_shard.DatabasePath};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "EXPLAIN QUERY PLAN " + sql;
        foreach (var p in new[] { "$page", "$after", "$take", "$before", "$reported", "$id", "$provider", "$since", "$reason", "$row", "$at", "$state", "$host", "$v4", "$v6", "$machine", "$was" })
            if (sql.Contains(p)) command.Parameters.AddWithValue(p, p == "$take" ? 10 : p == "$page" ? "[]" : "2026-11-23 18:00:00");
        using var reader = command.ExecuteReader();
        var steps = new List<string>();
        while (reader.Read()) steps.Add(reader.GetString(3));
        return steps;
    }
}
