using System.Collections;
using Nstance.Temporal.Worker.Errors;
using Nstance.Temporal.Worker.Options;

namespace Nstance.Temporal.Tests.Worker;

public sealed class OptionReaderTests
{
    [Fact]
    public void Read_NothingGiven_HasTheDocumentedDefaults()
    {
        var read = OptionReader.Read([]);

        Assert.Empty(read.Faults);
        var options = read.Options;
        Assert.Equal(System.Environment.MachineName, options.HostName);
        Assert.Equal(20, options.MaxConcurrentActivities);
        Assert.Equal(TimeSpan.FromSeconds(20), options.ShutdownTimeout);
        Assert.Equal(TimeSpan.FromSeconds(5), options.ConnectTimeout);
        Assert.Equal("text", options.LogFormat);
        Assert.Equal(new Workflows.Contracts.GcSettings(), options.Collector);
    }

    [Fact]
    public void Read_SeveralSources_TheLaterWins()
    {
        var file = Given(("cluster", "from-file"), ("shard", "from-file"), ("bucket", "from-file"));
        var environment = Environment(
            ("NSTANCE_GC__CLUSTER", "from-env"), ("nstance_gc__Shard", "from-env"), ("PATH", "/bin"));
        var line = Given(("Cluster", "from-line"));

        var read = OptionReader.Read([file, environment, line]);

        Assert.Empty(read.Faults);
        Assert.Equal(
            ("from-line", "from-env", "from-file"), (read.Options.Cluster, read.Options.Shard, read.Options.Bucket));
    }

    [Fact]
    public void Read_EverySetting_IsTakenOver()
    {
        var read = OptionReader.Read([Given(
            ("Interval", "2s"), ("RegistrationTimeout", "3s"), ("DeletedRecordRetention", "4s"), (
                "HealthCheckInterval", "5s"),
            ("RequestTimeout", "6s"), ("SettleTime", "0"), ("CycleTimeout", "00:00:30"), ("HostTimeout", "8s"),
            ("CyclesPerRun", "9"),
            ("Limits", "off"), ("LimitGroupFloor", "10"), ("LimitGroupPercent", "11"), ("LimitShardFloor", "12"),
            ("LimitShardPercent", "13"), ("DryRun", "on"))]);

        Assert.Empty(read.Faults);
        var expected = new Workflows.Contracts.GcSettings
        {
            Interval = TimeSpan.FromSeconds(2),
            RegistrationTimeout = TimeSpan.FromSeconds(3),
            DeletedRecordRetention = TimeSpan.FromSeconds(4),
            HealthCheckInterval = TimeSpan.FromSeconds(5),
            RequestTimeout = TimeSpan.FromSeconds(6),
            SettleTime = TimeSpan.Zero,
            CycleTimeout = TimeSpan.FromSeconds(30),
            HostTimeout = TimeSpan.FromSeconds(8),
            CyclesPerRun = 9,
            DryRun = true,
            Limits = new() { Enabled = false, GroupFloor = 10, GroupPercent = 11, ShardFloor = 12, ShardPercent = 13 },
        };
        Assert.Equal(expected, read.Options.Collector);
    }

    [Fact]
    public void Read_ManyFaults_ReportsAllAtOnceEachWithOriginValueAndWhatIsAllowed()
    {
        var environment = Environment(
            ("NSTANCE_GC__INTERVAL", "5 minuts"), ("NSTANCE_GC__BUKET", "b"), ("NSTANCE_GC__CYCLESPERRUN", "many"));
        var line = Given(
            ("Cluster", "Prod"), ("Bucket", "s3://x"), ("HostName", "a/b"), ("WebhookUrl", "ftp://user:token@x"), (
                "LimitGroupPercent", "120"),
            ("RegistrationTimeout", "1ms"), ("DryRun", "perhaps"), ("LogFormat", "xml"), ("SharedDatabasePath", "/x"));

        var read = OptionReader.Read([environment, line], "Shard");

        Assert.Equal(
            [
                "NSTANCE_GC__BUKET: no such setting; did you mean NSTANCE_GC__BUCKET?",
                "--shard is missing: Shard id; give it, or set NSTANCE_GC__SHARD",
                "NSTANCE_GC__INTERVAL: \"5 minuts\" is not a time such as 90s, 2m, 1h30m, 500ms or 00:01:30",
                "NSTANCE_GC__CYCLESPERRUN: \"many\" is not a whole number",
                "--dry-run: \"perhaps\" is not on or off",
                "--cluster: \"Prod\" is not an id: 1 to 32 lower-case letters, digits and single hyphens, with a "
                    + "letter or digit at both ends",
                "--bucket: \"s3://x\" is not a bucket name: 3 to 63 lower-case letters, digits, dots and dashes (no "
                    + "s3:// before it)",
                "--host-name: \"a/b\" is not a host name: 1 to 128 letters, digits, dots, dashes and underscores",
                "--webhook-url: not an address: http://… or https://…",
                "--log-format: \"xml\" is not known: text or json",
                "--registration-timeout: 1ms is out of range: a time from 1s to 8760h",
                "--limit-group-percent: 120 is out of range: a whole number, 0 to 100",
                "--shared-database-path: it is one shard's database: say which with --cluster and --shard",
            ],
            read.Faults);
    }

