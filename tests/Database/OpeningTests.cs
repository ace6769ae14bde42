using Microsoft.Data.Sqlite;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Tests.Support;

namespace Nstance.Temporal.Tests.Database;

public sealed class OpeningTests : IDisposable
{
    private readonly Shard1 _shard = new();

    public void Dispose() => _shard.Dispose();

    [Fact]
    public void Open_NstancesFile_KeepsItsTablesAndIndexesAsTheyAre()
    {
        const string Theirs = "SELECT group_concat(sql, ';') FROM (SELECT sql FROM sqlite_master WHERE name NOT LIKE '%gc_%' ORDER BY name)";
        var before = Scalar(Theirs);
        Open().Dispose();
        Assert.Equal(before, Scalar(Theirs));
        Assert.NotEqual("0", Scalar("SELECT count(*) FROM sqlite_master WHERE name LIKE 'gc_%'"));
    }

    [Fact]
    public void Open_OwnFile_IsMadeForItsOwnerAlone()
    {
        var path = Path.Combine(_shard.OwnFolder, "new.db");
        using var database = ShardDatabase.Open(path, _shard.Shard, own: true);
        Assert.Equal(0, database.CountLive());
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
    }

    [Fact]
    public void Open_TableLacksAColumn_IsRefusedAndUntouched()
    {
        _shard.Execute("ALTER TABLE instances RENAME COLUMN provider_state TO other");
        Refused(DatabaseFault.OtherKind, "lacks provider_state");
        Assert.Equal("0", Scalar("SELECT count(*) FROM sqlite_master WHERE name LIKE 'gc_%'"));
    }

    [Fact]
    public void Open_NoDatabaseAtAll_IsRefused()
    {
        File.WriteAllText(_shard.DatabasePath, "this is a text, and a long one, so that SQLite looks at it twice".PadRight(4096));
        Refused(DatabaseFault.OtherKind, "not an SQLite database");
    }

    [Fact]
    public void Open_SharedFileMissing_IsRefusedAndNotMade()
    {
        File.Delete(_shard.DatabasePath);
        Refused(DatabaseFault.Missing, "does not exist");
        Assert.False(File.Exists(_shard.DatabasePath));
    }

    [Fact]
    public void Open_ReadOnlyFile_IsRefused()
    {
        File.SetAttributes(_shard.DatabasePath, FileAttributes.ReadOnly);
        Refused(DatabaseFault.ReadOnly, "read-only");
        File.SetAttributes(_shard.DatabasePath, FileAttributes.Normal);
    }

    [Fact]
    public void Open_FileOfAnotherShard_IsRefused()
    {
        Open().Dispose();
        var e = Assert.Throws<DatabaseException>(() =>
            ShardDatabase.Open(_shard.DatabasePath, _shard.Shard with { Shard = "other-1" }, own: false));
        Assert.Contains("belongs to shard prod-eu/us-west-2a", e.Message);
    }

    [Fact]
    public void Open_FileOfANewerCollector_IsRefused()
    {
        Open().Dispose();
        _shard.Execute("UPDATE gc_meta SET value = '99' WHERE key = 'schema_version'");
        Refused(DatabaseFault.OtherKind, "newer nstance-gc");
    }

    [Fact]
    public void Open_FileOfAnOlderCollector_GetsWhatItLacksAndKeepsItsMemory()
    {
        using (var database = Open()) database.SetMeta("rebuilt_at", "then");
        _shard.Execute("""
            DROP TABLE gc_audit; DROP TABLE gc_told; DROP INDEX gc_unhealthy_row; UPDATE gc_meta SET value = '1' WHERE key = 'schema_version';
            CREATE INDEX gc_unhealthy_state ON instances (id) WHERE provider_state = '';
            CREATE INDEX gc_unreadable_row ON instances (id) WHERE typeof(id) <> 'text'
            """);

        using var again = Open();

        Assert.Empty(again.WaitingAudit(1));
        Assert.NotEmpty(again.FindUnhealthy(null, 1));
        Assert.Equal(("then", $"{Schema.Version}"), (again.GetMeta("rebuilt_at"), again.GetMeta("schema_version")));
        Assert.Equal("0", Scalar("SELECT count(*) FROM sqlite_master WHERE name IN ('gc_unhealthy_state', 'gc_unreadable_row')"));
    }

    [Fact]
    public void OpenToRead_FileInUse_ReadsAndCannotWrite()
    {
        using var used = Open();
        used.SetMeta("rebuilt_at", "then");

        using var database = ShardDatabase.OpenToRead(_shard.DatabasePath, _shard.Shard, own: false);

        Assert.Equal("then", database.GetMeta("rebuilt_at"));
        Assert.Equal(DatabaseFault.ReadOnly, Assert.Throws<DatabaseException>(() => database.SetMeta("rebuilt_at", "now")).Fault);
    }

    [Fact]
    public void OpenToRead_FileThatNoCollectorUsedYet_IsRefusedAndUntouched()
    {
        var before = File.ReadAllBytes(_shard.DatabasePath);

        var e = Assert.Throws<DatabaseException>(() => ShardDatabase.OpenToRead(_shard.DatabasePath, _shard.Shard, own: false));

        Assert.Equal(DatabaseFault.Missing, e.Fault);
        Assert.Equal(before, File.ReadAllBytes(_shard.DatabasePath));
    }

    [Fact]
    public async Task Write_NstanceHoldsTheWriteLock_WaitsForItAndSucceeds()
    {
        using var database = Open();
        using var other = new SqliteConnection($"Data Source={_shard.DatabasePath};Pooling=False");
        other.Open();
        var held = other.BeginTransaction();
        var id = _shard.Ids("keep")[0];
        var write = Task.Run(() => database.MarkDeleted([id], _shard.AsOf));
        Assert.False(write.IsCompleted);
        held.Commit();
        Assert.Equal(1, await write);
    }

