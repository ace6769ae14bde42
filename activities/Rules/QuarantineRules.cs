namespace Nstance.Temporal.Activities.Rules;

/// <summary>
/// Quarantine, if operators configured it: the instance is tagged and stopped first, and terminated when the wait is
/// over and the evidence still says so. A tag that is not a time protects the instance.
/// </summary>
internal static class QuarantineRules
{
    /// <summary>Wait of an instance that is in quarantine while the setting is off.</summary>
    public static readonly TimeSpan WaitWhenOff = TimeSpan.FromHours(24);

    /// <summary>Turns a verdict to terminate into what quarantine allows now.</summary>
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

        // Its agent reported after it was stopped: this verdict is not the one that put it there.
        if (input.Quarantine is not null && now.Row is { } row && (row.HealthAt > at || row.RegisteredAt > at))
            return quarantine;
        var wait = input.Quarantine ?? WaitWhenOff;

        // A tag may hold the last time there is: a sum beyond it would fail the whole phase.
        var until = at > DateTimeOffset.MaxValue - wait ? at : at + wait;
        return input.AsOf < until
            ? Verdict.Skip($"in quarantine until {until:yyyy-MM-dd HH:mm:ss}Z: nstance-gc release undoes it")
            : verdict with { Why = $"{verdict.Why}; in quarantine since {at:yyyy-MM-dd HH:mm:ss}Z" };
    }
}
