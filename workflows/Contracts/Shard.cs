namespace Nstance.Temporal.Workflows.Contracts;

/// <summary>Which shard, and where its records are.</summary>
/// <param name="Cluster">Cluster id (contract, "Names").</param>
/// <param name="Shard">Shard id.</param>
/// <param name="Bucket">S3 bucket that holds <c>shard/{shard}/…</c>.</param>
public sealed record ShardRef(string Cluster, string Shard, string Bucket);

/// <summary>The timings in effect for a shard (contract, "Configuration the collector reads").</summary>
public sealed record ShardTimings
{
    /// <summary>Time between starts of cycles. Zero or less: collection is off. Default 2 minutes.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>An instance that has not registered this long after it was issued is dangling. Default 5 minutes.</summary>
    public TimeSpan RegistrationTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long a deleted instance stays on record. Default 30 minutes.</summary>
    public TimeSpan DeletedRecordRetention { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>How often an agent reports. A report older than this is stale. Default 60 seconds.</summary>
    public TimeSpan HealthCheckInterval { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Maximum time for one call to the cloud or the bucket. Default 30 seconds.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long after a change the cloud's own answers may still lag (EC2 is eventually consistent): a row younger
    /// than this is never judged by a listing. Default 1 minute; not part of <c>config.jsonc</c>.
    /// </summary>
    public TimeSpan SettleTime { get; init; } = TimeSpan.FromMinutes(1);
}

/// <summary>What an operator asks of a shard's collector. A null timing is taken from the bucket's configuration.</summary>
public sealed record GcSettings
{
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

    /// <summary>How many cycles a run holds before it continues as new. Default 100.</summary>
    public int CyclesPerRun { get; init; } = 100;

    /// <summary>How much one cycle may end.</summary>
    public TerminationLimits Limits { get; init; } = new();

    /// <summary>
    /// True: report what would be terminated and deleted, end and delete nothing. False: enforce. Default null: dry-run, until
    /// an operator says enforce (update <c>SetMode</c>).
    /// </summary>
    public bool? DryRun { get; init; }

    /// <summary>
    /// Instead of being ended, an instance is tagged <c>nstance:gc-quarantined</c> and stopped, and ended after this wait if
    /// the evidence still says so. Default null: ended at once.
    /// </summary>
    public TimeSpan? Quarantine { get; init; }

    /// <summary>Hours in which nothing is collected. Default null: none.</summary>
    public IReadOnlyList<MaintenanceWindow>? Windows { get; init; }

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
/// How many instances one cycle may end for one reason (design, "Limits"). Over it none of that reason is ended.
/// </summary>
public sealed record TerminationLimits
{
    /// <summary>No limit at all: for tests, and for operators who say so.</summary>
    public static TerminationLimits Off { get; } = new() { Enabled = false };

    /// <summary>Default true.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>A group may always lose this many. Default 2.</summary>
    public int GroupFloor { get; init; } = 2;

    /// <summary>Share of the group's live instances, 0 to 100. Default 20.</summary>
    public int GroupPercent { get; init; } = 20;

    /// <summary>A shard may always lose this many. Default 5.</summary>
    public int ShardFloor { get; init; } = 5;

    /// <summary>Share of the shard's live instances, 0 to 100. Default 10.</summary>
    public int ShardPercent { get; init; } = 10;

    /// <summary>Other bounds for some groups or reasons; the one that names most of both holds. Default null: none.</summary>
    public IReadOnlyList<LimitRule>? Rules { get; init; }
}

/// <summary>Another bound than the usual one.</summary>
/// <param name="Floor">So many may always be lost.</param>
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
