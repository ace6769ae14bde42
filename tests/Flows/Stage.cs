using Nstance.Temporal.Activities.KeepAlive;
using Nstance.Temporal.Worker.Hosting;
using Nstance.Temporal.Workflows;
using Temporalio.Client;
using Temporalio.Testing;
using Temporalio.Worker;

namespace Nstance.Temporal.Tests.Flows;

/// <summary>
/// One shard on a shared server: the worker of the workflows, and hosts that come and go. Names are its own, so that
/// tests of one server do not meet; what still runs at the end is terminated.
/// </summary>
internal sealed class Stage : IAsyncDisposable
{
    private readonly WorkflowEnvironment _environment;
    private readonly Dictionary<string, RunningWorker> _workers = [];

    private Stage(WorkflowEnvironment environment)
    {
        _environment = environment;
        var name = Guid.NewGuid().ToString("N")[..8];
        Shard = new("acme", $"zone-{name}", "bucket");
        First = $"one-{name}";
        Second = $"two-{name}";
        Gc = new(First);
    }

    public ITemporalClient Client => _environment.Client;

    public ShardRef Shard { get; }

    /// <summary>Name of the host that holds the shard at first.</summary>
    public string First { get; }

    public string Second { get; }

    public FakeGcActivities Gc { get; }

    public FakeReconcilerActivities Outside { get; } = new();

    public WorkflowHandle<GcWorkflow> Collector =>
        Client.GetWorkflowHandle<GcWorkflow>(Names.GcWorkflowId(Shard.Cluster, Shard.Shard));

    public WorkflowHandle<ReconcilerWorkflow> Reconciler =>
        Client.GetWorkflowHandle<ReconcilerWorkflow>(Names.ReconcilerWorkflowId(Shard.Cluster, Shard.Shard));

    public static async Task<Stage> SetAsync(WorkflowEnvironment environment)
    {
        var stage = new Stage(environment);
        await SearchAttributes.EnsureAsync((TemporalClient)stage.Client, new());
        stage._workers["shared"] = new(stage.Client, new TemporalWorkerOptions(Names.TaskQueue)
            .AddWorkflow<GcWorkflow>().AddWorkflow<KeepAliveWorkflow>().AddWorkflow<ReconcilerWorkflow>()
            .AddAllActivities(stage.Gc).AddAllActivities(stage.Outside).AddAllActivities(new KeepAliveActivities()));
        stage.Arrive(stage.First);
        return stage;
    }

    /// <summary>Starts a worker on the queue of a host.</summary>
    public void Arrive(string host) => _workers[host] = new(Client, new TemporalWorkerOptions(Names.HostTaskQueue(host))
    {
        MaxHeartbeatThrottleInterval = TimeSpan.FromMilliseconds(50),
    }.AddAllActivities(Gc).AddAllActivities(Outside));

    /// <summary>Stops the worker of a host.</summary>
    public async Task LeaveAsync(string host)
    {
        _workers.Remove(host, out var worker);
        await worker!.DisposeAsync();
    }

    public Task PassAsync(TimeSpan time) => _environment.DelayAsync(time);

    public async Task<WorkflowHandle<GcWorkflow>> StartAsync(GcSettings? settings = null)
    {
        await CollectorStart.EnsureRunsAsync(Client, Input(settings));
        return Collector;
    }

    public GcInput Input(GcSettings? settings = null) => new(Shard) { Settings = settings ?? new() { DryRun = false } };

    public async ValueTask DisposeAsync()
    {
        var query = "ExecutionStatus = 'Running'";
        await foreach (var execution in Client.ListWorkflowsAsync(query))
        {
            if (execution.Id.Contains(Shard.Shard, StringComparison.Ordinal))
                await Client.GetWorkflowHandle(execution.Id).TerminateAsync("the test is over");
        }

        foreach (var worker in _workers.Values) await worker.DisposeAsync();
    }

    private sealed class RunningWorker : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly TemporalWorker _worker;
        private readonly Task _run;

        public RunningWorker(ITemporalClient client, TemporalWorkerOptions options)
        {
            _worker = new(client, options);
            _run = _worker.ExecuteAsync(_stop.Token);
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _run.ContinueWith(_ => { }, TaskScheduler.Default);
            _worker.Dispose();
            _stop.Dispose();
        }
    }
}
