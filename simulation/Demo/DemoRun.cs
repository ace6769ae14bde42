using System.Diagnostics;
using System.Text;
using Nstance.Temporal.Simulation.Cloud;
using Nstance.Temporal.Simulation.Fleet;
using Temporalio.Client;
using Temporalio.Exceptions;

namespace Nstance.Temporal.Simulation.Demo;

/// <summary>The main job, end to end: server, cloud, fleet, worker and schedule; some cycles; a verdict by the truth.</summary>
internal sealed class DemoRun(DemoOptions options, DemoScreen screen)
{
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan EventPatience = TimeSpan.FromSeconds(20);

    private readonly ShardPlace _place = ShardPlace.Demo;
    private readonly string _directory = Directory.CreateTempSubdirectory("nstance-gc-demo-").FullName;

    private string Log => Path.Combine(_directory, "nstance-gc.log");

    private string Database => Path.Combine(_directory, "server.db");

    private string ScheduleLog => Path.Combine(_directory, "schedule-create.log");

    public async Task<DemoResult> RunAsync(CancellationToken ct)
    {
        var watch = Stopwatch.StartNew();
        var keep = false; // Something is to be looked at.
        try
        {
            await using var temporal = await TemporalPlace.StartAsync(options.Server);
            await using var cloud = await SimulatedCloud.StartAsync(
                new() { Buckets = [_place.Bucket], Seed = options.Seed, AccessKeys = ["demo"] }, ct);
            await using var webhook = await WebhookReceiver.StartAsync();
            using var fleet = new LivingFleet(cloud, _place, Database, options.Seed, options.Nstance);
            fleet.Settle(options.Instances);
            screen.Begin(options, temporal.Address, _directory);

            using var beating = CancellationTokenSource.CreateLinkedTokenSource(ct);
            var life = LiveAsync(fleet, beating.Token);
            var environment = Environment(temporal, cloud);
            await using var worker = GcProcess.Start(WorkerArguments(webhook.Url), environment, Log);
            var client = await temporal.ConnectAsync();
            try
            {
                await CreateScheduleAsync(environment, ct);
                var (last, judgedBefore, firstSeen, lastSeen) = await WatchAsync(client, worker, life, ct);
                await beating.CancelAsync();
                await life;

                var verdict = await JudgeAsync(cloud, fleet, webhook, truth => truth with
                {
                    JudgedBefore = judgedBefore,
                    GraceUntil = firstSeen + FleetTimings.RegistrationTimeout,
                    SilenceCounts = lastSeen - firstSeen > (3 * FleetTimings.HealthCheckInterval) + TimeSpan.FromSeconds(1),
                }, ct);
                var result = DemoResult.Of(options, last.Cycle, verdict, last.Totals.ChecksEnqueued, watch.Elapsed);
                screen.End(result, verdict, Log);
                keep = !result.Ok;
                return result;
            }
            finally
            {
                await beating.CancelAsync();
                await life;
                await StopCollectorAsync(client);
            }
        }
        catch (DemoFailure)
        {
            keep = true;
            throw;
        }
        finally
        {
            if (!keep) Directory.Delete(_directory, recursive: true);
        }
    }

    private static async Task LiveAsync(LivingFleet fleet, CancellationToken ct)
    {
        using var timer = new PeriodicTimer(Beat);
        try
        {
            while (await timer.WaitForNextTickAsync(ct)) fleet.Beat();
        }
        catch (OperationCanceledException)
        {
            // The demo is over.
        }
    }

    private static Dictionary<string, string> Environment(TemporalPlace temporal, SimulatedCloud cloud) => new(StringComparer.Ordinal)
    {
        ["TEMPORAL_ADDRESS"] = temporal.Address,
        ["TEMPORAL_NAMESPACE"] = temporal.Namespace,
        ["AWS_ENDPOINT_URL_EC2"] = cloud.Ec2Url.ToString(),
        ["AWS_ENDPOINT_URL_S3"] = cloud.S3Url.ToString(),
        ["AWS_ACCESS_KEY_ID"] = "demo",
        ["AWS_SECRET_ACCESS_KEY"] = "demo",
        ["AWS_REGION"] = "us-west-2",
    };

    private string[] ShardArguments() => ["--cluster", _place.Cluster, "--shard", _place.Shard, "--bucket", _place.Bucket];

    private IEnumerable<string> WorkerArguments(Uri webhook) =>
    [
        "run", .. ShardArguments(), "--host-name", "demo-host", "--data-directory", _directory,
        "--shared-database-path", Database, "--webhook-url", webhook.ToString(),
    ];

    private async Task CreateScheduleAsync(IReadOnlyDictionary<string, string> environment, CancellationToken ct)
    {
        static string Seconds(TimeSpan time) => $"{time.TotalSeconds:0.###}s";
        await using var create = GcProcess.Start(
        [
            "schedule", "create", .. ShardArguments(),
            "--interval", Seconds(FleetTimings.Interval), "--registration-timeout", Seconds(FleetTimings.RegistrationTimeout),
            "--health-check-interval", Seconds(FleetTimings.HealthCheckInterval),
            "--deleted-record-retention", Seconds(FleetTimings.Retention), "--settle-time", Seconds(FleetTimings.SettleTime),
            "--limits", "off", "--dry-run", "off", "--output", "json",
        ], environment, ScheduleLog);
        if (await create.WaitAsync(ct) != 0) throw new DemoFailure($"nstance-gc schedule create failed: {LastLine(ScheduleLog)}");
    }

