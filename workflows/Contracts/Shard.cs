namespace Nstance.Temporal.Workflows.Contracts;

/// <summary>Which shard, and where its records are.</summary>
/// <param name="Cluster">Cluster id (contract, "Names").</param>
/// <param name="Shard">Shard id.</param>
/// <param name="Bucket">S3 bucket that holds <c>shard/{shard}/…</c>.</param>
/// <param name="Prefix">
/// What nstance's <c>--prefix</c> puts before each key, without a slash at the end. The default "" means no prefix.
/// </param>
public sealed record ShardRef(string Cluster, string Shard, string Bucket, string Prefix = "");

/// <summary>The timings in effect for a shard (contract, "Configuration the collector reads").</summary>
public sealed record ShardTimings
{
    /// <summary>Time between starts of cycles. Zero or less: collection is off. Default 2 minutes.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>An instance that has not registered for this long is dangling. Default 5 minutes.</summary>
    public TimeSpan RegistrationTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long a deleted instance stays on record. Default 30 minutes.</summary>
    public TimeSpan DeletedRecordRetention { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>How often an agent reports. A report older than this is stale. Default 60 seconds.</summary>
    public TimeSpan HealthCheckInterval { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Maximum time for one call to the cloud or the bucket. Default 30 seconds.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long after a change the cloud's own answers may still lag (EC2 is eventually consistent): a row younger
    /// than this is never compared with a listing. Default 1 minute; not part of <c>config.jsonc</c>.
    /// </summary>
    public TimeSpan SettleTime { get; init; } = TimeSpan.FromMinutes(1);
}

/// <summary>Settings of a shard's collector. A null timing is taken from the bucket's configuration.</summary>
public sealed record GcSettings : UpdateRequest
{
    /// <summary>Cycles of a run before it continues as new.</summary>
    public const int DefaultCyclesPerRun = 100;

    /// <summary>Overrides <see cref="ShardTimings.Interval"/>.</summary>
    public TimeSpan? Interval { get; init; }

    /// <summary>Overrides <see cref="ShardTimings.RegistrationTimeout"/>.</summary>
    public TimeSpan? RegistrationTimeout { get; init; }

    /// <summary>Overrides <see cref="ShardTimings.DeletedRecordRetention"/>.</summary>
    public TimeSpan? DeletedRecordRetention { get; init; }

    /// <summary>Overrides <see cref="ShardTimings.HealthCheckInterval"/>.</summary>
    public TimeSpan? HealthCheckInterval { get; init; }

    /// <summary>Overrides <see cref="ShardTimings.RequestTimeout"/>.</summary>
    public TimeSpan? RequestTimeout { get; init; }

    /// <summary>Overrides <see cref="ShardTimings.SettleTime"/>.</summary>
    public TimeSpan? SettleTime { get; init; }

    /// <summary>Maximum time for one cycle, retries included. Default 10 minutes.</summary>
    public TimeSpan CycleTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// How long an activity may wait for its host before the host counts as lost. Default 45 seconds.
    /// </summary>
    public TimeSpan HostTimeout { get; init; } = TimeSpan.FromSeconds(45);

    /// <summary>
    /// Cycles of a run before it continues as new, at most <see cref="GcSettingsRules.MaxCyclesPerRun"/>. Default
    /// <see cref="DefaultCyclesPerRun"/>.
    /// </summary>
    public int CyclesPerRun { get; init; } = DefaultCyclesPerRun;

    /// <summary>How much one cycle may terminate.</summary>
    public TerminationLimits Limits { get; init; } = new();

    /// <summary>
    /// True: report what would be terminated and deleted, and do neither. False: enforce. Default null: dry-run, until
    /// an operator enforces (update <c>SetMode</c>).
    /// </summary>
    public bool? DryRun { get; init; }

    /// <summary>
    /// An instance is first tagged <c>nstance:gc-quarantined</c> and stopped, and terminated after this wait if the
    /// evidence still holds. Default null: terminated at once.
    /// </summary>
    public TimeSpan? Quarantine { get; init; }

    /// <summary>Hours in which nothing is collected. Default null: none.</summary>
    public IReadOnlyList<QuietHours>? QuietHours { get; init; }

    /// <summary>The timings in effect: these settings over <paramref name="configured"/>.</summary>
    public ShardTimings Over(ShardTimings configured) => configured with
    {
        Interval = Interval ?? configured.Interval,
        RegistrationTimeout = RegistrationTimeout ?? configured.RegistrationTimeout,
        DeletedRecordRetention = DeletedRecordRetention ?? configured.DeletedRecordRetention,
        HealthCheckInterval = HealthCheckInterval ?? configured.HealthCheckInterval,
        RequestTimeout = RequestTimeout ?? configured.RequestTimeout,
        SettleTime = SettleTime ?? configured.SettleTime,
    };
}

/// <summary>
/// How many instances one cycle may terminate for one reason (design, "Limits"). Over it, it terminates none of them.
/// </summary>
public sealed record TerminationLimits
{
    /// <summary>A group may always lose this many.</summary>
    public const int DefaultGroupFloor = 2;

    /// <summary>Percentage of a group's live instances.</summary>
    public const int DefaultGroupPercent = 20;

    /// <summary>A shard may always lose this many.</summary>
    public const int DefaultShardFloor = 5;

    /// <summary>Percentage of a shard's live instances.</summary>
    public const int DefaultShardPercent = 10;

    /// <summary>No limit at all: for tests, and for operators who ask for it.</summary>
    public static TerminationLimits Off { get; } = new() { Enabled = false };

    /// <summary>Default true.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>A group may always lose this many. Default <see cref="DefaultGroupFloor"/>.</summary>
    public int GroupFloor { get; init; } = DefaultGroupFloor;

    /// <summary>Percentage of the group's live instances. Default <see cref="DefaultGroupPercent"/>.</summary>
    public int GroupPercent { get; init; } = DefaultGroupPercent;

    /// <summary>A shard may always lose this many. Default <see cref="DefaultShardFloor"/>.</summary>
    public int ShardFloor { get; init; } = DefaultShardFloor;

    /// <summary>Percentage of the shard's live instances. Default <see cref="DefaultShardPercent"/>.</summary>
    public int ShardPercent { get; init; } = DefaultShardPercent;

    /// <summary>Other bounds for some groups or reasons; the most specific one holds. Default null: none.</summary>
    public IReadOnlyList<LimitRule>? Rules { get; init; }
}

/// <summary>Another bound than the usual one.</summary>
/// <param name="Floor">Number that may always be lost.</param>
/// <param name="Percent">Share of the live instances, 0 to 100.</param>
public sealed record LimitRule(int Floor, int Percent)
{
    /// <summary>
    /// <c>tenant/group</c>; null: every group, or the whole shard when <see cref="OfShard"/>.
    /// </summary>
    public string? Group { get; init; }

    /// <summary>Null: every reason.</summary>
    public CollectReason? Reason { get; init; }

    /// <summary>True: bounds what the shard may lose, not a group. Default false.</summary>
    public bool OfShard { get; init; }
}
