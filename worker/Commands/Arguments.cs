using System.Globalization;
using Nstance.Temporal.Worker.Options;

namespace Nstance.Temporal.Worker.Commands;

/// <summary>Options that several commands share, other than settings, and how they are read.</summary>
internal static class Arguments
{
    private static readonly string Sweeps = string.Join(", ", Enum.GetNames<Sweep>().Select(Setting.Kebab));

    /// <summary>Makes the options that name a shard's collector.</summary>
    public static IEnumerable<Option> Shard() => Of(Settings.Named("Cluster", "Shard"));

    /// <summary>Makes an option for each setting; those of <see cref="SharedOptions"/> are left out.</summary>
    public static IEnumerable<Option> Of(IEnumerable<Setting> settings) =>
        settings.Where(s => s.Use != SettingUse.Client).Select(s => SharedOptions.OfSetting(s));

    public static Argument<string> Instance() =>
        new("INSTANCE") { Description = "nstance's instance id, or the cloud's" };

    /// <summary>
    /// Makes the option for an operator's reason. <see cref="ReadWhy"/> requires it, so that a missing one is reported
    /// together with other faults.
    /// </summary>
    public static Option<string?> Why(string name, bool required = true) =>
        new(name) { Description = $"Why; others will read it{(required ? "; required" : "")}", HelpName = "TEXT" };

    public static Option<string> By() =>
        Text("--by", "NAME", "Who asks", Environment.UserName);

    public static Option<string?> Group() =>
        new("--group") { Description = "Only this group", HelpName = "TENANT/GROUP" };

    public static Option<string?> Sweep() =>
        new("--sweep") { Description = $"Only this sweep: {Sweeps}", HelpName = "SWEEP" };

    public static Option<bool> Replace() => new("--replace")
    {
        Description = "Change what is there already: the settings that are named; the others keep their values",
    };

    /// <summary>Makes an option that is a whole number within bounds.</summary>
    public static Option<int> Whole(string name, string description, int defaultValue, int min, int max) => new(name)
    {
        Description = $"{description}; {min} to {max}",
        HelpName = "N",
        DefaultValueFactory = _ => defaultValue,
        CustomParser = result =>
        {
            var text = result.Tokens.Count > 0 ? result.Tokens[0].Value : "";
            if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                && number >= min && number <= max)
                return number;
            result.AddError($"{name}: \"{text}\" is not a whole number from {min} to {max}");
            return 0;
        },
    };

    /// <summary>Makes an option with a default. The help adds the default itself.</summary>
    public static Option<string> Text(string name, string placeholder, string description, string defaultValue) =>
        new(name) { Description = description, HelpName = placeholder, DefaultValueFactory = _ => defaultValue };

    /// <summary>Reads a text that must not be empty.</summary>
    public static string ReadWhy(Option<string?> option, Invocation invocation)
    {
        var text = invocation.Get(option);
        if (string.IsNullOrWhiteSpace(text))
            invocation.Fault(option, $"is {(text is null ? "required" : "empty")}: say why, others will read it");
        return text ?? "";
    }

    /// <summary>Reads a time within bounds; without bounds from a millisecond to a day.</summary>
    public static TimeSpan ReadTime(
        Option<string> option, Invocation invocation, (TimeSpan Min, TimeSpan Max)? bounds = null)
    {
        var text = invocation.Get(option);
        var (min, max) = bounds ?? (TimeSpan.FromMilliseconds(1), TimeSpan.FromDays(1));
        var isTime = DurationText.TryParse(text, out var time);
        if (isTime && time >= min && time <= max) return time;
        var allowed = bounds is null && !isTime
            ? DurationText.Allowed
            : $"a time from {DurationText.Format(min)} to {DurationText.Format(max)}";
        invocation.Fault(option, $"\"{text}\" is not {allowed}");
        return min;
    }

    /// <summary>Reads a moment ahead: RFC 3339, a time of today in UTC, or a time from now in Go's form.</summary>
    public static DateTimeOffset? ReadMoment(Option<string?> option, Invocation invocation)
    {
        const DateTimeStyles Utc = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal;
        if (invocation.Get(option) is not { } text) return null;
        if (DurationText.TryParse(text, out var time) && time > TimeSpan.Zero)
        {
            // 18:00:00 is 18 hours elsewhere, and 18:00 is six in the evening.
            if (!text.Contains(':')) return TimeProvider.System.GetUtcNow() + time;
            invocation.Fault(
                option,
                $"\"{text}\" may be a duration or a time of day: write 2h30m, 18:00Z or 2026-11-24T18:00:00Z");
            return null;
        }

        if (DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, Utc, out var moment)) return moment;
        invocation.Fault(option, $"\"{text}\" is not a time from now (2h) or a moment (2026-11-24T18:00:00Z)");
        return null;
    }

    public static string? ReadGroup(Option<string?> option, Invocation invocation)
    {
        var group = invocation.Get(option);
        if (group is not null && !GcSettingsRules.IsGroup(group))
            invocation.Fault(option, $"\"{group}\" is not tenant/group");
        return group;
    }

    public static Sweep? ReadSweep(Option<string?> option, Invocation invocation)
    {
        if (invocation.Get(option) is not { } text) return null;
        var sweep = Enum.GetValues<Sweep>().Cast<Sweep?>().FirstOrDefault(s => Setting.Kebab($"{s}") == text);
        if (sweep is null) invocation.Fault(option, $"\"{text}\" is not known: {Sweeps}");
        return sweep;
    }
}
