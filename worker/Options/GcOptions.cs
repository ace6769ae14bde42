namespace Nstance.Temporal.Worker.Options;

/// <summary>
/// All settings of <c>nstance-gc</c>, from <c>appsettings.json</c>, <c>NSTANCE_GC__*</c> and the command line
/// (see <c>docs/configuration.md</c>).
/// </summary>
public sealed record GcOptions
{
    internal const string Off = "off";

    /// <summary>What holds when nothing is given.</summary>
    internal static GcOptions Defaults { get; } = new();

    /// <summary>Cluster id (contract, "Names"). Needed by everything that names a shard.</summary>
    public string? Cluster { get; init; }

    /// <summary>Shard id.</summary>
    public string? Shard { get; init; }

    /// <summary>S3 bucket that holds <c>shard/{shard}/…</c>.</summary>
    public string? Bucket { get; init; }

    /// <summary>What nstance's <c>--prefix</c> puts before each key. Null (the default): nothing.</summary>
    public string? Prefix { get; init; }

    /// <summary>Name of this host, unique among workers. The default is the machine's name.</summary>
    public string HostName { get; init; } = Environment.MachineName;

    /// <summary>
    /// Where databases of our own are kept. The default is <c>$STATE_DIRECTORY</c> (systemd), else
    /// <c>~/.local/share/nstance-gc</c>.
    /// </summary>
    public string DataDirectory { get; init; } = DefaultDataDirectory();

    /// <summary>
    /// nstance's own database on this host, for the shard named by <see cref="Cluster"/> and <see cref="Shard"/>.
    /// Null (the default): a database of our own in <see cref="DataDirectory"/>.
    /// </summary>
    public string? SharedDatabasePath { get; init; }

    /// <summary>Id of nstance's server on this host. Null (the default): the leader's address decides.</summary>
    public string? NstanceServerId { get; init; }

    /// <summary>Where events for the outside are posted. Null (the default): they go to the log alone.</summary>
    public string? WebhookUrl { get; init; }

    /// <summary>File with the secret that signs webhook posts. Null (the default): not signed.</summary>
    public string? WebhookSecretFile { get; init; }

    /// <summary>Activities at a time, on each of the two queues. The default value is 20.</summary>
    public int MaxConcurrentActivities { get; init; } = 20;

    /// <summary>Long polls at a time, of workflows, and of activities on each queue. The default is 10.</summary>
    public int Pollers { get; init; } = 10;

    /// <summary>
    /// Workflows kept in memory between their tasks; each shard has two. The worker replays the history of any other.
    /// The default value is 4000.
    /// </summary>
    public int MaxCachedWorkflows { get; init; } = 4000;

    /// <summary>Percentage of the account's EC2 request rates for this worker's shards. The default is 50.</summary>
    public int Ec2RatePercent { get; init; } = 50;

    /// <summary>How long running activities may take to end when the worker stops. The default is 20 seconds.</summary>
    public TimeSpan ShutdownTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>
    /// File with the keys that encrypt payloads. Null (the default): the lines in <c>NSTANCE_GC_PAYLOAD_KEYS</c>;
    /// without those nothing is encrypted.
    /// </summary>
    public string? PayloadKeyFile { get; init; }

    /// <summary>How long to wait for Temporal to answer at all. The default value is 5 seconds.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Where <c>run</c> serves its health and metrics: an IP address with a port (0: any free port). The default is
    /// <c>off</c>. Requests are not authenticated, so use loopback or a pod's own address.
    /// </summary>
    public string HealthAddress { get; init; } = Off;

    /// <summary>How <c>run</c> writes its log: <c>text</c> (the default) or <c>json</c>, one object a line.</summary>
    public string LogFormat { get; init; } = "text";

    /// <summary>
    /// What the collector of a shard is asked to do: kept in its schedule. The worker itself does not use it. A null
    /// timing is taken from the bucket's <c>config.jsonc</c>.
    /// </summary>
    public GcSettings Collector { get; init; } = new();

    /// <summary>The shard and the place of its records; null while cluster, shard or bucket is missing.</summary>
    internal ShardRef? ShardRef => this is { Cluster: { } cluster, Shard: { } shard, Bucket: { } bucket }
        ? new(cluster, shard, bucket, Prefix ?? "")
        : null;

    private static string DefaultDataDirectory()
    {
        // systemd may name several directories, separated by colons; the first is ours.
        var systemd = Environment.GetEnvironmentVariable("STATE_DIRECTORY")?.Split(':')[0];
        if (!string.IsNullOrEmpty(systemd)) return systemd;
        var data = Environment.GetFolderPath(
            Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify);
        return Path.Combine(data, "nstance-gc");
    }
}
