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
        if (!CloudInstance.TryParseTime(value, out var at))
        {
            return Verdict.Skip(
                $"tag {CloudTags.GcQuarantined}={CloudInstance.Shown(value)} is not a time; manual review required");
        }

        // Its agent reported after the stop, so its quarantine starts again.
        if (input.Quarantine is not null && now.Row is { } row && (row.HealthAt > at || row.RegisteredAt > at))
            return quarantine;
        var wait = input.Quarantine ?? WaitWhenOff;

        // A tag may hold the maximum time. A sum beyond it would fail the phase.
        var until = at > DateTimeOffset.MaxValue - wait ? at : at + wait;
        return input.AsOf < until
            ? Verdict.Skip($"in quarantine until {until:yyyy-MM-dd HH:mm:ss}Z: nstance-gc release undoes it")
            : verdict with { Why = $"{verdict.Why}; in quarantine since {at:yyyy-MM-dd HH:mm:ss}Z" };
    }
}
