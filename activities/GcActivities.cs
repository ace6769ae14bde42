using System.Diagnostics;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Nstance.Temporal.Activities.Acquire;
using Nstance.Temporal.Activities.Audit;
using Nstance.Temporal.Activities.Aws;
using Nstance.Temporal.Activities.Collect;
using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Health;
using Nstance.Temporal.Activities.Purge;
using Nstance.Temporal.Activities.Reconcile;
using Nstance.Temporal.Activities.Records;
using Nstance.Temporal.Activities.Sync;
using Temporalio.Activities;
using Temporalio.Exceptions;

namespace Nstance.Temporal.Activities;

/// <summary>
/// The phases of a cycle as activities. One object for a worker and all its shards; thread-safe, since each call opens
/// the shard's database for itself. Every call is safe to retry.
/// </summary>
public sealed class GcActivities : IGcActivities
{
    private readonly ShardDatabases _databases;
    private readonly IConnections _connections;
    private readonly Func<PhaseInput, IEventSink> _events;
    private readonly TimeProvider _time;
    private readonly bool _asksTemporal;

    /// <summary>As a worker uses it: events go to the shard's <c>ReconcilerWorkflow</c> by signal-with-start.</summary>
    /// <param name="databases">Where this host keeps its databases.</param>
    /// <param name="connections">Clients of cloud and bucket.</param>
    public GcActivities(ShardDatabases databases, AwsConnections connections)
        : this(databases, connections, input => new ReconcilerEventSink(
            ActivityExecutionContext.Current.TemporalClient, databases.HostName, input.Timings.HealthCheckInterval))
    {
        _asksTemporal = true;
    }

    internal GcActivities(
        ShardDatabases databases, IConnections connections, Func<PhaseInput, IEventSink> events,
        TimeProvider? time = null)
    {
        _databases = databases;
        _connections = connections;
        _events = events;
        _time = time ?? TimeProvider.System;
    }

    /// <summary>The reconciler's activities over the same databases and clients; the caller disposes them.</summary>
    /// <param name="webhook">Receives notifications; null: the log does.</param>
    /// <param name="time">Clock of signatures.</param>
    /// <param name="logger">Logs notifications without a webhook.</param>
    /// <returns>Activities for the shared and the host's queue.</returns>
    public ReconcilerActivities CreateReconciler(WebhookSettings? webhook, TimeProvider time, ILogger logger) =>
        new(
            (input, ct) => Failures.MapAsync(isAcquire: false, () => CheckAsync(input, ct)), webhook, time, logger);

    /// <inheritdoc/>
    [Activity]
    public Task<AcquireShardResult> AcquireShardAsync(AcquireShardInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return Failures.MapAsync(isAcquire: true, async () =>
        {
            var waited = HostOrder.Waited();
            HostOrder.Require(_databases, input, waited);
            var timeout = input.Settings?.RequestTimeout ?? new ShardTimings().RequestTimeout;
            var probe = new HostProbe(_connections, _databases.HostName, waited);
            using var heartbeat = new PhaseHeartbeat(_time);
            var acquire = new AcquirePhase(_databases, _connections.Records(timeout), probe, _time, heartbeat.Beat);
            return await acquire.RunAsync(input, Attempted(input.AsOf), Token);
        });
    }

    /// <inheritdoc/>
    [Activity]
    public Task<SyncResult> SyncProviderAsync(PhaseInput input) => RunAsync(input, "sync", async (database, beat) =>
    {
        var notes = new PhaseNotes();
        var records = _connections.Records(input.Timings.RequestTimeout);
        var at = Attempted(input.AsOf);
        var leader = await Leader(input).SyncAsync(database, at, Token);
        var config = await new ShardConfiguration(records, input.Shard, _connections.Provider)
            .TryReadAsync(notes, Token);
        var timings = input.Timings;
        if (config is not null)
        {
            timings = (input.Settings ?? new GcSettings()).Over(
                config.Timings with { SettleTime = input.Timings.SettleTime });
            database.SetMeta(MetaKeys.Region, config.Region ?? "");
            database.SetMeta(MetaKeys.HealthCheckInterval, GoDuration.Format(timings.HealthCheckInterval));
        }

        input = input with { Timings = timings };
        var sync = new SyncPhase(
            database, Cloud(database, timings), records, notes, Trail(database, input), input, beat.Beat);
        var result = await sync.RunAsync(Token) with { Timings = timings, Leader = leader };
        PhaseMetrics.Synced(input.Shard, sync.States, database.Path);
        return result;
    });

    /// <inheritdoc/>
    [Activity]
    public Task<CollectResult> CollectAsync(PhaseInput input) =>
        RunAsync(input = Begun(input), "collect", async (db, beat) =>
        {
            await Leader(input).RequireSameAsync(db, Token);
            var before = await BeforeAsync();
            var collect = new CollectPhase(
                db, Cloud(db, input.Timings), Records(input), _events(input), Trail(db, input), Plans(input), input,
                beat.Beat, _time, _asksTemporal ? beat.RequireNotCancelledAsync : null);
            var result = await collect.RunAsync(before, Token);
            PhaseMetrics.Collected(input.Shard, result, input.DryRun);
            return result;
        });

