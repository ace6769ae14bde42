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
    public void Validator_OfAHost_KnowsTheSameRules()
    {
        var result = new GcOptionsValidator().Validate(null, new() { Cluster = "Prod", Pollers = 0 });

        Assert.True(result.Failed);
        Assert.Equal(2, result.Failures.Count());
        Assert.True(new GcOptionsValidator().Validate(Options.DefaultName, new()).Succeeded);
        Assert.True(new GcOptionsValidator().Validate(null, new() { Collector = new() { CyclesPerRun = 0 } }).Failed);
    }

    [Fact]
    public void AddNstanceGc_InvalidSetting_IsRefusedAtOnce()
    {
        var refusal = Assert.Throws<OptionsValidationException>(
            () => new ServiceCollection().AddNstanceGc(new() { Pollers = 0 }));

        Assert.Contains("0 is out of range: a whole number, 2 to 200", refusal.Message, StringComparison.Ordinal);
    }

    private static IEnumerable<string> Names(Type type, string but) =>
        type.GetProperties().Where(p => p.SetMethod is not null && p.Name != but).Select(p => p.Name);
}
