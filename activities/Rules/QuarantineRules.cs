namespace Nstance.Temporal.Activities.Rules;

/// <summary>
/// What stands between a verdict and its end, when operators ask for it: the instance is tagged and stopped, and ends
/// only when a wait is over and the evidence, asked again, still says so. A tag that cannot be read protects.
/// </summary>
internal static class QuarantineRules
{
    /// <summary>For an instance that is in quarantine while the setting is off: it has its wait all the same.</summary>
    public static readonly TimeSpan WaitWhenOff = TimeSpan.FromHours(24);

    /// <summary>An <see cref="VerdictKind.Terminate"/>, or what comes before it.</summary>
    public static Verdict Of(Verdict verdict, Evidence now, PhaseInput input)
    {
        var instance = now.Instance!;

        // It is ending already: nothing can be undone.
        if (instance.Status == InstanceStatus.Deleting) return verdict;
        if (!instance.Tags.TryGetValue(CloudTags.GcQuarantined, out var value))
            return input.Quarantine is null ? verdict : verdict with { Kind = VerdictKind.Quarantine };
        if (!CloudInstance.TryParseTime(value, out var at))
            return Verdict.Skip($"tag {CloudTags.GcQuarantined}={CloudInstance.Shown(value)} is not a time; manual review required");

        // It lived after it was stopped: what we say now is not what was said then.
        if (now.Row is { } row && (row.HealthAt > at || row.RegisteredAt > at) && input.Quarantine is not null)
            return verdict with { Kind = VerdictKind.Quarantine };
        var until = at + (input.Quarantine ?? WaitWhenOff);
        return input.AsOf < until
            ? Verdict.Skip($"in quarantine until {until:yyyy-MM-dd HH:mm:ss}Z: nstance-gc release undoes it")
            : verdict with { Why = $"{verdict.Why}; in quarantine since {at:yyyy-MM-dd HH:mm:ss}Z" };
    }
}