    /// <inheritdoc/>
    [Activity]
    public Task<HealthScanResult> ScanHealthAsync(PhaseInput input) =>
        RunAsync(input = Begun(input), "health", async (db, beat) =>
        {
            await Leader(input).RequireSameAsync(db, Token);
            var queue = Names.HostTaskQueue(_databases.HostName);
            var health = new HealthPhase(db, _events(input), Plans(input), queue, input, beat.Beat);
            var result = await health.RunAsync(Token);
            PhaseMetrics.Scanned(input.Shard, result);
            return result;
        });

    /// <inheritdoc/>
    [Activity]
    public Task<PurgeResult> PurgeRecordsAsync(PhaseInput input) =>
        RunAsync(input = Begun(input), "purge", async (db, beat) =>
        {
            var before = (await BeforeAsync())?.Purged;
            var purge = new PurgePhase(
                db, Cloud(db, input.Timings), Records(input), Trail(db, input), input, beat.Beat);
            var result = await purge.RunAsync(before, Token);
            PhaseMetrics.PurgeDone(input.Shard, result, input.DryRun);
            return result;
        });

    /// <summary>Null in tests and in the simulation, which call the phases without Temporal.</summary>
    private static ActivityExecutionContext? Context =>
        ActivityExecutionContext.HasCurrent ? ActivityExecutionContext.Current : null;

    private static ILogger Logger => Context?.Logger ?? NullLogger.Instance;

    private static CancellationToken Token => Context?.CancellationToken ?? CancellationToken.None;

    /// <summary>Start of this attempt by Temporal's clock.</summary>
    private static DateTimeOffset? Started =>
        Context is { } context ? new DateTimeOffset(context.Info.StartedTime, TimeSpan.Zero) : null;

    private PhaseInput Begun(PhaseInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        var now = _time.GetUtcNow();
        return input with { StartedAt = Started ?? now, HostTime = now };
    }

    /// <summary>Start of this attempt; the cycle's time if that is later.</summary>
    private static DateTimeOffset Attempted(DateTimeOffset asOf) => Started > asOf ? Started.Value : asOf;

    /// <summary>Returns the last heartbeat of the attempt before; null if this is the first attempt.</summary>
    private static async Task<PhaseProgress?> BeforeAsync()
    {
        if (Context?.Info is not { HeartbeatDetails.Count: > 0 } info) return null;
        try
        {
            return await info.HeartbeatDetailAtAsync<PhaseProgress>(0);
        }
        catch (JsonException)
        {
            return null; // written by another version
        }
    }

    private ICloud Cloud(ShardDatabase database, ShardTimings timings)
    {
        var region = database.GetMeta(MetaKeys.Region);
        return _connections.Cloud(string.IsNullOrEmpty(region) ? null : region, timings.RequestTimeout);
    }

    private IRecordStore Records(PhaseInput input) => _connections.Records(input.Timings.RequestTimeout);

    private IPlanStore Plans(PhaseInput input) => _connections.Plans(input.Timings.RequestTimeout);

    private LeaderCheck Leader(PhaseInput input) => new(_databases, Records(input), input.Shard, _time);

    private AuditTrail Trail(ShardDatabase database, PhaseInput input) =>
        new(database, _connections.Audit(input.Timings.RequestTimeout), _databases.HostName, input)
        {
            Time = _time,
            OnTerminated = entry => Logger.Terminated(input, entry),
        };

    private async Task<T> RunAsync<T>(PhaseInput input, string name, Func<ShardDatabase, PhaseHeartbeat, Task<T>> phase)
    {
        ArgumentNullException.ThrowIfNull(input);
        var began = Stopwatch.GetTimestamp();
        var outcome = "failed";
        using var heartbeat = new PhaseHeartbeat(_time);
        try
        {
            var result = await Failures.MapAsync(isAcquire: false, async () =>
            {
                using var database = OpenHeld(input.Shard);
                return await phase(database, heartbeat);
            });
            outcome = "ok";
            return result;
        }
        catch
        {
            heartbeat.Failed();
            throw;
        }
        finally
        {
            PhaseMetrics.Phase(input.Shard, name, outcome, began);
        }
    }

    private async Task<CheckInstancesResult> CheckAsync(CheckInstancesInput input, CancellationToken ct)
    {
        using var database = OpenHeld(input.Shard);
        var timings = new ShardTimings();
        var records = _connections.Records(timings.RequestTimeout);
        await new LeaderCheck(_databases, records, input.Shard, _time).RequireSameAsync(database, ct);
        if (GoDuration.TryParse(database.GetMeta(MetaKeys.HealthCheckInterval), out var interval))
            timings = timings with { HealthCheckInterval = interval };
        return await new CheckPhase(database, Cloud(database, timings), timings).RunAsync(input, ct);
    }

    private ShardDatabase OpenHeld(ShardRef shard)
    {
        var database = _databases.Open(shard, create: false);
        if (database.GetMeta(MetaKeys.AcquiredAt) is not null) return database;
        database.Dispose();
        throw new ApplicationFailureException(
            $"host {_databases.HostName} did not acquire this shard", ErrorTypes.ShardNotHeld, nonRetryable: true);
    }
}
