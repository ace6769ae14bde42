using System.Text;

namespace Nstance.Temporal.Worker.Options;

/// <summary>Every setting, in the order of the documentation. A test checks that none is missing.</summary>
internal static class Settings
{
    public static IReadOnlyList<Setting> All { get; } =
    [
        new("Cluster", SettingUse.Shard, "ID", "none", "Cluster id"),
        new("Shard", SettingUse.Shard, "ID", "none", "Shard id"),
        new("Bucket", SettingUse.Shard, "NAME", "none", "S3 bucket that holds shard/{shard}/…"),
        new("HostName", SettingUse.Worker, "NAME", "the machine's name",
            "Name of this host; unique among all workers"),
        new("DataDirectory", SettingUse.Worker, "DIR", "$STATE_DIRECTORY, else ~/.local/share/nstance-gc",
            "Where databases of our own are kept"),
        new("SharedDatabasePath", SettingUse.Worker, "FILE", "none: a database of our own",
            "nstance's own database on this host, of the shard given by --cluster and --shard"),
        new("WebhookUrl", SettingUse.Worker, "URL", "none: the log alone", "Where events for the outside are posted"),
        new("WebhookSecretFile", SettingUse.Worker, "FILE", "none: not signed",
            "File with the secret that signs webhook posts"),
        new("MaxConcurrentActivities", SettingUse.Worker, "N", "20",
            "Activities at a time, on each of the two queues"),
        new("Pollers", SettingUse.Worker, "N", "10",
            "Long polls for tasks at a time: of workflows, and of activities on each of the two queues"),
        new("MaxCachedWorkflows", SettingUse.Worker, "N", "4000",
            "Workflows kept in memory between their tasks; each shard has two"),
        new("Ec2RatePercent", SettingUse.Worker, "PERCENT", "50",
            "Part of the account's EC2 request rates that the shards of this worker may use together"),
        new("ShutdownTimeout", SettingUse.Worker, "TIME", "20s",
            "How long running activities may take to end when the worker stops"),
        new("HealthAddress", SettingUse.Worker, "IP:PORT|off", "off",
            "Where /healthz/live, /healthz/ready and /metrics are answered, e.g. 127.0.0.1:9464; no authentication"),
        new("LogFormat", SettingUse.Worker, "text|json", "text", "How the log is written (to stderr)"),
        new("Interval", SettingUse.Collector, "TIME", "config.jsonc, else 2m",
            "Time between starts of cycles; 0 turns collection off"),
        new("RegistrationTimeout", SettingUse.Collector, "TIME", "config.jsonc, else 5m",
            "An instance not registered this long after it was issued is dangling"),
        new("DeletedRecordRetention", SettingUse.Collector, "TIME", "config.jsonc, else 30m",
            "How long a deleted instance stays on record"),
        new("HealthCheckInterval", SettingUse.Collector, "TIME", "config.jsonc, else 60s",
            "How often an agent reports"),
        new("RequestTimeout", SettingUse.Collector, "TIME", "config.jsonc, else 30s",
            "Maximum time for one call to the cloud or the bucket"),
        new("SettleTime", SettingUse.Collector, "TIME", "1m", "How long after a change the cloud's answers may lag"),
        new("CycleTimeout", SettingUse.Collector, "TIME", "10m", "Maximum time for one cycle"),
        new("HostTimeout", SettingUse.Collector, "TIME", "45s",
            "How long a phase waits for its host before the host counts as lost"),
        new("CyclesPerRun", SettingUse.Collector, "N", "100",
            "Cycles in one workflow run before it continues as new"),
        new("Limits", SettingUse.Collector, "on|off", "on",
            "Whether one cycle may end only so many instances for one reason"),
        new("LimitGroupFloor", SettingUse.Collector, "N", "2", "A group may always lose this many in a cycle"),
        new("LimitGroupPercent", SettingUse.Collector, "PERCENT", "20",
            "Share of a group's live instances that a cycle may end"),
        new("LimitShardFloor", SettingUse.Collector, "N", "5", "A shard may always lose this many in a cycle"),
        new("LimitShardPercent", SettingUse.Collector, "PERCENT", "10",
            "Share of a shard's live instances that a cycle may end"),
        new("LimitRules", SettingUse.Collector, "RULES", "none",
            "Other limits for some groups or reasons, such as acme/web:dangling=10/50, *:orphan=0/0, shard:*=20/30"),
        new("Quarantine", SettingUse.Collector, "TIME", "none: terminated at once",
            "How long an instance that would be terminated is tagged and stopped before it ends"),
        new("MaintenanceWindows", SettingUse.Collector, "WINDOWS", "none",
            "Hours in which nothing is collected, such as Sat,Sun 00:00-00:00 Europe/Berlin; 02:00-04:30"),
        new("DryRun", SettingUse.Collector, "on|off", "on, until nstance-gc enforce",
            "Say what would be terminated and deleted; terminate and delete nothing"),
        new("PayloadKeyFile", SettingUse.Client, "FILE", "none: $NSTANCE_GC_PAYLOAD_KEYS, else not encrypted",
            "File with the keys that encrypt what is kept in Temporal"),
        new("ConnectTimeout", SettingUse.Client, "TIME", "5s", "How long to wait for Temporal to answer at all"),
    ];

    public static Setting Get(string name) => All.Single(setting => setting.Name == name);

    public static IEnumerable<Setting> Named(params string[] names) => names.Select(Get);

    /// <summary>The table of <c>docs/configuration.md</c>.</summary>
    public static string Markdown()
    {
        var table = new StringBuilder(
            "| option | environment | appsettings.json | commands | default | meaning |\n|---|---|---|---|---|---|\n");
        foreach (var setting in All)
        {
            var commands = setting.Use switch
            {
                SettingUse.Worker => "`run`, `doctor`",
                SettingUse.Collector when setting.Name == nameof(GcOptions.DryRun) => "`schedule create`",
                SettingUse.Collector => "`init`, `schedule create`",
                _ => "all",
            };
            var value = setting.Value.Replace("|", "\\|");
            table.Append($"| `{setting.Option} {value}` | `{setting.Variable}` | `{Setting.Section}:{setting.Name}` ")
                .Append($"| {commands} | {setting.Default} | {setting.Help} |\n");
        }

        return table.ToString();
    }
}
