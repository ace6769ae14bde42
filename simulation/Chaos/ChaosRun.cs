using System.Text.Json;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using Nstance.Temporal.Activities.Audit;
using Nstance.Temporal.Activities.Cloud;
using Nstance.Temporal.Activities.Collection;
using Nstance.Temporal.Activities.Reconciling;
using Nstance.Temporal.Activities.Records;
using Nstance.Temporal.Workflows.Contracts;
using Temporalio.Exceptions;

namespace Nstance.Temporal.Simulation.Chaos;

/// <summary>Wraps the ports, to plant a bug: production code has no seam for that.</summary>
internal sealed record Plant
{
    public Func<IRecordStore, string, IRecordStore> Records { get; init; } = (records, _) => records;

    public Action<ChaosReconciler>? BeforeCycle { get; init; }
}

/// <summary>What came of a story.</summary>
internal sealed record ChaosOutcome(int Seed, int Cycles, int Ended, int Checked, string Digest, Violation? Violation);

/// <summary>
/// Plays one story: the real phases, on real SQLite, in virtual time. The order of phases, and what follows a failure, are
/// those of GcWorkflow, which is not run here.
/// </summary>
internal sealed class ChaosRun : IDisposable
{
    private readonly string _folder;
    private readonly ServerRows? _rows;
    private readonly ChaosWorld _world;
    private readonly Invariants _invariants;
    private readonly ChaosReconciler _reconciler;
    private readonly Plant _plant;
    private readonly HashSet<int> _struck = [];
    private int _host;
    private string? _lastHost;
    private ShardTimings? _timings;
    private int _cycles;

    private ChaosRun(Story story, Plant plant)
    {
        _folder = Directory.CreateDirectory(Path.Combine(
            Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath(), $"nstance-chaos-{Guid.NewGuid():N}")).FullName;
        _rows = story.Setup.Shared ? new ServerRows(Path.Combine(_folder, "server.db")) : null;
        (_world, _plant) = (new(story, _rows), plant);
        (_invariants, _reconciler) = (new(_world), new(_world));
    }

    private string DatabasePath => _rows is not null
        ? Path.Combine(_folder, "server.db")
        : Path.Combine(_folder, $"host-{_host}", Story.Shard.Cluster, $"{Story.Shard.Shard}.db");

    public static async Task<ChaosOutcome> PlayAsync(Story story, Plant? plant = null)
    {
        using var run = new ChaosRun(story, plant ?? new());
        return await run.PlayAsync();
    }

