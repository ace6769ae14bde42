using System.Text;
using Nstance.Temporal.Activities;
using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Simulation.Chaos;
using Nstance.Temporal.Simulation.Fleet;
using Nstance.Temporal.Simulation.Nstance;

namespace Nstance.Temporal.Tests.Support;

/// <summary>nstance's server and the collector over one file, with a cloud and a bucket in memory.</summary>
internal sealed class SharedShard : IConnections, INstanceCloud, IDisposable
{
    public string Provider => "aws";

    public static readonly DateTimeOffset Start = new(2026, 11, 23, 18, 0, 0, TimeSpan.Zero);
    public const string HostName = "host-a";
    public static readonly ShardRef Shard = new("prod-eu", "us-west-2a", "bucket");

    private readonly string _folder = Directory.CreateTempSubdirectory("nstance-shared-").FullName;
    private readonly DateTimeOffset _start;
    private int _machines;

    /// <param name="generation">Of nstance's schema.</param>
    /// <param name="hasUnknownColumns">A later nstance added columns.</param>
    /// <param name="start">Time of the first cycle. Default: <see cref="Start"/>.</param>
    public SharedShard(NstanceGeneration generation, bool hasUnknownColumns = false, DateTimeOffset? start = null)
    {
        _start = start ?? Start;
        Input = new(Shard, _start, Timings) { DryRun = true };
        Nstance = new(Path, generation, this, Timings.RegistrationTimeout, hasUnknownColumns);
        Records.Config = Encoding.UTF8.GetBytes(Shard.Config(Timings));
        Records.Leader = () => LeaderFile.Alive(Input.AsOf);
        var databases = new ShardDatabases
        {
            HostName = HostName,
            DataDirectory = _folder,
            SharedDatabasePath = Path,
            NstanceServerId = LeaderFile.Id,
        };
        Activities = new(databases, this, _ => Events, new StoppedClock { Time = () => Input.AsOf });
        Cloud.Now = () => Input.AsOf;
    }

    public GcActivities Activities { get; private set; }

    public static ShardTimings Timings { get; } = new();

    public string Path => System.IO.Path.Combine(_folder, "nstance.db");

    public NstanceServer Nstance { get; }

    public FakeCloud Cloud { get; } = new();

    public FakeRecordStore Records { get; } = new();

    public FakeAuditStore Audit { get; } = new();

    public FakeEventSink Events { get; } = new();

    public PhaseInput Input { get; set; }

    /// <summary>A machine with this id tag, not known to nstance.</summary>
    public CloudInstance Launch(
        string id, DateTimeOffset at, InstanceStatus status = InstanceStatus.Running, string? group = "web",
        string? protect = null)
    {
        var tags = new Dictionary<string, string>
        {
            [CloudTags.Managed] = "true",
            [CloudTags.ClusterId] = Shard.Cluster,
            [CloudTags.Shard] = Shard.Shard,
            [CloudTags.InstanceId] = id,
        };
        if (group is not null) tags[CloudTags.Group] = group;
        if (protect is not null) tags[CloudTags.GcProtect] = protect;
        var state = status == InstanceStatus.Deleted ? "terminated" : status.Name();
        return Cloud.Add(new($"i-{++_machines:x17}", state, status, at, "a", "10.0.0.1", null, "host", tags));
    }

    /// <summary>A member as nstance made it: row, record, machine. Default: it registered, and reports.</summary>
    public string AddMember(
        int hours, string group = "web", InstanceStatus status = InstanceStatus.Running, string? protect = null,
        bool hasRow = true, bool isRegistered = true)
    {
        var issued = _start.AddHours(-hours);
        DateTimeOffset? registered = isRegistered ? issued : null;
        var id = NewId(issued);
        var machine = Launch(id, issued, status, group, protect);
        PutRecord(id, group, machine.ProviderId, issued, registered);
        if (hasRow)
        {
            Nstance.Write(database => database.Insert(new NstanceInstance(id, "acme", group, issued)
            {
                ProviderId = machine.ProviderId,
                RegisteredAt = registered,
                HealthAt = isRegistered ? _start : null,
            }));
        }

        return id;
    }

    public void PutRecord(string id, string group, string? provider, DateTimeOffset issued, DateTimeOffset? registered)
    {
        if (!InstanceId.TryParse(id, out var parsed)) throw new ArgumentException("not an instance id", nameof(id));
        var instance = new NstanceInstance(id, "acme", group, issued)
        {
            ProviderId = provider,
            RegisteredAt = registered,
        };
        Records.Objects[RecordKey.For(Shard, "acme", parsed)] = NstanceRecord.Write(instance, "running", issued);
    }

    public static string NewId(DateTimeOffset issued) =>
        InstanceIds.New(issued).ToString();

    /// <summary>Runs one cycle; the next one is two minutes later.</summary>
    public async Task<(SyncResult Sync, CollectResult Collect)> CycleAsync()
    {
        if (Input.Cycle == 0) await Activities.AcquireShardAsync(new(Shard, Input.AsOf));
        Input = Input with { Cycle = Input.Cycle + 1, AsOf = _start.AddMinutes(2 * Input.Cycle) };
        Report();
        var sync = await Activities.SyncProviderAsync(Input);
        var collect = await Activities.CollectAsync(Input);
        await Activities.ScanHealthAsync(Input);
        await Activities.PurgeRecordsAsync(Input);
        return (sync, collect);
    }

    /// <summary>Each registered agent reports now.</summary>
    public void Report() =>
        Nstance.File.Report(Nstance.File.Live().Where(row => row.IsRegistered).Select(row => (row.Id, Input.AsOf)));

    /// <summary>Another host takes the shard, with its own file.</summary>
    public async Task MoveToAnOwnFileAsync()
    {
        Records.Leader = () => null;
        var databases = new ShardDatabases { HostName = "other", DataDirectory = _folder };
        Activities = new(databases, this, _ => Events, new StoppedClock { Time = () => Input.AsOf });
        await Activities.AcquireShardAsync(new(Shard, Input.AsOf));
    }

    public bool IsAlive(string providerId) =>
        Cloud.Instances.TryGetValue(providerId, out var i)
        && i.Status is not (InstanceStatus.Deleting or InstanceStatus.Deleted);

    public bool Terminate(string providerId)
    {
        if (!IsAlive(providerId)) return true;
        Cloud.Add(Cloud.Instances[providerId] with { State = "shutting-down", Status = InstanceStatus.Deleting });
        return true;
    }

    public bool IsRecorded(string instanceId) =>
        KeysOf(instanceId).Any(key => Records.Objects[key].AsSpan().IndexOf("registered_at"u8) >= 0);

    public void DeleteRecord(string instanceId)
    {
        foreach (var key in KeysOf(instanceId)) Records.Objects.Remove(key);
    }

    private string[] KeysOf(string instanceId) => [.. Records.Objects.Keys.Where(key =>
        RecordKey.TryParse(Shard, key, out _, out var id) && id.ToString() == instanceId)];

    public void Dispose()
    {
        Nstance.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    public PlanShelf Plans { get; } = new();

    IRecordStore IConnections.Records(TimeSpan requestTimeout) => Records;

    IAuditStore IConnections.Audit(TimeSpan requestTimeout) => Audit;

    IPlanStore IConnections.Plans(TimeSpan requestTimeout) => Plans;

    ICloud IConnections.Cloud(string? region, TimeSpan requestTimeout) => Cloud;
}
