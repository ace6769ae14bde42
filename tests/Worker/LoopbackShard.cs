using System.Text;
using Nstance.Temporal.Simulation.Cloud;
using Nstance.Temporal.Tests.Support;

namespace Nstance.Temporal.Tests.Worker;

/// <summary>
/// Shard <c>c/s</c> in bucket <c>bbb</c>: a Temporal server and a cloud whose machines are an hour old, for the real
/// command.
/// </summary>
public abstract class LoopbackShard : IAsyncLifetime
{
    private protected const string Ready = "polls nstance-gc and nstance-gc@test-host";

    private protected CommandServer Server { get; private set; } = null!;

    private protected SimulatedCloud Cloud { get; private set; } = null!;

    private protected static CancellationToken Token => TestContext.Current.CancellationToken;

    public virtual async ValueTask InitializeAsync()
    {
        Server = await CommandServer.StartAsync();
        Cloud = await SimulatedCloud.StartAsync(new()
        {
            Buckets = ["bbb"],
            AccessKeys = ["key"],
            AnswerClock = TimeProvider.System,
            Clock = new EarlierClock(TimeSpan.FromHours(1)),
        });
        Cloud.S3.Put("bbb", "shard/s/config.jsonc", Encoding.UTF8.GetBytes("""
            { "cluster": { "id": "c" }, "shard": { "id": "s", "garbage_collection": { "registration_timeout": "1s" } } }
            """));
    }

    public virtual async ValueTask DisposeAsync()
    {
        await Cloud.DisposeAsync();
        await Server.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>Starts a worker in this process.</summary>
    private protected Task<LocalWorker> WorkAsync() => LocalWorker.StartAsync(Server, Cloud, Token);

    /// <summary>Starts the command as a process, which finds AWS by its environment.</summary>
    private protected WorkerProcess Process(IReadOnlyList<string> args, string? key = "key") =>
        WorkerProcess.Start(WorkerProcess.Environment(Server, Cloud, key), [.. args]);

    /// <summary>Runs the command in this process, against this server.</summary>
    private protected Task<Cli> SteerAsync(string line) => Cli.RunAsync([.. line.Split(' '), .. Server.Args]);
}
