namespace Nstance.Temporal.Worker.Options;

/// <summary>
/// Timings that make this collector useless. nstance's own collector is slowed down in <c>config.jsonc</c>, and this
/// one reads the same values unless it has its own.
/// </summary>
internal static class OwnTimings
{
    /// <summary>Cycles or deadlines further apart than this leave garbage for days.</summary>
    public static readonly TimeSpan MaxUseful = TimeSpan.FromDays(1);

    /// <summary>Returns the timings that would come from <c>config.jsonc</c> and are too long.</summary>
    public static IReadOnlyList<string> Inherited(GcSettings settings, ShardTimings configured) =>
    [
        .. TooLong(
            settings.Interval is null ? configured.Interval : default,
            settings.RegistrationTimeout is null ? configured.RegistrationTimeout : default)
        .Select(own => $"config.jsonc has {own.Name.Replace(' ', '_')} {DurationText.Format(own.Time)}, which slows "
            + "nstance's own collector down and would slow this one down too: give it its own, such as "
            + own.Option),
    ];

    /// <summary>Returns what is wrong with timings in effect, one line each.</summary>
    public static IReadOnlyList<string> Warnings(ShardTimings inEffect) =>
    [
        .. TooLong(inEffect.Interval, inEffect.RegistrationTimeout)
        .Select(own => $"the {own.Name} is {DurationText.Format(own.Time)}: this collector is as good as switched off; "
            + $"nstance-gc init … {own.Option} --replace"),
    ];

    private static IEnumerable<(string Name, TimeSpan Time, string Option)> TooLong(
        TimeSpan interval, TimeSpan registrationTimeout)
    {
        if (interval > MaxUseful) yield return ("interval", interval, "--interval 2m");
        if (registrationTimeout > MaxUseful)
            yield return ("registration timeout", registrationTimeout, "--registration-timeout 5m");
    }
}
