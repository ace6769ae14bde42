using System.Text;
using static Nstance.Temporal.Worker.Options.SettingUse;

namespace Nstance.Temporal.Worker.Options;

/// <summary>Every setting, in the order of the documentation. A test checks that none is missing.</summary>
internal static class Settings
{
    public static IReadOnlyList<Setting> All { get; } =
    [
        new("Cluster", Shard, "ID", "Cluster id"),
        new("Shard", Shard, "ID", "Shard id"),
        new("Bucket", Shard, "NAME", "S3 bucket that holds shard/{shard}/…"),
        new("Prefix", Shard, "P", "What nstance's --prefix puts before each key of the bucket: P/shard/{shard}/…"),
        new("HostName", Host, "NAME", "Name of this host; unique among all workers", "the machine's name"),
        new("DataDirectory", Host, "DIR",
            "Where databases of our own are kept", "$STATE_DIRECTORY, else ~/.local/share/nstance-gc"),
        new("SharedDatabasePath", Host, "FILE",
            "nstance's own database ({cachedir}/db/nstance.db) of the shard given by --cluster and --shard",
            "none: a database of our own"),
        new("NstanceServerId", Host, "ID",
            "Id of nstance's server on this host; the shared database is used while that server leads the shard",
            "none: the leader's address must be one of this machine's"),
        new("WebhookUrl", Host, "URL", "Where events for the outside are posted", "none: the log alone"),
        new("WebhookSecretFile", Host, "FILE", "File with the secret that signs webhook posts", "none: not signed"),
        new("MaxConcurrentActivities", Host, "N", "Activities at a time, on each of the two queues"),
        new("Pollers", Host, "N",
            "Long polls for tasks at a time: of workflows, and of activities on each of the two queues"),
        new("MaxCachedWorkflows", Host, "N", "Workflows kept in memory between their tasks; each shard has two"),
        new("Ec2RatePercent", Host, "PERCENT",
            "Part of the account's EC2 request rates that the shards of this worker may use together"),
        new("ShutdownTimeout", Host, "TIME", "How long running activities may take to end when the worker stops"),
        new("HealthAddress", Host, "IP:PORT|off",
            "Where the worker serves its health and metrics, e.g. 127.0.0.1:9464; no authentication"),
        new("LogFormat", Host, "text|json", "How the log is written (to stderr)"),
        new("Interval", Collector, "TIME",
            "Time between starts of cycles", "config.jsonc, else 2m"),
        new("RegistrationTimeout", Collector, "TIME",
            "An instance not registered this long after it was issued is dangling", "config.jsonc, else 5m"),
        new("DeletedRecordRetention", Collector, "TIME",
            "How long a deleted instance stays on record", "config.jsonc, else 30m"),
        new("HealthCheckInterval", Collector, "TIME", "How often an agent reports", "config.jsonc, else 60s"),
        new("RequestTimeout", Collector, "TIME",
            "Maximum time for one call to the cloud or the bucket", "config.jsonc, else 30s"),
        new("SettleTime", Collector, "TIME", "How long after a change the cloud's answers may lag", "1m"),
        new("CycleTimeout", Collector, "TIME", "Maximum time for one cycle"),
        new("HostTimeout", Collector, "TIME", "How long a phase waits for its host before the host counts as lost"),
        new("CyclesPerRun", Collector, "N", "Cycles in one workflow run before it continues as new"),
        new("Limits", Collector, "on|off", "Whether limits apply to what one cycle may terminate for one reason"),
        new("LimitGroupFloor", Collector, "N", "A group may always lose this many in a cycle"),
        new("LimitGroupPercent", Collector, "PERCENT", "Share of a group's live instances that a cycle may terminate"),
        new("LimitShardFloor", Collector, "N", "A shard may always lose this many in a cycle"),
        new("LimitShardPercent", Collector, "PERCENT", "Share of a shard's live instances that a cycle may terminate"),
        new("LimitRules", Collector, "RULES",
            "Other limits for some groups or reasons, such as acme/web:dangling=10/50, *:orphan=0/0, shard:*=20/30"),
        new("Quarantine", Collector, "TIME",
            "How long an instance is tagged and stopped before it is terminated",
            "none: terminated at once"),
        new("QuietHours", Collector, "HOURS",
            "Hours in which nothing is collected, such as Sat,Sun 00:00-00:00 Europe/Berlin; 02:00-04:30"),
        new("DryRun", Collector, "on|off",
            "Say what would be terminated and deleted; terminate and delete nothing", "on, until nstance-gc enforce"),
        new("PayloadKeyFile", Client, "FILE",
            "File with the keys that encrypt what is kept in Temporal",
            "none: $NSTANCE_GC_PAYLOAD_KEYS, else not encrypted"),
        new("ConnectTimeout", Client, "TIME", "How long to wait for Temporal to answer at all"),
    ];

    public static Setting Get(string name) => All.Single(setting => setting.Name == name);

    public static IReadOnlyList<Setting> Named(params string[] names) => [.. names.Select(Get)];

    public static IEnumerable<Setting> Of(params SettingUse[] uses) => All.Where(s => uses.Contains(s.Use));

    /// <summary>The table of <c>docs/configuration.md</c>.</summary>
    public static string Markdown()
    {
        var table = new StringBuilder(
            "| option | environment | appsettings.json | commands | default | meaning |\n|---|---|---|---|---|---|\n");
        foreach (var setting in All)
        {
            var commands = setting.Use switch
            {
                Host => "`run`, `doctor`",
                Collector when setting.Name == nameof(GcSettings.DryRun) => "`schedule create`",
                Collector => "`init`, `schedule create`",
                _ => "all",
            };
            var value = setting.Value.Replace("|", "\\|");
            table.Append($"| `{setting.Option} {value}` | `{setting.Variable}` | `{Setting.Section}:{setting.Name}` ")
                .Append($"| {commands} | {setting.Default} | {setting.Help} |\n");
        }

        return table.ToString();
    }
}
