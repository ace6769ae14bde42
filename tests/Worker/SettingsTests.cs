using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Nstance.Temporal.Worker.Hosting;
using Nstance.Temporal.Worker.Options;

namespace Nstance.Temporal.Tests.Worker;

public sealed class SettingsTests
{
    [Fact]
    public void All_EveryMemberOfTheOptions_IsASettingOnce() => Assert.Equal(
        Names(typeof(GcOptions), nameof(GcOptions.Collector))
            .Concat(Names(typeof(GcSettings), nameof(GcSettings.Fault)))
            .Concat(Names(typeof(TerminationLimits), nameof(TerminationLimits.Enabled)).Select(name => $"Limit{name}"))
            .Order(StringComparer.Ordinal),
        Settings.All.Select(setting => setting.Name).Order(StringComparer.Ordinal));

    [Fact]
    public void Markdown_Documentation_SaysTheSame()
    {
        var documentation = File.ReadAllText(Path.Combine(Repository.Root, "docs", "configuration.md"));

        Assert.Contains(Settings.Markdown(), documentation);
    }

    [Fact]
    public void Setting_Names_FollowFromTheMember()
    {
        var setting = Settings.Get("SharedDatabasePath");

        Assert.Equal(("--shared-database-path", "NSTANCE_GC__SHAREDDATABASEPATH"), (setting.Option, setting.Variable));
    }

    [Fact]
    public void Faults_Defaults_AreNone() => Assert.Empty(OptionRules.Faults(new()));

    [Fact]
    public void AddNstanceGc_InvalidSettings_AreAllRefusedAtOnce()
    {
        var settings = new Workflows.Contracts.GcSettings
        {
            CyclesPerRun = 0,
            Limits = new() { GroupPercent = 120, ShardPercent = 120 },
        };

        var refusal = Assert.Throws<OptionsValidationException>(() => new ServiceCollection().AddNstanceGc(
            new() { HostName = null!, DataDirectory = "", Pollers = 0, Collector = settings }));

        Assert.Equal(
            [
                "HostName: \"\" is not a host name: 1 to 128 letters, digits, dots, dashes and underscores",
                "DataDirectory: is missing: a directory",
                "Pollers: 0 is out of range: a whole number, 2 to 200",
                "CyclesPerRun: 0 is out of range: a whole number, 1 to 1000",
                "LimitGroupPercent: 120 is out of range: a whole number, 0 to 100",
                "LimitShardPercent: 120 is out of range: a whole number, 0 to 100",
            ],
            refusal.Failures);
    }

    private static IEnumerable<string> Names(Type type, string but) =>
        type.GetProperties().Where(p => p.SetMethod is not null && p.Name != but).Select(p => p.Name);
}
