using Microsoft.Data.Sqlite;
using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Tests.Support;

namespace Nstance.Temporal.Tests.Database;

public sealed class OpeningTests : IDisposable
{
    private readonly Shard1 _shard = new();

    public void Dispose() => _shard.Dispose();

    [Fact]
    public void Open_NstancesFile_KeepsItsTablesAndIndexesAsTheyAre()
    {
        const string Theirs = """
            SELECT group_concat(sql, ';')
            FROM (SELECT sql FROM sqlite_master WHERE name NOT LIKE '%gc_%' ORDER BY name)
            """;
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
        Assert.Empty(database.CountLiveByGroup());
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
    }

    [Fact]
    public void Open_TableLacksAColumn_IsRefusedAndUntouched()
    {
        _shard.Execute("ALTER TABLE instances RENAME COLUMN provider_state TO other");
        Refused(DatabaseFault.Unusable, "lacks provider_state");
        Assert.Equal("0", Scalar("SELECT count(*) FROM sqlite_master WHERE name LIKE 'gc_%'"));
    }

    [Fact]
    public void Open_NoDatabaseAtAll_IsRefused()
    {
        File.WriteAllText(
            _shard.DatabasePath, "this is a text, and a long one, so that SQLite looks at it twice".PadRight(4096));
        Refused(DatabaseFault.Damaged, "not an SQLite database");
    }

    [Fact]
    public void Open_SharedFileMissing_IsRefusedAndNotMade()
    {
        File.Delete(_shard.DatabasePath);
        Refused(DatabaseFault.Unusable, "does not exist");
        Assert.False(File.Exists(_shard.DatabasePath));
    }

    [Fact]
    public void Open_ReadOnlyFile_IsRefused()
    {
        File.SetAttributes(_shard.DatabasePath, FileAttributes.ReadOnly);
        Refused(DatabaseFault.Unusable, "read-only");
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
        _shard.Execute("UPDATE gc_meta SET value = '99' WHERE key = 'version'");
        Refused(DatabaseFault.Unusable, "newer nstance-gc");
    }

    [Fact]
    public void Open_SharedFileOfAnEarlierBuild_LosesWhatThatLeftOnNstancesTables()
    {
        _shard.Execute("""
            CREATE TABLE gc_meta (key TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL) WITHOUT ROWID;
            INSERT INTO gc_meta VALUES ('schema_version', '5'), ('synced_at', '2026-11-23 18:00:00+00:00');
            CREATE TABLE gc_instances (instance_id TEXT PRIMARY KEY NOT NULL);
            CREATE INDEX gc_live ON instances (id, provider_id) WHERE deleted_at IS NULL;
            CREATE INDEX gc_lb_instances ON lb_instances (instance_id);
            """);

        using var database = Open();

        Assert.Null(database.GetMeta(MetaKeys.SyncedAt));
        Assert.Equal(
            "0",
            Scalar(
                "SELECT count(*) FROM sqlite_master "
            + "WHERE type = 'index' AND name LIKE 'gc_%' AND tbl_name NOT LIKE 'gc_%'"));
        Assert.Equal("0", Scalar("SELECT count(*) FROM sqlite_master WHERE name = 'gc_instances'"));
        Assert.Equal($"{Schema.Version}", database.GetMeta(MetaKeys.Version));
    }

    [Fact]
    public void Open_FileWithoutLoadBalancers_IsTaken()
    {
        _shard.Execute("DROP TABLE lb_instances");
        using var database = Open();
        Assert.NotEmpty(database.FindAll(["no-such-id", Scalar("SELECT min(id) FROM instances")!]));
    }

    [Fact]
    public void Open_LoadBalancersWithoutAStatus_IsRefused()
    {
        _shard.Execute("ALTER TABLE lb_instances RENAME COLUMN status TO state");
        Refused(DatabaseFault.Unusable, "table lb_instances lacks status");
    }

