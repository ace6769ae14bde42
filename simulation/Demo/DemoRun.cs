using System.Diagnostics;
using System.Text;
using Nstance.Temporal.Simulation.Cloud;
using Nstance.Temporal.Simulation.Fleet;
using Temporalio.Client;
using Temporalio.Exceptions;

namespace Nstance.Temporal.Simulation.Demo;

/// <summary>The main job, end to end: server, cloud, fleet, worker, schedule; some cycles; a verdict.</summary>
internal sealed class DemoRun(DemoOptions options, DemoScreen screen)
{
    private const string Key = "demo";

    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan MaxEventWait = TimeSpan.FromSeconds(20);
    private static readonly ShardRef Shard = ShardLayout.Demo;
    private static readonly string[] ShardArguments =
        ["--cluster", Shard.Cluster, "--shard", Shard.Shard, "--bucket", Shard.Bucket];

    private readonly string _directory = Directory.CreateTempSubdirectory("nstance-gc-demo-").FullName;

    private string Log => Path.Combine(_directory, "nstance-gc.log");

    private string Database => Path.Combine(_directory, "server.db");

    public async Task<DemoResult> RunAsync(CancellationToken ct)
    {
        var watch = Stopwatch.StartNew();
        var keep = false; // People may want to read the files after a failure.
        try
        {
            screen.Starting($"a Temporal server ({options.Server})");
            await using var temporal = await TemporalPlace.StartAsync(options.Server);
            var cloudOptions = new SimulatedCloudOptions
            {
                Buckets = [Shard.Bucket],
                AccessKeys = [Key],
            };
            screen.Starting($"a cloud with {options.Instances} instances");
            await using var cloud = await SimulatedCloud.StartAsync(cloudOptions, ct);
            await using var webhook = await WebhookReceiver.StartAsync();
            using var fleet = new LivingFleet(cloud, Shard, Database, options.Seed, options.Nstance);
            fleet.Settle(options.Instances);
            screen.Begin(options, temporal.Address, _directory);
            var (last, verdict) = await CollectAsync(temporal, cloud, webhook, fleet, ct);
            var result = DemoResult.Of(options, last, verdict, watch.Elapsed);
            screen.End(result, verdict, Log);
            keep = !result.Ok;
            return result;
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

    /// <summary>Runs worker and schedule beside the living fleet until the cycles are done, and judges.</summary>
    private async Task<(GcStatus Last, Verdict Verdict)> CollectAsync(
        TemporalPlace temporal, SimulatedCloud cloud, WebhookReceiver webhook, LivingFleet fleet, CancellationToken ct)
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["TEMPORAL_ADDRESS"] = temporal.Address,
            ["TEMPORAL_NAMESPACE"] = temporal.Namespace,
            ["AWS_ENDPOINT_URL_EC2"] = cloud.Ec2Url.ToString(),
            ["AWS_ENDPOINT_URL_S3"] = cloud.S3Url.ToString(),
            ["AWS_ACCESS_KEY_ID"] = Key,
            ["AWS_SECRET_ACCESS_KEY"] = Key,
            ["AWS_REGION"] = "us-west-2",
        };
        var client = await temporal.ConnectAsync();
        screen.Starting("nstance-gc: a worker, then its schedule");
        await using var worker = GcProcess.Start(
            [
                "run", .. ShardArguments, "--host-name", "demo-host", "--data-directory", _directory,
                "--shared-database-path", Database, "--nstance-server-id", ShardLayout.ServerId,
                "--webhook-url", webhook.Url.ToString(),
            ], environment, Log);
        using var living = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var life = fleet.LiveAsync(living.Token); // Nothing may fail between here and the try, which awaits it.
        try
        {
            var watched = await screen.ShowAsync(async () =>
            {
                await CreateScheduleAsync(environment, ct);
                return await WatchAsync(client, worker, life, ct);
            });
            await living.CancelAsync();
            await life;
            return (watched.Last, await JudgeAsync(cloud, fleet, webhook, watched, ct));
        }
        finally
        {
            await living.CancelAsync();
            await life;
            await StopCollectorAsync(client);
        }
    }

    private async Task CreateScheduleAsync(IReadOnlyDictionary<string, string> environment, CancellationToken ct)
    {
        static string Seconds(TimeSpan time) => $"{time.TotalSeconds:0.###}s";
        var log = Path.Combine(_directory, "schedule-create.log");
        await using var create = GcProcess.Start(
            [
                "schedule", "create", .. ShardArguments, "--interval", Seconds(FleetTimings.Interval),
                "--registration-timeout", Seconds(FleetTimings.RegistrationTimeout),
                "--health-check-interval", Seconds(FleetTimings.HealthCheckInterval),
                "--deleted-record-retention", Seconds(FleetTimings.Retention),
                "--settle-time", Seconds(FleetTimings.SettleTime),
                "--limits", "off", "--dry-run", "off", "--output", "json",
            ], environment, log);
        if (await create.WaitAsync(ct) == 0) return;
        var why = File.ReadLines(log).LastOrDefault() ?? "no message";
        throw new DemoFailure($"nstance-gc schedule create failed: {why}");
    }

