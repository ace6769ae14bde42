using System.ComponentModel.DataAnnotations;

namespace Nstance.Temporal.Worker.Options;

/// <summary>
/// All settings of <c>nstance-gc</c>, from <c>appsettings.json</c>, <c>NSTANCE_GC__*</c> and the command line
/// (see <c>docs/configuration.md</c>). A null timing is taken from the bucket's <c>config.jsonc</c>.
/// </summary>
public sealed record GcOptions : IValidatableObject
{
    internal const string Off = "off";

    private const int MaxFloor = 1_000_000;

    private const string MaxDuration = "8760h";

    // The collector's own defaults: one place for both.
    private static readonly GcSettings Collector = new();

    /// <summary>What holds when nothing is given.</summary>
    internal static GcOptions Defaults { get; } = new();

    /// <summary>Cluster id (contract, "Names"). Needed by everything that names a shard.</summary>
    [Identifier]
    public string? Cluster { get; init; }

    /// <summary>Shard id.</summary>
    [Identifier]
    public string? Shard { get; init; }

    /// <summary>S3 bucket that holds <c>shard/{shard}/…</c>.</summary>
    [BucketName]
    public string? Bucket { get; init; }

    /// <summary>What nstance's <c>--prefix</c> puts before each key. Null (the default): nothing.</summary>
    [KeyPrefix]
    public string? Prefix { get; init; }

    /// <summary>Name of this host, unique among workers. The default is the machine's name.</summary>
    [HostName]
    public string HostName { get; init; } = Environment.MachineName;

    /// <summary>
    /// Where databases of our own are kept. The default is <c>$STATE_DIRECTORY</c> (systemd), else
    /// <c>~/.local/share/nstance-gc</c>.
    /// </summary>
    [Required]
    public string DataDirectory { get; init; } = DataDirectories.Default();

    /// <summary>
    /// nstance's own database on this host, for the shard named by <see cref="Cluster"/> and <see cref="Shard"/>.
    /// Null (the default): a database of our own in <see cref="DataDirectory"/>.
    /// </summary>
    public string? SharedDatabasePath { get; init; }

    /// <summary>
    /// Id of nstance's server on this host. Null (the default): the leader's address must be one of this machine's.
    /// </summary>
    [ServerId]
    public string? NstanceServerId { get; init; }

    /// <summary>Where events for the outside are posted. Null (the default): they go to the log alone.</summary>
    [HttpUrl]
    public string? WebhookUrl { get; init; }

    /// <summary>File with the secret that signs webhook posts. Null (the default): not signed.</summary>
    public string? WebhookSecretFile { get; init; }

    /// <summary>Activities at a time, on each of the two queues. The default value is 20.</summary>
    [Whole(1, 1000)]
    public int MaxConcurrentActivities { get; init; } = 20;

    /// <summary>
    /// Long polls for tasks at a time: of workflows, and of activities on each of the two queues. The default is 10.
    /// </summary>
    [Whole(2, 200)]
    public int Pollers { get; init; } = 10;

    /// <summary>
    /// Workflows kept in memory between their tasks; each shard has two. The worker replays the history of any other.
    /// The default value is 4000.
    /// </summary>
    [Whole(10, 1_000_000)]
    public int MaxCachedWorkflows { get; init; } = 4000;

    /// <summary>Share of the account's EC2 request rates for all shards of this worker. The default is 50.</summary>
    [Whole(1, 100)]
    public int Ec2RatePercent { get; init; } = 50;

    /// <summary>How long running activities may take to end when the worker stops. The default is 20 seconds.</summary>
    [Duration("1s", "10m")]
    public TimeSpan ShutdownTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>
    /// File with the keys that encrypt payloads. Null (the default): the lines in <c>NSTANCE_GC_PAYLOAD_KEYS</c>;
    /// without those nothing is encrypted.
    /// </summary>
    public string? PayloadKeyFile { get; init; }

    /// <summary>How long to wait for Temporal to answer at all. The default value is 5 seconds.</summary>
    [Duration("100ms", "5m")]
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Where <c>run</c> answers <c>/healthz/live</c>, <c>/healthz/ready</c> and <c>/metrics</c>: an IP address with a
    /// port (0: any free port), or <c>off</c>, the default. There is no authentication: use loopback or a pod's own.
    /// </summary>
    [ListenAddress]
    public string HealthAddress { get; init; } = Off;

    /// <summary>How <c>run</c> writes its log: <c>text</c> (the default) or <c>json</c>, one object a line.</summary>
    [OneOf("text", "json")]
    public string LogFormat { get; init; } = "text";

    /// <summary>Time between starts of cycles.</summary>
    [Duration("1s", MaxDuration)]
    public TimeSpan? Interval { get; init; }

    /// <summary>An instance that has not registered this long after it was issued is dangling.</summary>
    [Duration("1s", MaxDuration)]
    public TimeSpan? RegistrationTimeout { get; init; }

    /// <summary>How long a deleted instance stays on record.</summary>
    [Duration("1s", MaxDuration)]
    public TimeSpan? DeletedRecordRetention { get; init; }

    /// <summary>How often an agent reports.</summary>
    [Duration("1s", MaxDuration)]
    public TimeSpan? HealthCheckInterval { get; init; }

    /// <summary>Maximum time for one call to the cloud or the bucket.</summary>
    [Duration("100ms", "10m")]
    public TimeSpan? RequestTimeout { get; init; }

