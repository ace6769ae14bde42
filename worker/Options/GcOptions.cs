using System.ComponentModel.DataAnnotations;

namespace Nstance.Temporal.Worker.Options;

/// <summary>
/// All settings of <c>nstance-gc</c>, from <c>appsettings.json</c>, <c>NSTANCE_GC__*</c> and the command line
/// (see <c>docs/configuration.md</c>). A null timing is taken from the bucket's <c>config.jsonc</c>.
/// </summary>
public sealed record GcOptions : IValidatableObject
{
    /// <summary>Cluster id (contract, "Names"). Needed by everything that names a shard.</summary>
    [Identifier]
    public string? Cluster { get; init; }

    /// <summary>Shard id.</summary>
    [Identifier]
    public string? Shard { get; init; }

    /// <summary>S3 bucket that holds <c>shard/{shard}/…</c>.</summary>
    [BucketName]
    public string? Bucket { get; init; }

    /// <summary>Name of this host, unique among workers. The default is the machine's name.</summary>
    [HostName]
    public string HostName { get; init; } = Environment.MachineName;

    /// <summary>
    /// Where databases of our own are kept. The default is <c>$STATE_DIRECTORY</c> (systemd), else
    /// <c>~/.local/share/nstance-gc</c>.
    /// </summary>
    [Required]
    public string DataDirectory { get; init; } = DefaultDataDirectory();

    /// <summary>
    /// nstance's own database on this host, for the shard named by <see cref="Cluster"/> and <see cref="Shard"/>.
    /// Null (the default): a database of our own in <see cref="DataDirectory"/>.
    /// </summary>
    public string? SharedDatabasePath { get; init; }

    /// <summary>Where events for the outside are posted. Null (the default): they go to the log alone.</summary>
    [HttpUrl]
    public string? WebhookUrl { get; init; }

    /// <summary>File with the secret that signs webhook posts. Null (the default): not signed.</summary>
    public string? WebhookSecretFile { get; init; }

    /// <summary>Activities at a time, on each of the two queues. The default value is 20.</summary>
    [Whole(1, 1000)]
    public int MaxConcurrentActivities { get; init; } = 20;

    /// <summary>
    /// Long polls for tasks at a time: of workflows, and of activities on each of the two queues. The default value is 10.
    /// </summary>
    [Whole(2, 200)]
    public int Pollers { get; init; } = 10;

    /// <summary>
    /// Workflows that are kept in memory between their tasks; each shard has two. What is not kept is read again from its
    /// history. The default value is 4000.
    /// </summary>
    [Whole(10, 1_000_000)]
    public int MaxCachedWorkflows { get; init; } = 4000;

    /// <summary>
    /// Part of the account's EC2 request rates that the shards of this worker may use together. The default value is 50.
    /// </summary>
    [Whole(1, 100)]
    public int Ec2RatePercent { get; init; } = 50;

    /// <summary>How long running activities may take to end when the worker stops. The default value is 20 seconds.</summary>
    [Duration("1s", "10m")]
    public TimeSpan ShutdownTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>
    /// File with the keys that encrypt payloads. Null (the default): the lines in <c>NSTANCE_GC_PAYLOAD_KEYS</c>, and without
    /// those nothing is encrypted.
    /// </summary>
    public string? PayloadKeyFile { get; init; }

