namespace Nstance.Temporal.Workflows.Contracts;

/// <summary>Which shard, and where its records are.</summary>
/// <param name="Cluster">Cluster id (contract, "Names").</param>
/// <param name="Shard">Shard id.</param>
/// <param name="Bucket">S3 bucket that holds <c>shard/{shard}/…</c>.</param>
/// <param name="Prefix">nstance's <c>--prefix</c> of each key, without a slash at the end. Default "": none.</param>
public sealed record ShardRef(string Cluster, string Shard, string Bucket, string Prefix = "");

/// <summary>The nstance server that leads a shard, as <c>shard/{shard}/leader.json</c> names it.</summary>
/// <param name="Id">Its server id.</param>
/// <param name="Address">Its host, or its address with a port; "" if the file names none.</param>
/// <param name="Since">
/// When the collector first saw it lead, or noticed that it was elected again. Each election resets every report of
/// health, so a missing report from before this time is not evidence.
/// </param>
public sealed record NstanceLeaderInfo(string Id, string Address, DateTimeOffset Since);

/// <summary>The timings in effect for a shard (contract, "Configuration the collector reads").</summary>
public sealed record ShardTimings
{
    /// <summary>Time between starts of cycles. Default 2 minutes.</summary>
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

    /// <summary>How long an activity may wait for its host before that counts as lost. Default 45 seconds.</summary>
    public TimeSpan HostTimeout { get; init; } = TimeSpan.FromSeconds(45);

    /// <summary>Cycles of a run, at most <see cref="GcSettingsRules.MaxCyclesPerRun"/>. Default 100.</summary>
    public int CyclesPerRun { get; init; } = 100;

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

/// <summary>How many instances one cycle may terminate for one reason. Over it, it terminates none of them.</summary>
/// <param name="Enabled">False: no limit at all.</param>
/// <param name="GroupFloor">A group may always lose this many.</param>
/// <param name="GroupPercent">Percentage of the group's live instances.</param>
/// <param name="ShardFloor">A shard may always lose this many.</param>
/// <param name="ShardPercent">Percentage of the shard's live instances.</param>
/// <param name="Rules">Other bounds for some groups or reasons; the most specific one holds. Null: none.</param>
public sealed record TerminationLimits(
    bool Enabled = true,
    int GroupFloor = 2,
    int GroupPercent = 20,
    int ShardFloor = 5,
    int ShardPercent = 10,
    IReadOnlyList<LimitRule>? Rules = null)
{
    /// <summary>No limit at all: for tests, and for operators who ask for it.</summary>
    public static TerminationLimits Off { get; } = new(Enabled: false);
}

/// <summary>Another bound than the usual one.</summary>
/// <param name="Floor">Number that may always be lost.</param>
/// <param name="Percent">Share of the live instances, 0 to 100.</param>
/// <param name="Group"><c>tenant/group</c>; null: every group, or the whole shard.</param>
/// <param name="Reason">Null: every reason.</param>
/// <param name="OfShard">True: bounds what the shard may lose, not a group. Default false.</param>
public sealed record LimitRule(
    int Floor, int Percent, string? Group = null, CollectReason? Reason = null, bool OfShard = false);
