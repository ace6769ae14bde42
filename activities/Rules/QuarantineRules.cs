namespace Nstance.Temporal.Activities.Rules;

/// <summary>
/// Quarantine, if configured: the collector tags and stops an instance, and terminates it after the wait if the
/// evidence still allows it. A tag that is not a time protects the instance.
/// </summary>
internal static class QuarantineRules
{
    /// <summary>Wait of an instance in quarantine while the setting is off.</summary>
    public static readonly TimeSpan WaitWhenOff = TimeSpan.FromHours(24);

    public static Verdict Of(Verdict verdict, Evidence now, PhaseInput input)
    {
        var instance = now.Machine;
        var quarantine = verdict with { Kind = VerdictKind.Quarantine };

        if (!instance.Tags.TryGetValue(CloudTags.GcQuarantined, out var value))
            return input.Quarantine is null ? verdict : quarantine;
        if (!QuarantineTag.TryParse(value, out var tag))
        {
            return Verdict.Skip(
                $"tag {CloudTags.GcQuarantined}={CloudInstance.Shown(value)} is not a time; manual review required");
        }

        // It was started, or its agent reported, after the stop: its quarantine starts again. A machine that never
        // stopped, because the call failed, is stopped now.
        var since = instance.LaunchTime > tag.At ? instance.LaunchTime.Value : tag.At;
        var isUsed = since > tag.At
            || IsAfter(now.Row?.HealthAt, tag, input) || IsAfter(now.Row?.RegisteredAt, tag, input);
        if (input.Quarantine is not null && (isUsed || !(tag.RunsOn || IsStopped(instance)))) return quarantine;
        var wait = input.Quarantine ?? WaitWhenOff;

        // A tag may hold the maximum time. A sum beyond it would fail the phase.
        var until = since > DateTimeOffset.MaxValue - wait ? since : since + wait;
        return input.AsOf < until
            ? Verdict.Skip($"in quarantine until {until:yyyy-MM-dd HH:mm:ss}Z: nstance-gc release undoes it")
            : verdict with { Why = $"{verdict.Why}; in quarantine since {since:yyyy-MM-dd HH:mm:ss}Z" };
    }

    /// <summary>
    /// True if the collector stopped the instance. Its stop is then no evidence that the instance is garbage.
    /// </summary>
    public static bool Stopped(CloudInstance instance) =>
        IsStopped(instance) && instance.Tags.ContainsKey(CloudTags.GcQuarantined);

    /// <summary>A time in the future is invalid, and would start the quarantine again in each cycle.</summary>
    private static bool IsAfter(DateTimeOffset? time, QuarantineTag tag, PhaseInput input) =>
        time > tag.At && time <= input.AsOf + InstanceRow.MaxAhead;

    private static bool IsStopped(CloudInstance instance) =>
        instance.Status is InstanceStatus.Stopping or InstanceStatus.Stopped;
}
