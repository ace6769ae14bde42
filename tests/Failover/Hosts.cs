using System.Text;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.KeepAlive;
using Nstance.Temporal.Simulation.Cloud;
using Nstance.Temporal.Simulation.Faults;
using Nstance.Temporal.Tests.Support;
using Nstance.Temporal.Tests.Worker;
using Nstance.Temporal.Workflows;
using Temporalio.Client;

namespace Nstance.Temporal.Tests.Failover;

/// <summary>Worker processes, one cloud, one Temporal server, in real time.</summary>
internal sealed class Hosts : IAsyncDisposable
{
    public const string Cluster = "c";
    public const string Bucket = "bbb";

    // Short, so that a lost host is detected within seconds. The host of a held call must be killed before it.
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(1.5);

    private readonly CommandServer _server;
    private readonly Dictionary<string, WorkerProcess> _workers = [];

    private Hosts(CommandServer server, SimulatedCloud cloud, TemporalClient client)
    {
        _server = server;
        Cloud = cloud;
        Client = client;
    }

    public SimulatedCloud Cloud { get; }

    public TemporalClient Client { get; }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static Task<Hosts> StartAsync(int count, params string[] shards) => StartAsync(count, shards, _ => []);

    /// <param name="count">How many workers.</param>
    /// <param name="shards">Their shards.</param>
    /// <param name="settings">More environment variables of a worker, by the name of its host.</param>
    public static async Task<Hosts> StartAsync(
        int count, string[] shards, Func<string, Dictionary<string, string>> settings)
    {
        var server = await CommandServer.StartAsync();
        var cloud = await SimulatedCloud.StartAsync(new()
        {
            Buckets = [Bucket],
            AccessKeys = ["key"],
            AnswerClock = TimeProvider.System,
            Clock = new EarlierClock(TimeSpan.FromHours(1)), // machines are past the registration timeout
        });
        foreach (var shard in shards)
        {
            cloud.S3.Put(Bucket, $"shard/{shard}/config.jsonc", Encoding.UTF8.GetBytes(
                $$"""
                { "cluster": { "id": "{{Cluster}}" },
                  "shard": { "id": "{{shard}}", "garbage_collection": { "registration_timeout": "1s" } } }
                """));
        }

        var hosts = new Hosts(server, cloud, server.Client);
        for (var n = 1; n <= count; n++) hosts._workers[$"host-{n}"] = hosts.Launch($"host-{n}", settings($"host-{n}"));
        foreach (var (name, worker) in hosts._workers) await worker.LogUntilAsync(
            $"polls nstance-gc and nstance-gc@{name}", Token);
        return hosts;
    }

    public WorkerProcess Worker(string host) => _workers[host];

    /// <summary>Returns the host that holds the shard, before any report names it.</summary>
    public string HolderOf(string shard) => _workers.Single(w => w.Value.Holds(Cluster, shard)).Key;

    /// <summary>Adds an instance with a record, an hour old.</summary>
    public Instance Add(string shard, bool registered)
    {
        var issued = DateTimeOffset.UtcNow.AddHours(-1);
        var id = InstanceIds.New(issued);
        var machine = Cloud.Ec2.Launch(new LaunchSpec
        {
            Tags = new Dictionary<string, string>
            {
                ["nstance:managed"] = "true",
                ["nstance:cluster-id"] = Cluster,
                ["nstance:shard"] = shard,
                ["nstance:instance-id"] = id.ToString(),
                ["nstance:group"] = "web",
            },
        })[0];
        var key = RecordKey.For(new(Cluster, shard, Bucket), "acme", id);
        var at = registered ? $", \"registered_at\": \"{issued.AddMinutes(1):yyyy-MM-ddTHH:mm:ssZ}\"" : "";
        Cloud.S3.Put(Bucket, key, Encoding.UTF8.GetBytes($$"""
            { "instance_id": "{{id}}", "tenant": "acme", "group": "web", "status": "running",
              "created_at": "{{issued:yyyy-MM-ddTHH:mm:ssZ}}",
              "provider_instance_id": "{{machine.Id}}"{{at}} }
            """));
        return new(id.ToString(), machine.Id, key);
    }

    public bool IsAlive(Instance instance) => Cloud.Ec2.Find(instance.ProviderId)!.Alive;

