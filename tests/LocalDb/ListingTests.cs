using Microsoft.Data.Sqlite;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.LocalDb;
using Nstance.Temporal.Workflows.Contracts;

namespace Nstance.Temporal.Tests.LocalDb;

/// <summary>A listing beside the rows: what is noted, what is given back, and what nstance's server wrote in between.</summary>
public sealed class ListingTests : IDisposable
{
    private static readonly ShardRef Shard = new("c1", "s1", "bucket");
    private static readonly DateTimeOffset At = new(2026, 11, 23, 18, 0, 0, TimeSpan.Zero);

    private readonly string _folder = Directory.CreateTempSubdirectory("nstance-listing-").FullName;
    private readonly ShardDatabase _database;

    public ListingTests()
    {
        _database = ShardDatabase.Open(Path.Combine(_folder, "own.db"), Shard, own: true);
        Row("a", "i-a", """{"status":"pending","own":{"kept":1}}""");
        Row("b", "i-b", """{"status":"pending"}""");
        _database.BeginListing();
    }

    public void Dispose()
    {
        _database.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Refresh_RowsAsCompared_AreWrittenAndKeepWhatWeDoNotKnow()
    {
        Assert.Empty(_database.Compare([Running("a"), Running("b")]));

        Assert.Equal(2, await WriteAsync());
        Assert.Equal(
            """{"own":{"kept":1},"instance_id":"a","provider_instance_id":"i-a","cluster_id":"c1","shard":"s1","status":"running"}""",
            _database.Find("a")!.ProviderState);
        Assert.Equal(("10.0.0.1", At), (_database.Find("b")!.Ip4, _database.Find("b")!.UpdatedAt));
    }

    [Theory]
    [InlineData("NULL")]
    [InlineData("''")]
    [InlineData("'no json'")]
    [InlineData("'{}'")]
    public async Task Refresh_RowWithoutAState_GetsOne(string state)
    {
        Run($"UPDATE instances SET provider_state = {state} WHERE id = 'a'");
        var closer = Assert.Single(_database.Compare([Running("a")]));
        _database.NoteChange(Running("a"), closer.Row!.ProviderState);

        Assert.Equal(1, await WriteAsync());
        Assert.Equal((InstanceStatus.Running, "10.0.0.1"), (_database.Find("a")!.Status, _database.Find("a")!.Ip4));
    }

    [Theory]
    [InlineData("""provider_state = '{"status":"deleting"}'""")]
    [InlineData("provider_state = NULL")]
    [InlineData("provider_state = x'7b7d'")]
    [InlineData("provider_id = 'i-other'")]
    public async Task Refresh_RowChangedMeanwhile_StaysAsItIs(string change)
    {
        _database.Compare([Running("a"), Running("b")]);
        Run($"UPDATE instances SET {change} WHERE id = 'a'");
        var before = _database.Find("a");

        Assert.Equal(1, await WriteAsync());
        Assert.Equal(before, _database.Find("a"));
        Assert.Equal(InstanceStatus.Running, _database.Find("b")!.Status);
    }

    [Theory]
    [InlineData("provider_state = '{\"status\":\"deleting\"}'")]
    [InlineData("provider_state = NULL")]
    [InlineData("provider_state = x'7b7d'")]
    [InlineData("provider_id = 'i-other'")]
    [InlineData("id = 'other'")]
    [InlineData("rowid = 100")]
    public void Refresh_RowChangedAfterItWasPrepared_StaysAsItIs(string change)
    {
        _database.Compare([Running("a"), Running("b")]);
        var batch = new WriteBatch();
        using var rest = _database.TakeNoted().Ordered().GetEnumerator();
        Assert.True(_database.Prepare(rest, Shard, batch));
        Run($"UPDATE instances SET {change} WHERE id = 'a'");
        var before = _database.Find("a");

        Assert.Equal(1, _database.Refresh(batch, At));
        Assert.Equal(before, _database.Find("a"));
        Assert.Equal(InstanceStatus.Running, _database.Find("b")!.Status);
        Assert.False(_database.Prepare(rest, Shard, batch));
    }

    [Fact]
    public async Task Refresh_RowsNumberedAnewMeanwhile_NoneGetsWhatWasNotedOfAnother()
    {
        _database.Compare([Running("a"), Running("b")]);
        Run("UPDATE instances SET rowid = 100 WHERE id = 'a'");
        Run("UPDATE instances SET rowid = 1 WHERE id = 'b'");
        var before = (_database.Find("a"), _database.Find("b"));

        Assert.Equal(0, await WriteAsync());
        Assert.Equal(before, (_database.Find("a"), _database.Find("b")));
    }

    [Fact]
    public async Task Refresh_OnlyWhatDiffers_IsNoted()
    {
        _database.Compare([Running("a")]);
        await WriteAsync();
        _database.BeginListing();
        _database.Compare([Running("a") with { Ip6 = "fd00::1" }]);
        Run("UPDATE instances SET hostname = 'nstance-knows-better' WHERE id = 'a'");

        Assert.Equal(1, await WriteAsync());
        Assert.Equal(("10.0.0.1", "fd00::1", "nstance-knows-better"), (_database.Find("a")!.Ip4, _database.Find("a")!.Ip6, _database.Find("a")!.Hostname));
        Assert.Equal(0, await WriteAsync());
    }

    [Fact]
    public async Task Refresh_RowGoneMeanwhile_IsNotMadeAgain()
    {
        _database.Compare([Running("a")]);
        Run("DELETE FROM instances WHERE id = 'a'");

        Assert.Equal(0, await WriteAsync());
        Assert.Null(_database.Find("a"));
    }

    [Fact]
    public async Task Refresh_HealthReportedMeanwhile_BothArePreserved()
    {
        _database.Compare([Running("a")]);
        Run("UPDATE instances SET health_at = '2026-11-23 17:59:59+00:00' WHERE id = 'a'");

        Assert.Equal(1, await WriteAsync());
        Assert.Equal((InstanceStatus.Running, At.AddSeconds(-1)), (_database.Find("a")!.Status, _database.Find("a")!.HealthAt));
    }

    [Fact]
    public async Task Compare_NothingDiffers_WritesNothing()
    {
        _database.Compare([Running("a"), Running("b")]);
        await WriteAsync();
        _database.BeginListing();

        Assert.Empty(_database.Compare([Running("a"), Running("b") with { Ip4 = null }]));
        Assert.Equal(0, await WriteAsync());
    }

    [Fact]
    public async Task Compare_WhatIsNotPlain_IsGivenBackInThePagesOrder()
    {
        Row("deleted", "i-d", """{"status":"running"}""", "'2026-11-23 17:00:00'");
        Row("broken", "i-b", "no json");

        var page = new[] { Running("a"), Running("deleted"), Running("new"), Running("a") with { ProviderId = "i-2" }, Running("b") with { ProviderId = "i-3" } };
        var closer = _database.Compare([.. page, Running("broken")]);

        Assert.Equal([(1, false), (2, false), (3, true), (4, false), (5, false)], closer.Select(c => (c.Place, c.SeenBefore)));
        Assert.Equal(["deleted", null, "a", "b", "broken"], closer.Select(c => c.Row?.Id));
        _database.NoteChange(Running("broken"), closer[^1].Row!.ProviderState);
        Assert.Equal(2, await WriteAsync());
        Assert.Equal(InstanceStatus.Running, _database.Find("broken")!.Status);
    }

    [Fact]
    public void FindNotListed_SameIdOtherMachine_IsNotListed()
    {
        _database.Compare([Running("a"), Running("b") with { ProviderId = "i-3" }]);

        Assert.Equal([new LiveRow("b", "i-b")], _database.FindNotListed());
    }

    private static Listed Running(string id) => new(id, $"i-{id[..1]}", InstanceStatus.Running, "10.0.0.1", null, "host");

    private Task<int> WriteAsync() => new NotedWriter(_database, Shard, At).WriteAsync(() => { });

    private void Row(string id, string machine, string state, string deleted = "NULL") => Run($"""
        INSERT INTO instances (id, tenant, nonce, provider_id, provider_state, deleted_at)
        VALUES ('{id}', 't', 'n-{id}', '{machine}', '{state}', {deleted})
        """);

    /// <summary>As another process would.</summary>
    private void Run(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={_database.Path};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