    /// <returns>The last status, and the time before which garbage must be gone: a whole cycle began after it.</returns>
    private async Task<(GcStatus Status, DateTimeOffset JudgedBefore, DateTimeOffset FirstSeen, DateTimeOffset LastSeen)> WatchAsync(
        TemporalClient client, GcProcess worker, Task life, CancellationToken ct)
    {
        var handle = client.GetWorkflowHandle(Names.GcWorkflowId(_place.Cluster, _place.Shard));
        var began = TimeProvider.System.GetUtcNow();
        var shown = 0;
        // A cycle may begin before its forerunner's report is seen here, so one more cycle is given.
        var (judgedBefore, seenBefore, seen, firstSeen) = (began, began, began, began);
        using var timer = new PeriodicTimer(Look);
        while (await timer.WaitForNextTickAsync(ct))
        {
            if (worker.HasExited) throw new DemoFailure($"the worker ended with code {await worker.WaitAsync(ct)}; its log: {Log}");
            if (life.IsCompleted) await life;
            var status = await AskAsync(handle, ct);
            if (status is not null) screen.Doing(status);
            if (status?.LastReport is not { } report || report.Cycle <= shown) continue;
            shown = report.Cycle;
            if (firstSeen == began) firstSeen = TimeProvider.System.GetUtcNow();
            (judgedBefore, seenBefore, seen) = (seenBefore, seen, TimeProvider.System.GetUtcNow());
            screen.Cycle(report);
            if (report.Cycle >= options.Cycles) return (status, judgedBefore, firstSeen, seen);
        }

        throw new OperationCanceledException(ct);
    }

    private static async Task<GcStatus?> AskAsync(WorkflowHandle handle, CancellationToken ct)
    {
        try
        {
            return await handle.QueryAsync<GcStatus>("Status", [], new() { Rpc = new() { CancellationToken = ct } });
        }
        catch (RpcException e) when (e.Code is RpcException.StatusCode.NotFound or RpcException.StatusCode.Unavailable
            or RpcException.StatusCode.DeadlineExceeded or RpcException.StatusCode.FailedPrecondition)
        {
            return null; // Not started yet, or busy.
        }
    }

    /// <summary>Events travel on after the cycle: what is missing may still arrive for a while.</summary>
    private static async Task<Verdict> JudgeAsync(SimulatedCloud cloud, LivingFleet fleet,
        WebhookReceiver webhook, Func<Truth, Truth> when, CancellationToken ct)
    {
        var patience = Stopwatch.StartNew();
        using var timer = new PeriodicTimer(Look);
        while (true)
        {
            var verdict = Verdict.Of(when(new Truth(
                fleet.Members, cloud.Ec2.Find, key => cloud.S3.Get(ShardPlace.Demo.Bucket, key)?.Body, fleet.Rows(),
                fleet.ForeignObjects, webhook.Arrivals, default)
            { Audit = AuditOf(cloud), NstanceMisled = fleet.NstanceMisled }));
            if (verdict.LostEvents.Count == 0 || patience.Elapsed > EventPatience) return verdict;
            await timer.WaitForNextTickAsync(ct);
        }
    }

    private static string AuditOf(SimulatedCloud cloud) => string.Concat(cloud.S3
        .Keys(ShardPlace.Demo.Bucket, $"shard/{ShardPlace.Demo.Shard}/gc/audit/")
        .Select(key => Encoding.UTF8.GetString(cloud.S3.Get(ShardPlace.Demo.Bucket, key)!.Body)));

    // On a server that is not ours nothing must go on after the demo.
    private async Task StopCollectorAsync(TemporalClient client)
    {
        if (options.Server == DemoOptions.Embedded) return;
        await IfThereAsync(() => client.GetScheduleHandle(Names.ScheduleId(_place.Cluster, _place.Shard)).DeleteAsync());
        string[] workflows = [Names.GcWorkflowId(_place.Cluster, _place.Shard), Names.ReconcilerWorkflowId(_place.Cluster, _place.Shard)];
        foreach (var id in workflows) await IfThereAsync(() => client.GetWorkflowHandle(id).TerminateAsync("the demo is over"));
    }

    private static async Task IfThereAsync(Func<Task> end)
    {
        try
        {
            await end();
        }
        catch (RpcException e) when (e.Code is RpcException.StatusCode.NotFound)
        {
            // The demo ended before it came to be, or it has ended by itself.
        }
    }

    private static string LastLine(string log) => File.Exists(log) ? File.ReadLines(log).LastOrDefault() ?? "" : "it said nothing";
}

/// <summary>The demo itself could not go on; its message is for people.</summary>
internal sealed class DemoFailure(string message) : Exception(message);