    public void Dispose()
    {
        _rows?.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task<ChaosOutcome> PlayAsync()
    {
        var (setup, at) = (_world.Story.Setup, Story.Start);
        var quiet = (2 * setup.Timings.RegistrationTimeout) + setup.Timings.DeletedRecordRetention + TimeSpan.FromMinutes(5) + (8 * setup.Timings.Interval);
        for (var end = setup.Length + quiet; at - Story.Start < end && _world.Violation is null; at += setup.Timings.Interval)
        {
            _world.Advance(at);
            _world.Quiet = _world.Elapsed > setup.Length;
            _world.Heartbeat();
            if (_world.Holding(Deed.Pause).Any()) continue;
            foreach (var e in Due(Deed.DeleteDatabase).Where(_ => _rows is null).ToArray())
            {
                _struck.Add(e.Number);
                File.Delete(DatabasePath);
                File.Delete(DatabasePath + "-wal");
                File.Delete(DatabasePath + "-shm");
            }

            _plant.BeforeCycle?.Invoke(_reconciler);
            await CycleAsync(at);
        }

        _world.Step = "end";
        if (_world.Violation is null) _invariants.NothingLeaks();
        return new(setup.Seed, _cycles, _world.EndedByCollector.Count, _reconciler.CheckedAt.Count, _world.Digest, _world.Violation);
    }

    private IEnumerable<StoryEvent> Due(Deed deed) =>
        _world.Story.Events.Where(e => e.Deed == deed && e.At <= _world.Elapsed && !_struck.Contains(e.Number));

    private async Task CycleAsync(DateTimeOffset asOf)
    {
        _cycles++;
        _invariants.DryRun = _world.Holding(Deed.DryRun).Any();
        var limits = _world.Holding(Deed.Limits).Any() ? new TerminationLimits() : TerminationLimits.Off;
        PhaseInput Input() => new(Story.Shard, asOf, _timings!) { DryRun = _invariants.DryRun, Limits = limits };
        var sync = await PhaseAsync("sync", asOf, (gc, _) => gc.SyncProviderAsync(Input()));
        if (sync?.Timings is { } timings) _timings = timings;
        // Another host in the midst of a cycle has synced nothing: it syncs before it collects.
        var host = _host;
        if (sync is not null)
        {
            await PhaseAsync("collect", asOf, async (gc, _) =>
            {
                if (host != _host) await gc.SyncProviderAsync(Input());
                host = _host;
                return await gc.CollectAsync(Input());
            });
        }

        await PhaseAsync("health", asOf, (gc, _) => gc.ScanHealthAsync(Input()));
        await PhaseAsync("purge", asOf, (gc, _) => gc.PurgeRecordsAsync(Input()));
        await PhaseAsync("checks", asOf, async (_, reconciler) =>
        {
            await _reconciler.DrainAsync(reconciler);
            return "";
        });
    }

    private async Task<T?> PhaseAsync<T>(string phase, DateTimeOffset asOf, Func<GcActivities, ReconcilerActivities, Task<T>> execute)
        where T : class
    {
        for (var attempt = 1; attempt <= 4 && _world.Violation is null; attempt++)
        {
            _world.Step = $"cycle {_cycles} {phase}, attempt {attempt}";
            var strike = new[] { Deed.Crash, Deed.HostLost, Deed.SlowCall }.SelectMany(Due).FirstOrDefault(e => e.Phase == phase);
            if (strike is not null) _struck.Add(strike.Number);
            var (before, path) = (Rows(), DatabasePath);
            try
            {
                var (gc, reconciler) = Activities(phase, new ChaosCall(_world, phase, strike));
                using (reconciler)
                {
                    if (_timings is null) await AcquireAsync(gc, asOf);
                    var result = await execute(gc, reconciler);
                    var text = JsonSerializer.Serialize(result);
                    _invariants.Says(text);
                    _world.Trace(text.Replace(_folder, "folder", StringComparison.Ordinal));
                    return result;
                }
            }
            catch (HostDied e)
            {
                if (e.Cause.Deed == Deed.HostLost && _rows is null) (_host, _timings) = (_host ^ 1, null);
            }
            catch (ApplicationFailureException e)
            {
                _invariants.Says(e.ToString());
                if (e.ErrorType == ErrorTypes.ShardNotHeld) _timings = null;
                else if (e.ErrorType is ErrorTypes.Denied or ErrorTypes.BadConfiguration) return null;
            }
            catch (Exception e)
            {
                _world.Violate("I0", $"a fault that nobody mapped: {e.GetType().Name}: {e.Message}");
            }
            finally
            {
                if (path == DatabasePath) _invariants.RowsLeft(before, Rows());
            }
        }

        return null;
    }

    private async Task AcquireAsync(GcActivities gc, DateTimeOffset asOf)
    {
        var host = await gc.AcquireShardAsync(new(Story.Shard, asOf) { PreviousHost = _lastHost });
        (_timings, _lastHost) = (host.Timings, host.Host);
        _invariants.Says(JsonSerializer.Serialize(host));
    }

    private (GcActivities Gc, ReconcilerActivities Reconciler) Activities(string phase, ChaosCall call)
    {
        var full = _world.Holding(Deed.DiskFull).Any();
        var databases = new ShardDatabases
        {
            HostName = $"host-{_host}",
            DataDirectory = Path.Combine(_folder, $"host-{_host}"),
            SharedDatabasePath = _rows is null ? null : DatabasePath,
            Opened = connection =>
            {
                using var command = connection.CreateCommand();
                command.CommandText = full ? "PRAGMA synchronous = OFF; PRAGMA max_page_count = 1" : "PRAGMA synchronous = OFF";
                command.ExecuteNonQuery();
            },
        };
        var places = new Places(new ChaosCloud(_world, call, _invariants), _plant.Records(new ChaosBucket(_world, call, _invariants), DatabasePath), new ChaosAudit(_world, call, _invariants));
        var gc = new GcActivities(databases, places, _ => new ChaosSink(_world, call, _reconciler));
        return (gc, gc.CreateReconciler(null, TimeProvider.System, NullLogger.Instance));
    }

    private HashSet<string> Rows()
    {
        var rows = new HashSet<string>();
        if (!File.Exists(DatabasePath)) return rows;
        using var connection = new SqliteConnection($"Data Source={DatabasePath};Pooling=False;Mode=ReadWrite");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT id FROM instances";
        try
        {
            using var reader = command.ExecuteReader();
            while (reader.Read()) rows.Add(reader.GetString(0));
        }
        catch (SqliteException)
        {
            // Made, but without tables yet.
        }

        return rows;
    }

    private sealed record Places(ICloud TheCloud, IRecordStore TheBucket, IAuditStore TheAudit) : IConnections
    {
        public IAuditStore Audit(TimeSpan requestTimeout) => TheAudit;

        public IRecordStore Records(TimeSpan requestTimeout) => TheBucket;

        public ICloud Cloud(string? region, TimeSpan requestTimeout) => TheCloud;
    }
}