    [Fact]
    public void Write_LockIsNeverGivenBack_IsBusyAndNothingIsWritten()
    {
        using var database = Open();
        using var other = new SqliteConnection($"Data Source={_shard.DatabasePath};Pooling=False");
        other.Open();
        using var held = other.BeginTransaction();
        var e = Assert.Throws<DatabaseException>(() => database.MarkDeleted([_shard.Ids("keep")[0]], _shard.AsOf));
        Assert.Equal(DatabaseFault.Busy, e.Fault);
    }

    [Fact]
    public void Find_BrokenStateAndUnreadableTimes_AreReadSoThatNothingEnds()
    {
        var id = _shard.Ids("keep")[0];
        _shard.Execute($"UPDATE instances SET provider_state = '[broken', registered_at = NULL, issued_at = 'soon', group_key = NULL WHERE id = '{id}'");
        using var database = Open();
        var row = database.Find(id)!;
        Assert.Equal((InstanceStatus.Unknown, null), (row.Status, row.Group));
        Assert.DoesNotContain(database.FindDangling(_shard.AsOf, null, 1000), r => r.Id == id);
        Assert.DoesNotContain(database.FindUnhealthy(null, 1000), r => r.Id == id);

        // The index must not stand in the way of nstance's own writes of such a state.
        _shard.Execute($"UPDATE instances SET provider_state = 'worse{{' WHERE id = '{id}'");
    }

    [Theory]
    [InlineData("stopping", true)]
    [InlineData("stopped", true)]
    [InlineData("suspending", true)]
    [InlineData("suspended", true)]
    [InlineData("deleting", true)]
    [InlineData("deleted", true)]
    [InlineData("terminated", true)]
    [InlineData("repairing", true)]
    [InlineData("running", false)]
    [InlineData("pending", false)]
    [InlineData("unknown", false)]
    [InlineData("ready", false)]
    public void FindUnhealthy_StatusInEachFormOfJson_IsFoundByItsWord(string word, bool isFound)
    {
        var id = _shard.Ids("keep")[0];
        using var database = Open();
        foreach (var state in new[]
        {
            $$"""{"instance_id":"é","status":"{{word}}"}""",
            $$"""{"status":"{{word}}"}""",
            $$"""{ "status": "{{word}}", "shard": "stopped" }""",
            $$"""{"a":{"b":1,"status":"running"},"status":"{{word}}"}""",
            $$$"""{"status":"{{{word}}}","a":{"b":1,"status":"running"}}""",
            $$"""{"status":"{{word}}","a":"x,\"status\":\"running\""}""",
            $$"""{"\u0073tatus":"\u00{{(int)word[0]:x2}}{{word[1..]}}"}""",
        })
        {
            _shard.Execute($"UPDATE instances SET provider_state = '{state}' WHERE id = '{id}'");
            Assert.Equal((state, isFound), (state, database.FindUnhealthy(null, 1000).Any(r => r.Id == id)));
        }
    }

    [Fact]
    public void FindDangling_SameSecondInBothForms_IsJudgedExactly()
    {
        var (id, asOf) = (_shard.Ids("keep")[0], new DateTimeOffset(2026, 11, 23, 12, 0, 5, 500, TimeSpan.Zero));
        using var database = Open();
        foreach (var (text, older) in new[]
        {
            ("2026-11-23 12:00:05", true), ("2026-11-23 12:00:05+00:00", true), ("2026-11-23 12:00:05.499999999+00:00", true),
            ("2026-11-23 12:00:05.5+00:00", false), ("2026-11-23 12:00:05.500000001+00:00", false), ("2026-11-23 12:00:06", false),
        })
        {
            _shard.Execute($"UPDATE instances SET registered_at = NULL, issued_at = '{text}' WHERE id = '{id}'");
            Assert.Equal(older, database.FindDangling(asOf, null, 1000).Any(r => r.Id == id));
        }
    }

    [Fact]
    public void FindExpired_SmallPages_GiveEveryRowOnce()
    {
        using var database = Open();
        var (ids, after) = (new List<string>(), (string?)null);
        while (database.FindExpired(_shard.AsOf.AddMinutes(-30), after, 2) is { Count: > 0 } page)
        {
            ids.AddRange(page.Select(r => r.Id));
            after = page[^1].Id;
        }

        Assert.Equal(_shard.Ids("purge"), ids);
    }

    [Fact]
    public void Purge_LiveRowOrForeignReference_Stays()
    {
        _shard.Execute("CREATE TABLE extra (i TEXT REFERENCES instances (id))");
        var (held, live) = (_shard.Ids("purge")[0], _shard.Ids("keep")[0]);
        _shard.Execute($"INSERT INTO extra VALUES ('{held}')");
        using var database = Open();
        var purged = database.Purge(
            [.. new[] { held, live, _shard.Ids("purge")[1] }.Select(id => (id, new AuditLine(id, $"purged {id}")))]);
        Assert.Equal([_shard.Ids("purge")[1]], purged);
        Assert.Equal(purged, database.WaitingAudit(10).Select(line => line.Id));
        Assert.Contains(live, _shard.Rows("tenant").Keys);
    }

    private ShardDatabase Open() => ShardDatabase.Open(_shard.DatabasePath, _shard.Shard, own: false);

    private void Refused(DatabaseFault fault, string words)
    {
        var e = Assert.Throws<DatabaseException>(Open);
        Assert.Equal(fault, e.Fault);
        Assert.Contains(words, e.Message);
        Assert.DoesNotContain('\n', e.Message);
    }

    private string Scalar(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={_shard.DatabasePath};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar()!.ToString()!;
    }
}