    private async Task<Watched> WatchAsync(TemporalClient client, GcProcess worker, Task life, CancellationToken ct)
    {
        var handle = client.GetWorkflowHandle(Names.GcWorkflowId(Shard.Cluster, Shard.Shard));
        var seen = new List<DateTimeOffset> { TimeProvider.System.GetUtcNow() };
        var shown = 0;
        using var timer = new PeriodicTimer(PollInterval);
        while (await timer.WaitForNextTickAsync(ct))
        {
            if (worker.HasExited)
                throw new DemoFailure($"the worker ended with code {await worker.WaitAsync(ct)}; its log: {Log}");
            if (life.IsCompleted) await life;
            var status = await AskAsync(handle, ct);
            if (status is not null) screen.Doing(status);
            if (status?.LastReport is not { } report || report.Cycle <= shown) continue;
            shown = report.Cycle;
            seen.Add(TimeProvider.System.GetUtcNow());
            screen.Cycle(report);
            if (report.Cycle >= options.Cycles) return new(status, seen);
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
    private static async Task<Verdict> JudgeAsync(
        SimulatedCloud cloud, LivingFleet fleet, WebhookReceiver webhook, Watched watched, CancellationToken ct)
    {
        var patience = Stopwatch.StartNew();
        using var timer = new PeriodicTimer(PollInterval);
        while (true)
        {
            var verdict = Verdict.Of(new Truth
            {
                Members = fleet.Members,
                Machine = cloud.Ec2.Find,
                Object = key => cloud.S3.Get(Shard.Bucket, key)?.Body,
                Rows = fleet.Rows(),
                ForeignObjects = fleet.ForeignObjects,
                Arrivals = webhook.Arrivals,
                JudgedBefore = watched.JudgedBefore,
                GraceUntil = watched.FirstSeen + FleetTimings.RegistrationTimeout,
                SilenceCounts = watched.LastSeen - watched.FirstSeen
                    > (3 * FleetTimings.HealthCheckInterval) + TimeSpan.FromSeconds(1),
                Audit = AuditOf(cloud),
                NstanceMisled = fleet.NstanceMisled,
            });
            if (verdict.LostEvents.Count == 0 || patience.Elapsed > MaxEventWait) return verdict;
            await timer.WaitForNextTickAsync(ct);
        }
    }

    private static string AuditOf(SimulatedCloud cloud) => string.Concat(
        cloud.S3.Keys(Shard.Bucket, $"{Shard.Prefix()}shard/{Shard.Shard}/gc/audit/")
            .Select(key => Encoding.UTF8.GetString(cloud.S3.Get(Shard.Bucket, key)!.Body)));

    /// <summary>On a server that is not ours nothing must go on after the demo.</summary>
    private async Task StopCollectorAsync(TemporalClient client)
    {
        if (options.Server == DemoOptions.Embedded) return;
        await IfThereAsync(() => client.GetScheduleHandle(Names.ScheduleId(Shard.Cluster, Shard.Shard)).DeleteAsync());
        string[] workflows =
        [
            Names.GcWorkflowId(Shard.Cluster, Shard.Shard), Names.ReconcilerWorkflowId(Shard.Cluster, Shard.Shard),
        ];
        foreach (var id in workflows)
            await IfThereAsync(() => client.GetWorkflowHandle(id).TerminateAsync("the demo is over"));
    }

    private static async Task IfThereAsync(Func<Task> stop)
    {
        try
        {
            await stop();
        }
        catch (RpcException e) when (e.Code is RpcException.StatusCode.NotFound)
        {
            // The demo ended before it was started, or it has ended by itself.
        }
    }

    /// <summary>What the demo saw of the collector.</summary>
    /// <param name="Last">The last status.</param>
    /// <param name="Seen">When the demo began, and when it saw each report.</param>
    private sealed record Watched(GcStatus Last, IReadOnlyList<DateTimeOffset> Seen)
    {
        /// <summary>
        /// Garbage of before this time must be gone: a whole cycle began after it. A cycle may begin before its
        /// forerunner's report is seen here, so one more cycle is given.
        /// </summary>
        public DateTimeOffset JudgedBefore => Seen[Math.Max(0, Seen.Count - 3)];

        public DateTimeOffset FirstSeen => Seen[1];

        public DateTimeOffset LastSeen => Seen[^1];
    }
}

/// <summary>The demo itself could not go on; its message is for people.</summary>
internal sealed class DemoFailure(string message) : Exception(message);