    [Fact]
    public void Read_HostTimeoutOverCycleTimeout_IsAFault()
    {
        var read = OptionReader.Read([Given(("CycleTimeout", "10s"))]);

        Assert.Equal(["--host-timeout: 45s is out of range: a time from 1s to 10s, the cycle timeout"], read.Faults);
    }

    [Fact]
    public void Read_WebhookSecret_MustBeThereAndHaveAnAddress()
    {
        Assert.Equal(
            ["--webhook-secret-file: it signs posts to a webhook: give --webhook-url too"],
            OptionReader.Read([Given(("WebhookSecretFile", "/none"))]).Faults);
        Assert.Equal(
            ["--webhook-secret-file: \"/none\" is not there: a file that holds the secret"],
            OptionReader.Read([Given(("WebhookSecretFile", "/none"), ("WebhookUrl", "https://x"))]).Faults);
    }

    [Theory]
    [InlineData("https://user:token@x/hook")]
    [InlineData("https://token@x/hook")]
    public void Read_WebhookWithUserInfo_IsRefusedWithoutRepeatingIt(string url) => Assert.Equal(
        [
            "--webhook-url: an address with a user name or a password: remove what stands before the @, and sign the "
                + "posts with --webhook-secret-file",
        ],
        OptionReader.Read([Given(("WebhookUrl", url))]).Faults);

    [Fact]
    public void WithoutFaulty_AfterFaults_HoldsTheDefaultsInTheirPlace()
    {
        var read = OptionReader.Read([Given(("Cluster", "Prod"), ("Shard", "a"))]);

        Assert.Equal((null, "a"), (read.WithoutFaulty().Cluster, read.WithoutFaulty().Shard));
    }

    [Fact]
    public void OfFile_MissingOrBroken_IsOneClearLine()
    {
        var missing = Assert.Throws<CommandException>(() => Layer.OfFile("/none.json"));
        Assert.Equal("--config: \"/none.json\" is not there: a JSON file with a section NstanceGc", missing.Message);

        var path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.json");
        File.WriteAllText(path, "{ \"NstanceGc\": { ");
        try
        {
            var broken = Assert.Throws<CommandException>(() => Layer.OfFile(path));
            Assert.StartsWith($"{path}: not readable as JSON: ", broken.Message, StringComparison.Ordinal);
            Assert.Single(broken.Lines);

            File.WriteAllText(path, "{ \"NstanceGc\": { \"Cluster\": \"c\", \"LimitGroupFlor\": 1 } }");
            var read = OptionReader.Read([Layer.OfFile(path)]);
            Assert.Equal(
                [$"{path}: NstanceGc:LimitGroupFlor: no such setting; did you mean {path}: NstanceGc:LimitGroupFloor?"],
                read.Faults);
            Assert.Equal("c", read.Options.Cluster);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static Layer Given(params (string Name, string Value)[] values) => Layer.OfCommandLine(
        values.ToDictionary(v => v.Name, v => v.Value, StringComparer.OrdinalIgnoreCase));

    private static Layer Environment(params (string Name, string Value)[] values)
    {
        var variables = new Hashtable();
        foreach (var (name, value) in values)
        {
            variables[name] = value;
        }

        return Layer.OfEnvironment(variables);
    }
}
