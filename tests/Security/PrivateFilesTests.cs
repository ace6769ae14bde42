using System.Runtime.Versioning;
using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Tests.Collect;
using Nstance.Temporal.Worker.Options;

namespace Nstance.Temporal.Tests.Security;

/// <summary>
/// Registration tokens are in the database: its folder, its file, and the files that SQLite adds are its owner's alone.
/// </summary>
[UnsupportedOSPlatform("windows")]
public sealed class PrivateFilesTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("nstance-gc-private-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void Open_OwnDatabase_FolderFileAndWalAreTheOwnersAlone()
    {
        var data = Path.Combine(_root, "data");
        var databases = new ShardDatabases { HostName = "host", DataDirectory = data };
        using var database = databases.Open(CollectWorld.Shard, create: true);
        database.SetMeta("some", "thing");

        var files = Directory.GetFiles(data, "*", SearchOption.AllDirectories);

        Assert.Contains(files, f => f.EndsWith("-wal", StringComparison.Ordinal));
        Assert.Contains(files, f => f.EndsWith("-shm", StringComparison.Ordinal));
        Assert.All(files, f => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(f)));
        Assert.All([data, .. Directory.GetDirectories(data)], d =>
            Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(d)));
    }

    [Fact]
    public void Open_FolderThatIsThere_KeepsItsMode()
    {
        var mode = File.GetUnixFileMode(_root) | UnixFileMode.GroupRead | UnixFileMode.GroupExecute;
        File.SetUnixFileMode(_root, mode);
        using var database = new ShardDatabases { HostName = "host", DataDirectory = _root }.Open(
            CollectWorld.Shard, create: true);
        Assert.Equal(mode, File.GetUnixFileMode(_root));
    }

    [Fact]
    public void HealthAddress_UnlessSaid_IsOff() => Assert.Equal("off", new GcOptions().HealthAddress);
}
