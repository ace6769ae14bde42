using Microsoft.Data.Sqlite;
using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Worker.Checks;
using Nstance.Temporal.Worker.Errors;

namespace Nstance.Temporal.Tests.Worker;

public sealed class DatabaseCheckTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("nstance-gc-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void Run_DatabaseOfNstance_IsFineAndUntouched()
    {
        var path = Make(Schema.Nstance);
        var before = File.ReadAllBytes(path);

        Assert.Equal(Check.Ok("database", $"{path} is nstance's, and can be written"), Run(path));
        Assert.Equal(before, File.ReadAllBytes(path));
    }

    [Fact]
    public void Run_OtherSchema_IsRefusedAndUntouched()
    {
        var path = Make("CREATE TABLE instances (id TEXT PRIMARY KEY, tenant TEXT)");
        var before = File.ReadAllBytes(path);

        var check = Run(path);

        Assert.Equal((CheckState.Failed, ExitCode.BadInput), (check.State, check.Code));
        Assert.StartsWith(
            $"database {path} is not nstance's (table instances lacks group_key, ",
            check.Detail,
            StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(path));
    }

    [Fact]
    public void Run_ReadOnlyFile_IsRefused()
    {
        var path = Make(Schema.Nstance);
        File.SetAttributes(path, FileAttributes.ReadOnly);

        var check = Run(path);
        File.SetAttributes(path, FileAttributes.Normal);

        Assert.Equal(
            Check.Failed(
                "database", $"database {path} is read-only: let the user of nstance-gc write to it and its folder"),
            check);
    }

    [Fact]
    public void Run_NoFile_IsRefusedAndNotMade()
    {
        var path = Path.Combine(_folder.FullName, "none.db");

        var check = Run(path);

        Assert.Equal(
            Check.Failed(
                "database",
                $"database {path} does not exist: start nstance's server on this host, or correct the path"),
            check);
        Assert.False(File.Exists(path));
    }

    [Fact]
    public void Run_FileIsNotADatabase_IsRefused()
    {
        var path = Path.Combine(_folder.FullName, "text.db");
        File.WriteAllText(path, string.Concat(Enumerable.Repeat("no database at all. ", 100)));

        var check = Run(path);

        Assert.Equal(CheckState.Failed, check.State);
        Assert.Contains(path, check.Detail);
    }

    [Fact]
    public void Run_OwnDatabase_ChecksTheFolderAndCreatesNothing()
    {
        var directory = Path.Combine(_folder.FullName, "not", "yet");
        Assert.Equal(
            Check.Ok("database", $"our own, in {directory}"), DatabaseCheck.Run(new() { DataDirectory = directory }));
        Assert.Empty(_folder.GetFileSystemInfos());

        var file = Path.Combine(_folder.FullName, "file");
        File.WriteAllText(file, "");
        Assert.Equal(
            Check.Failed("database", $"data directory {file}/gc: {file} is a file: give another --data-directory"),
            DatabaseCheck.Run(new() { DataDirectory = file + "/gc" }));
    }

    private static Check Run(string path) =>
        DatabaseCheck.Run(new() { Cluster = "c", Shard = "s", SharedDatabasePath = path });

    private string Make(string schema)
    {
        var path = Path.Combine(_folder.FullName, "server.db");
        using var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = schema;
        command.ExecuteNonQuery();
        return path;
    }
}