    [Fact]
    public void Open_OwnFileOfAnEarlierBuild_IsRefusedInOneLine()
    {
        var path = Path.Combine(_shard.OwnFolder, "own.db");
        ShardDatabase.Open(path, _shard.Shard, own: true).Dispose();
        _shard.Execute("UPDATE gc_meta SET key = 'schema_version' WHERE key = 'version'", path);

        var e = Assert.Throws<DatabaseException>(() => ShardDatabase.Open(path, _shard.Shard, own: true));

        Assert.Contains(
            $"an earlier build of nstance-gc wrote database {path}: delete the file", e.Message,
            StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
    }

    [Fact]
    public void Open_AnyFile_AddsNoIndexColumnOrTriggerToNstancesTables()
    {
        const string Theirs = """
            SELECT group_concat(type || name || coalesce(sql, ''), ';') FROM (
              SELECT * FROM sqlite_master WHERE tbl_name IN ('instances', 'lb_instances', 'public_keys') ORDER BY name)
            """;
        var before = Scalar(Theirs);
        Open().Dispose();
        Assert.Equal(before, Scalar(Theirs));
    }

    [Fact]
    public void OpenToRead_FileInUse_ReadsAndCannotWrite()
    {
        using var used = Open();
        used.SetMeta("rebuilt_at", "then");

        using var database = ShardDatabase.OpenToRead(_shard.DatabasePath, _shard.Shard, own: false);

        Assert.Equal("then", database.GetMeta("rebuilt_at"));
        Assert.Equal(
            DatabaseFault.Unusable,
            Assert.Throws<DatabaseException>(() => database.SetMeta("rebuilt_at", "now")).Fault);
    }

    [Fact]
    public void OpenToRead_FileThatNoCollectorUsedYet_IsRefusedAndUntouched()
    {
        var before = File.ReadAllBytes(_shard.DatabasePath);

        var e = Assert.Throws<DatabaseException>(
            () => ShardDatabase.OpenToRead(_shard.DatabasePath, _shard.Shard, own: false));

        Assert.Equal(DatabaseFault.Unusable, e.Fault);
        Assert.Equal(before, File.ReadAllBytes(_shard.DatabasePath));
    }

    [Fact]
    public async Task Write_NstanceHoldsTheWriteLock_WaitsForItAndSucceeds()
    {
        using var database = Open();
        using var other = new SqliteConnection($"Data Source={_shard.DatabasePath};Pooling=False");
        other.Open();
        var held = other.BeginTransaction();
        var row = database.Find(_shard.Ids("keep")[0])!;
        var write = Task.Run(() => database.MarkDeleted([row], _shard.AsOf));
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
        var row = database.Find(_shard.Ids("keep")[0])!;
        var e = Assert.Throws<DatabaseException>(() => database.MarkDeleted([row], _shard.AsOf));
        Assert.Equal(DatabaseFault.Busy, e.Fault);
    }

    [Fact]
    public void Find_UnreadableTimes_AreReadSoThatNothingIsTerminated()
    {
        var id = _shard.Ids("keep")[0];
        _shard.Execute(
            $"UPDATE instances SET registered_at = NULL, issued_at = 'soon', group_key = NULL WHERE id = '{id}'");
        using var database = Open();
        var row = database.Find(id)!;
        Assert.Null(row.Group);
        Assert.Equal("issued_at", row.InvalidColumns);
        Assert.Equal(DateTimeOffset.MaxValue, row.Issued);
    }

    /// <summary>Every form in which nstance's drivers write a time (contract, "Column types").</summary>
    [Theory]
    [InlineData("2026-11-23 12:00:05", true)]
    [InlineData("2026-11-23 12:00:05+00:00", true)]
    [InlineData("2026-11-23 12:00:05.499999999+00:00", true)]
    [InlineData("2026-11-23 12:00:05.4999999999+00:00", true)]
    [InlineData("2026-11-23 12:00:05.499999999 +0000 UTC", true)]
    [InlineData("2026-11-23 12:00:05.4999999999 +0000 UTC m=+0.012345678", true)]
    [InlineData("2026-11-23 12:00:05 +0000 UTC m=-12.5", true)]
    [InlineData("2026-11-23 12:00:05.5+00:00", false)]
    [InlineData("2026-11-23 12:00:05.500000001+00:00", false)]
    [InlineData("2026-11-23 12:00:05.500000001 +0000 UTC", false)]
    [InlineData("2026-11-23 12:00:06", false)]
    public void FindUnregistered_SameSecondInEachForm_IsJudgedExactly(string text, bool isOlder)
    {
        var id = _shard.Ids("keep")[0];
        var asOf = new DateTimeOffset(2026, 11, 23, 12, 0, 5, 500, TimeSpan.Zero);
        using var database = Open();
        _shard.Execute($"UPDATE instances SET registered_at = NULL, issued_at = '{text}' WHERE id = '{id}'");
        Assert.Equal(isOlder, database.FindUnregistered(asOf, _shard.AsOf).Any(r => r.Id == id));
        Assert.Empty(database.Find(id)!.InvalidColumns);
    }

    [Fact]
    public void FindExpired_GivesEveryRowPastTheRetentionWhoseMachineIsGone()
    {
        using var database = Open();
        Assert.Equal(_shard.Ids("purge"), database.FindExpired(_shard.AsOf.AddMinutes(-30)).Select(r => r.Id));

        // While a machine carries its id, or is the one that it names, a row stays.
        var carried = database.Find(_shard.Ids("purge")[0])!;
        var named = database.Find(_shard.Ids("purge")[1])!;
        database.WriteMachines(
            [
                new(new("i-other", carried.Id, null, InstanceStatus.Running, 0), IsInsert: true),
                new(new(named.ProviderId!, "someone-else", null, InstanceStatus.Deleting, 0), IsInsert: true),
            ],
            _shard.AsOf);

        Assert.Equal(_shard.Ids("purge").Skip(2), database.FindExpired(_shard.AsOf.AddMinutes(-30)).Select(r => r.Id));
    }

    [Fact]
    public void Purge_LiveRowOrForeignReference_Stays()
    {
        _shard.Execute("CREATE TABLE extra (i TEXT REFERENCES instances (id))");
        var held = _shard.Ids("purge")[0];
        var live = _shard.Ids("keep")[0];
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