    /// <summary>How long to wait for Temporal to answer at all. The default value is 5 seconds.</summary>
    [Duration("100ms", "5m")]
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Where <c>run</c> answers <c>/healthz/live</c>, <c>/healthz/ready</c> and <c>/metrics</c>: an IP address with a port (0: any
    /// that is free), or <c>off</c>, the default. There is no authentication: nothing but loopback or a pod's own network.
    /// </summary>
    [ListenAddress]
    public string HealthAddress { get; init; } = "off";

    /// <summary>How <c>run</c> writes its log: <c>text</c> (the default) or <c>json</c>, one object a line.</summary>
    [OneOf("text", "json")]
    public string LogFormat { get; init; } = "text";

    /// <summary>Time between starts of cycles; zero turns collection off.</summary>
    [Duration("0s", "8760h")]
    public TimeSpan? Interval { get; init; }

    /// <summary>An instance that has not registered this long after it was issued is dangling.</summary>
    [Duration("1s", "8760h")]
    public TimeSpan? RegistrationTimeout { get; init; }

    /// <summary>How long a deleted instance stays on record.</summary>
    [Duration("1s", "8760h")]
    public TimeSpan? DeletedRecordRetention { get; init; }

    /// <summary>How often an agent reports.</summary>
    [Duration("1s", "8760h")]
    public TimeSpan? HealthCheckInterval { get; init; }

    /// <summary>Maximum time for one call to the cloud or the bucket.</summary>
    [Duration("100ms", "10m")]
    public TimeSpan? RequestTimeout { get; init; }

    /// <summary>How long after a change the cloud's answers may lag.</summary>
    [Duration("0s", "24h")]
    public TimeSpan? SettleTime { get; init; }

    /// <summary>Maximum time for one cycle. The default value is 10 minutes.</summary>
    [Duration("1s", "24h")]
    public TimeSpan CycleTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long a phase waits for its host before the host counts as lost. The default value is 45 seconds.</summary>
    [Duration("1s", "24h")]
    public TimeSpan HostTimeout { get; init; } = TimeSpan.FromSeconds(45);

    /// <summary>How many cycles a run holds before it continues as new. The default value is 100.</summary>
    [Whole(1, 1000)]
    public int CyclesPerRun { get; init; } = 100;

    /// <summary>False: no limit on what one cycle may end. The default value is true.</summary>
    public bool Limits { get; init; } = true;

    /// <summary>A group may always lose this many in a cycle. The default value is 2.</summary>
    [Whole(0, 1_000_000)]
    public int LimitGroupFloor { get; init; } = 2;

    /// <summary>Share of a group's live instances that a cycle may end. The default value is 20.</summary>
    [Whole(0, 100)]
    public int LimitGroupPercent { get; init; } = 20;

    /// <summary>A shard may always lose this many in a cycle. The default value is 5.</summary>
    [Whole(0, 1_000_000)]
    public int LimitShardFloor { get; init; } = 5;

    /// <summary>Share of a shard's live instances that a cycle may end. The default value is 10.</summary>
    [Whole(0, 100)]
    public int LimitShardPercent { get; init; } = 10;

    /// <summary>Other limits for some groups or reasons. The default value is none.</summary>
    public string? LimitRules { get; init; }

    /// <summary>How long what would be terminated is stopped before it ends. The default value is null: it ends at once.</summary>
    [Duration("1m", "8760h")]
    public TimeSpan? Quarantine { get; init; }

    /// <summary>Hours in which nothing is collected. The default value is none.</summary>
    public string? MaintenanceWindows { get; init; }

    /// <summary>
    /// True: report what would be terminated and deleted, end and delete nothing. False: enforce. The default value is null:
    /// dry-run, until <c>nstance-gc enforce</c>.
    /// </summary>
    public bool? DryRun { get; init; }

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
            Rules = LimitRuleText.Read(LimitRules, out var rules) is null && rules.Count > 0 ? rules : null,
        },
        Windows = WindowText.Read(MaintenanceWindows, out var windows) is null && windows.Count > 0 ? windows : null,
    };

    /// <summary>Rules that hold between settings.</summary>
    /// <param name="validationContext">Not looked at.</param>
    /// <returns>One result for each fault.</returns>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (SharedDatabasePath is not null && (Cluster is null || Shard is null))
        {
            yield return new(
                "it is one shard's database: say which with --cluster and --shard", [nameof(SharedDatabasePath)]);
        }

        if (LimitRuleText.Read(LimitRules, out _) is { } rule)
        {
            yield return new($"\"{rule}\" is no rule: {LimitRuleText.Allowed}", [nameof(LimitRules)]);
        }

        if (WindowText.Read(MaintenanceWindows, out _) is { } window)
        {
            yield return new($"\"{window}\" is no window: {WindowText.Allowed}", [nameof(MaintenanceWindows)]);
        }

        if (HostTimeout > CycleTimeout)
        {
            yield return new(
                $"{DurationText.Format(HostTimeout)} is longer than the cycle timeout, {DurationText.Format(CycleTimeout)}",
                [nameof(HostTimeout)]);
        }

        if (WebhookSecretFile is not null && WebhookUrl is null)
        {
            yield return new("it signs posts to a webhook: give --webhook-url too", [nameof(WebhookSecretFile)]);
        }
        else if (WebhookSecretFile is not null && !File.Exists(WebhookSecretFile))
        {
            yield return new($"\"{WebhookSecretFile}\" is not there: a file that holds the secret", [nameof(WebhookSecretFile)]);
        }
    }

    private static string DefaultDataDirectory()
    {
        // systemd may name several directories, separated by colons; the first is ours.
        var systemd = Environment.GetEnvironmentVariable("STATE_DIRECTORY")?.Split(':')[0];
        return string.IsNullOrEmpty(systemd)
            ? Path.Combine(
                Environment.GetFolderPath(
                    Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify),
                "nstance-gc")
            : systemd;
    }
}
