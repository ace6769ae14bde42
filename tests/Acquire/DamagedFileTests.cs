using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Tests.Support;
using Temporalio.Exceptions;

namespace Nstance.Temporal.Tests.Acquire;

/// <summary>Damaged files: our own is replaced, nstance's is never changed.</summary>
public sealed class DamagedFileTests : IDisposable
{
    private const int PageSize = 4096;

    private readonly Shard1 _shard = new();

    private string OwnPath => Path.Combine(_shard.OwnFolder, "prod-eu", "us-west-2a.db");

    private string KeptPath => $"{OwnPath}.damaged-{_shard.AsOf.UtcDateTime:yyyyMMddTHHmmssZ}";

    public void Dispose() => _shard.Dispose();

    [Theory]
    [InlineData("middle")]
    [InlineData("truncated")]
    [InlineData("header")]
    [InlineData("text")]
    public async Task Acquire_DamagedOwnFile_IsRenamedRebuiltAndReported(string damage)
    {
        await AcquireAsync();
        var rows = _shard.Rows("tenant", OwnPath);
        Damage(OwnPath, damage);
        var damaged = await File.ReadAllBytesAsync(OwnPath);

        var result = await AcquireAsync("host-a");

        Assert.True(result.Rebuilt);
        Assert.Contains(result.Problems, problem =>
            problem.Contains($"{OwnPath} was damaged", StringComparison.Ordinal)
            && problem.Contains(Path.GetFileName(KeptPath), StringComparison.Ordinal));
        Assert.Equal(rows, _shard.Rows("tenant", OwnPath));
        Assert.Equal(damaged, await File.ReadAllBytesAsync(KeptPath));
    }

    /// <summary>A lost attempt may still have the file open: its log must not enter the new file.</summary>
    [Fact]
    public async Task Acquire_DamagedOwnFileInUse_RenamesTheLogToo()
    {
        await AcquireAsync();
        var rows = _shard.Rows("tenant", OwnPath);
        using (var inUse = ShardDatabase.Open(OwnPath, _shard.Shard, own: true))
        {
            inUse.SetMeta(MetaKeys.SawOwn, "1");
            Damage(OwnPath, "middle");
            await AcquireAsync("host-a");
            Assert.True(File.Exists($"{KeptPath}-wal"));
        }

        Assert.Equal(rows, _shard.Rows("tenant", OwnPath));
        Assert.False((await AcquireAsync("host-a")).Rebuilt);
    }

    [Fact]
    public async Task Acquire_RebuildFailsAfterTheRename_NextAttemptStillReportsTheDamage()
    {
        await AcquireAsync();
        Damage(OwnPath, "header");
        _shard.Records.ListFault = new(CloudFault.Transient, "no answer");
        await Assert.ThrowsAsync<ApplicationFailureException>(() => AcquireAsync("host-a"));
        _shard.Records.ListFault = null;

        Assert.Contains((await AcquireAsync("host-a")).Problems, problem => problem.Contains("was damaged"));
    }

    [Fact]
    public async Task Acquire_IntactOwnFile_IsKeptAndNothingIsReported()
    {
        await AcquireAsync();

        var result = await AcquireAsync("host-a");

        Assert.False(result.Rebuilt);
        Assert.Empty(result.Problems);
        Assert.False(File.Exists(KeptPath));
    }

    [Theory]
    [InlineData("truncated")]
    [InlineData("header")]
    [InlineData("text")]
    public async Task Acquire_DamagedSharedFile_DeclinesAndTouchesNothing(string damage)
    {
        Damage(_shard.DatabasePath, damage);
        var before = await File.ReadAllBytesAsync(_shard.DatabasePath);

        var e = await Assert.ThrowsAsync<ApplicationFailureException>(() => AcquireAsync(own: false));

        Assert.Equal((ErrorTypes.HostDeclined, false), (e.ErrorType, e.NonRetryable));
        Assert.Contains(_shard.DatabasePath, e.Message, StringComparison.Ordinal);
        Assert.Equal(before, await File.ReadAllBytesAsync(_shard.DatabasePath));
        Assert.Empty(Directory.GetFiles(Path.GetDirectoryName(_shard.DatabasePath)!, "*.damaged-*"));
    }

    /// <summary>The cycle loses the host and acquires again, which repairs the file.</summary>
    [Theory]
    [InlineData("middle")]
    [InlineData("header")]
    public async Task Phase_FileIsDamagedInTheMeantime_ShardIsNotHeldUntilTheNextAcquire(string damage)
    {
        await AcquireAsync();
        var activities = _shard.Activities(own: true);
        await activities.SyncProviderAsync(_shard.Input);
        Damage(OwnPath, damage);

        var e = await Assert.ThrowsAsync<ApplicationFailureException>(
            () => activities.SyncProviderAsync(_shard.Input));
        Assert.Equal((ErrorTypes.ShardNotHeld, true), (e.ErrorType, e.NonRetryable));

        Assert.True((await AcquireAsync("host-a")).Rebuilt);
        Assert.True((await activities.SyncProviderAsync(_shard.Input)).Listed > 0);
    }

    private static void Damage(string path, string damage)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite);
        switch (damage)
        {
            case "middle":
                file.Position = PageSize;
                file.Write(new byte[file.Length - PageSize]);
                break;
            case "truncated":
                file.SetLength((file.Length / 2) + 100);
                break;
            case "header":
                file.Write(new byte[100]);
                break;
            case "text":
                file.SetLength(0);
                file.Write("not a database, and long enough for SQLite to read it"u8);
                file.SetLength(PageSize);
                break;
        }
    }

    private Task<AcquireShardResult> AcquireAsync(string? previous = null, bool own = true) => _shard
        .Activities(own).AcquireShardAsync(new(_shard.Shard, _shard.AsOf) { PreviousHost = previous });
}