    public bool HasRecord(Instance instance) => Cloud.S3.Get(Bucket, instance.Key) is not null;

    /// <param name="shard">The shard.</param>
    /// <param name="interval">Null: an hour, so that only the cycles of the test run.</param>
    public async Task<WorkflowHandle<GcWorkflow>> CollectAsync(string shard, TimeSpan? interval = null)
    {
        await CollectorStart.EnsureRunsAsync(Client, new(new(Cluster, shard, Bucket))
        {
            Settings = new()
            {
                Interval = interval ?? TimeSpan.FromHours(1),
                DryRun = false,
                Limits = TerminationLimits.Off,
                SettleTime = TimeSpan.Zero,
                HealthCheckInterval = TimeSpan.FromSeconds(1),
                DeletedRecordRetention = TimeSpan.FromSeconds(1),
                RequestTimeout = CallTimeout,
                HostTimeout = TimeSpan.FromSeconds(2),
            },
        });
        return Client.GetWorkflowHandle<GcWorkflow>(Names.GcWorkflowId(Cluster, shard));
    }

    /// <summary>Runs cycles until a report satisfies the condition, or the test times out.</summary>
    public static async Task<CycleReport> CycleUntilAsync(
        WorkflowHandle<GcWorkflow> collector, Func<CycleReport, bool> enough)
    {
        while (true)
        {
            Token.ThrowIfCancellationRequested();
            var report = await collector.ExecuteUpdateAsync(
                w => w.RunCycleAsync(new(false)), new() { Rpc = new() { CancellationToken = Token } });
            if (enough(report)) return report;
        }
    }

    /// <summary>Holds the next call of an operation until the test opens it.</summary>
    public CallHold Hold(string operation, bool after)
    {
        var hold = new CallHold();
        Cloud.Faults.Script(operation, Fault.Held(hold, after));
        return hold;
    }

    /// <summary>
    /// Starts a cycle over five registered instances and some that are not, and returns when the call has arrived.
    /// </summary>
    public async Task<HeldCycle> HoldCycleAsync(string operation, bool after, int garbage = 3)
    {
        var living = Enumerable.Range(0, 5).Select(_ => Add("s", registered: true)).ToArray();
        var collector = await CollectAsync("s");
        var before = await CycleUntilAsync(collector, r => r.Grace is null);
        var unregistered = AddGarbage(garbage);
        var hold = Hold(operation, after);
        var update = await collector.StartUpdateAsync(
            w => w.RunCycleAsync(new(false)), new(WorkflowUpdateStage.Accepted));
        await hold.Arrived.WaitAsync(Token);
        return new(collector, before.Host!, living, unregistered, hold, update);
    }

    /// <summary>Adds instances that are not registered.</summary>
    public Instance[] AddGarbage(int count = 3) =>
        [.. Enumerable.Range(0, count).Select(_ => Add("s", registered: false))];

    public async Task FinishedAsync(WorkflowHandle<GcWorkflow> collector, Instance[] living, Instance[] garbage)
    {
        await CycleUntilAsync(collector, _ => !garbage.Any(g => IsAlive(g) || HasRecord(g)));
        Assert.All(living, l => Assert.True(IsAlive(l) && HasRecord(l)));
        Assert.All(garbage, g => Assert.False(IsAlive(g)));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var worker in _workers.Values) await worker.DisposeAsync();
        await Cloud.DisposeAsync();
        await _server.DisposeAsync();
    }

    private WorkerProcess Launch(string name, Dictionary<string, string> settings)
    {
        var environment = WorkerProcess.Environment(_server, Cloud);
        environment["NSTANCE_GC__HOSTNAME"] = name;

        // Each poll of a frozen host takes a task, which returns only after its timeout.
        environment["NSTANCE_GC__POLLERS"] = "2";
        foreach (var (setting, value) in settings) environment[setting] = value;
        return WorkerProcess.Start(environment, "run");
    }

    internal sealed record Instance(string Id, string ProviderId, string Key);

    /// <summary>A cycle that waits in a call of its host.</summary>
    internal sealed record HeldCycle(
        WorkflowHandle<GcWorkflow> Collector,
        string Host,
        Instance[] Living,
        Instance[] Garbage,
        CallHold Hold,
        WorkflowUpdateHandle<CycleReport> Update);
}
