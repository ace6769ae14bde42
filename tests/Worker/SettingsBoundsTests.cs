using System.Reflection;
using Nstance.Temporal.Worker.Options;

namespace Nstance.Temporal.Tests.Worker;

/// <summary>The command accepts no setting that the collector refuses.</summary>
public sealed class SettingsBoundsTests
{
    public static TheoryData<string> Durations => OfCollector<DurationAttribute>();

    public static TheoryData<string> Numbers => OfCollector<WholeAttribute>();

    [Theory]
    [MemberData(nameof(Durations))]
    public void Duration_AtItsBounds_IsAcceptedByTheCollector(string name)
    {
        var bounds = Property(name).GetCustomAttribute<DurationAttribute>()!;

        Assert.All([bounds.From, bounds.To], bound => Assert.Empty(Faults(name, DurationText.Parse(bound))));
    }

    [Theory]
    [MemberData(nameof(Numbers))]
    public void Number_AtItsBounds_IsAcceptedByTheCollector(string name)
    {
        var bounds = Property(name).GetCustomAttribute<WholeAttribute>()!;

        Assert.All([bounds.From, bounds.To], bound => Assert.Empty(Faults(name, bound)));
    }

    /// <summary>The cycle timeout follows the host timeout, which must not be longer.</summary>
    private static IReadOnlyList<string> Faults(string name, object value)
    {
        var options = new GcOptions();
        Property(name).SetValue(options, value);
        if (options.HostTimeout > options.CycleTimeout)
            Property(name == "HostTimeout" ? "CycleTimeout" : "HostTimeout").SetValue(options, value);
        return GcSettingsRules.Faults(options.ToSettings());
    }

    private static PropertyInfo Property(string name) => typeof(GcOptions).GetProperty(name)!;

    private static TheoryData<string> OfCollector<T>()
        where T : Attribute =>
        [.. Settings.Of(SettingUse.Collector).Select(s => s.Name).Where(n => Property(n).IsDefined(typeof(T)))];
}