    /// <summary>How long after a change the cloud's answers may lag.</summary>
    [Duration("0s", "24h")]
    public TimeSpan? SettleTime { get; init; }

    /// <summary>Maximum time for one cycle. The default value is 10 minutes.</summary>
    [Duration("1s", "24h")]
    public TimeSpan CycleTimeout { get; init; } = Collector.CycleTimeout;

    /// <summary>How long a phase waits for its host until the host counts as lost. The default is 45 seconds.</summary>
    [Duration("1s", "24h")]
    public TimeSpan HostTimeout { get; init; } = Collector.HostTimeout;

    /// <summary>How many cycles a run holds before it continues as new. The default value is 100.</summary>
    [Whole(1, 1000)]
    public int CyclesPerRun { get; init; } = Collector.CyclesPerRun;

    /// <summary>False: no limit on what one cycle may end. The default value is true.</summary>
    public bool Limits { get; init; } = Collector.Limits.Enabled;

    /// <summary>A group may always lose this many in a cycle. The default value is 2.</summary>
    [Whole(0, MaxFloor)]
    public int LimitGroupFloor { get; init; } = Collector.Limits.GroupFloor;

    /// <summary>Share of a group's live instances that a cycle may end. The default value is 20.</summary>
    [Whole(0, 100)]
    public int LimitGroupPercent { get; init; } = Collector.Limits.GroupPercent;

    /// <summary>A shard may always lose this many in a cycle. The default value is 5.</summary>
    [Whole(0, MaxFloor)]
    public int LimitShardFloor { get; init; } = Collector.Limits.ShardFloor;

    /// <summary>Share of a shard's live instances that a cycle may end. The default value is 10.</summary>
    [Whole(0, 100)]
    public int LimitShardPercent { get; init; } = Collector.Limits.ShardPercent;

    /// <summary>Other limits for some groups or reasons. The default value is none.</summary>
    public string? LimitRules { get; init; }

    /// <summary>How long an instance is stopped before it is terminated. The default is null: no quarantine.</summary>
    [Duration("1m", MaxDuration)]
    public TimeSpan? Quarantine { get; init; }

    /// <summary>Hours in which nothing is collected. The default value is none.</summary>
    public string? QuietHours { get; init; }

    /// <summary>
    /// True: report what would be terminated and deleted; terminate and delete nothing. False: enforce. The default is
    /// null: dry-run, until <c>nstance-gc enforce</c>.
    /// </summary>
    public bool? DryRun { get; init; }

    /// <summary>The shard and the place of its records; null while cluster, shard or bucket is missing.</summary>
    internal ShardRef? ShardRef => this is { Cluster: { } cluster, Shard: { } shard, Bucket: { } bucket }
        ? new(cluster, shard, bucket, Prefix ?? "")
        : null;

    /// <summary>What the collector of a shard is asked to do.</summary>
    /// <returns>The settings that a schedule or a workflow is started with.</returns>
    public GcSettings ToSettings() => new()
    {
        Interval = Interval,
        RegistrationTimeout = RegistrationTimeout,
        DeletedRecordRetention = DeletedRecordRetention,
        HealthCheckInterval = HealthCheckInterval,
        RequestTimeout = RequestTimeout,
        SettleTime = SettleTime,
        CycleTimeout = CycleTimeout,
        HostTimeout = HostTimeout,
        CyclesPerRun = CyclesPerRun,
        DryRun = DryRun,
        Quarantine = Quarantine,
        Limits = new()
        {
            Enabled = Limits,
            GroupFloor = LimitGroupFloor,
            GroupPercent = LimitGroupPercent,
            ShardFloor = LimitShardFloor,
            ShardPercent = LimitShardPercent,
            Rules = SteeringText.Rules(LimitRules, out var rules) is null ? NullIfEmpty(rules) : null,
        },
        QuietHours = SteeringText.QuietHours(QuietHours, out var hours) is null ? NullIfEmpty(hours) : null,
    };

    /// <summary>Checks the rules between settings.</summary>
    /// <param name="validationContext">Not used.</param>
    /// <returns>One result for each fault.</returns>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (SharedDatabasePath is not null && (Cluster is null || Shard is null))
        {
            yield return Fault(
                nameof(SharedDatabasePath), "it is one shard's database: say which with --cluster and --shard");
        }

        if (SteeringText.Rules(LimitRules, out _) is { } rule)
            yield return Fault(nameof(LimitRules), $"\"{rule}\" is no rule: {SteeringText.AllowedRules}");
        if (SteeringText.QuietHours(QuietHours, out _) is { } hours)
            yield return Fault(nameof(QuietHours), $"\"{hours}\" are no quiet hours: {SteeringText.AllowedQuietHours}");
        if (HostTimeout > CycleTimeout)
        {
            var cycle = DurationText.Format(CycleTimeout);
            yield return Fault(
                nameof(HostTimeout), $"{DurationText.Format(HostTimeout)} is longer than the cycle timeout, {cycle}");
        }

        if (WebhookSecretFile is { } file && (WebhookUrl is null || !File.Exists(file)))
        {
            yield return Fault(nameof(WebhookSecretFile), WebhookUrl is null
                ? "it signs posts to a webhook: give --webhook-url too"
                : $"\"{file}\" is not there: a file that holds the secret");
        }
    }

    private static ValidationResult Fault(string name, string message) => new(message, [name]);

    private static IReadOnlyList<T>? NullIfEmpty<T>(IReadOnlyList<T> list) => list.Count > 0 ? list : null;
}
