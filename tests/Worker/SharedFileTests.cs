using Microsoft.Data.Sqlite;
using Nstance.Temporal.Activities.KeepAlive;
using Nstance.Temporal.Simulation.Cloud;
using Nstance.Temporal.Simulation.Nstance;
using Nstance.Temporal.Tests.Support;

namespace Nstance.Temporal.Tests.Worker;

/// <summary>nstance's server (this process) and the worker (a process of its own) on one SQLite file.</summary>
public sealed class SharedFileTests
{
    private const int Rows = 400;

    [Fact]
    public async Task Run_TheServerWritesAllTheWhile_NeitherFailsNorLosesAWrite()
    {
        var token = TestContext.Current.CancellationToken;
        await using var server = await CommandServer.StartAsync();
        await using var cloud = await SimulatedCloud.StartAsync(new() { Buckets = ["bbb"], AccessKeys = ["key"] });
        cloud.S3.Put(
            "bbb", "shard/s/config.jsonc", """{ "cluster": { "id": "c" }, "shard": { "id": "s" } }"""u8.ToArray());
        using var leader = new Timer(
            _ => cloud.S3.Put("bbb", "shard/s/leader.json", LeaderFile.Alive(DateTimeOffset.UtcNow)),
            null, TimeSpan.Zero, TimeSpan.FromSeconds(5));
        var folder = Directory.CreateTempSubdirectory("nstance-shared-");
        var path = Path.Combine(folder.FullName, "server.db");
        using var database = new NstanceDatabase(path, NstanceGeneration.V1);
        var machines = cloud.Ec2.Launch(new LaunchSpec
        {
            Count = Rows,
            Tags = new Dictionary<string, string>
            {
                ["nstance:managed"] = "true",
                ["nstance:cluster-id"] = "c",
                ["nstance:shard"] = "s",
            },
        });
        Fill(path, machines);
        await using var worker = WorkerProcess.Start(
            WorkerProcess.Environment(server, cloud),
            "run", "--cluster", "c", "--shard", "s", "--bucket", "bbb", "--shared-database-path", path,
            "--nstance-server-id", LeaderFile.Id);
        await worker.LogUntilAsync("polls nstance-gc and nstance-gc@test-host", token);
        await CollectorStart.EnsureRunsAsync(
            server.Client,
            new(new("c", "s", "bbb")) { Settings = new() { Interval = TimeSpan.FromHours(1), DryRun = false } });

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(token);
        var writing = Task.Run(() => ReportUntil(path, stop.Token), token);
        for (var n = 0; n < 5; n++)
        {
            var cycle = await Cli.RunAsync(
                ["cycle", "--cluster", "c", "--shard", "s", .. server.Args, "--output", "json"]);
            Assert.Equal("completed", cycle.Json.GetProperty("outcome").GetString());
        }

        await stop.CancelAsync();
        var written = await writing;

        Assert.True(written.Count > 10, $"{written.Count} writes in five cycles");
        Assert.Equal(written.Last, Read(path, "SELECT max(health) FROM instances"));
        Assert.Equal(
            Rows,
            Convert.ToInt32(Read(path, "SELECT count(*) FROM gc_machines WHERE status IN ('running', 'pending')")));
        Assert.Equal("ok", Read(path, "PRAGMA integrity_check"));
        Assert.All(machines, m => Assert.True(cloud.Ec2.Find(m.Id)!.Alive));
        folder.Delete(recursive: true);
    }

    private static void Fill(string path, IReadOnlyList<Machine> machines)
    {
        using var connection = Open(path);
        using var transaction = connection.BeginTransaction();
        foreach (var machine in machines)
        {
            using var command = connection.CreateCommand();
            command.Transaction = transaction;
            command.CommandText = """
                INSERT INTO instances (
                    id, tenant, group_key, provider_id, nonce, issued_at, registered_at, health_at, created_at)
                VALUES ($id, 'acme', 'web', $provider, $id, $at, $at, $at, $at)
                """;
            command.Parameters.AddWithValue("$id", $"dangling-{machine.Id}");
            command.Parameters.AddWithValue("$provider", machine.Id);
            command.Parameters.AddWithValue("$at", $"{DateTime.UtcNow.AddHours(-1):yyyy-MM-dd HH:mm:ss}+00:00");
            command.ExecuteNonQuery();
        }

        transaction.Commit();
    }

    /// <summary>As nstance's server does when agents report: a transaction, and the next.</summary>
    private static (int Count, string Last) ReportUntil(string path, CancellationToken stop)
    {
        using var connection = Open(path);
        var count = 0;
        var last = "";
        while (!stop.IsCancellationRequested)
        {
            using var transaction = connection.BeginTransaction();
            using var command = connection.CreateCommand();
            command.Transaction = transaction;
            command.CommandText = "UPDATE instances SET health_at = $at, health = $n";
            command.Parameters.AddWithValue("$at", $"{DateTime.UtcNow:yyyy-MM-dd HH:mm:ss.fffffff}+00:00");
            command.Parameters.AddWithValue("$n", last = $"{++count:00000000}");
            command.ExecuteNonQuery();
            transaction.Commit();
            stop.WaitHandle.WaitOne(5);
        }

        return (count, last);
    }

    private static string? Read(string path, string sql)
    {
        using var connection = Open(path);
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar()?.ToString();
    }

    private static SqliteConnection Open(string path)
    {
        var connection = new SqliteConnection($"Data Source={path};Pooling=False;Default Timeout=5");
        connection.Open();
        return connection;
    }
}
