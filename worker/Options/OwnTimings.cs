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
    public static IReadOnlyList<string> Inherited(GcSettings settings, ShardTimings configured)
    {
        var faults = new List<string>();
        if (settings.Interval is null && configured.Interval > MaxUseful)
            faults.Add(Fault("interval", configured.Interval, "--interval 2m"));
        if (settings.RegistrationTimeout is null && configured.RegistrationTimeout > MaxUseful)
            faults.Add(Fault("registration_timeout", configured.RegistrationTimeout, "--registration-timeout 5m"));
        return faults;

        static string Fault(string name, TimeSpan time, string option) =>
            $"config.jsonc has {name} {DurationText.Format(time)}, which slows nstance's own collector down and would "
            + $"slow this one down too: give it its own, such as {option}";
    }

    /// <summary>Returns what is wrong with timings in effect, one line each.</summary>
    public static IReadOnlyList<string> Warnings(ShardTimings inEffect)
    {
        var warnings = new List<string>();
        if (inEffect.Interval > MaxUseful) warnings.Add(Warning("interval", inEffect.Interval, "--interval 2m"));
        if (inEffect.RegistrationTimeout > MaxUseful)
        {
            warnings.Add(Warning(
                "registration timeout", inEffect.RegistrationTimeout, "--registration-timeout 5m"));
        }

        return warnings;

        static string Warning(string name, TimeSpan time, string option) =>
            $"the {name} is {DurationText.Format(time)}: this collector is as good as switched off; "
            + $"nstance-gc init … {option} --replace";
    }
}
