using Nstance.Temporal.Activities.Collect;
using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Health;

namespace Nstance.Temporal.Activities.Rules;

/// <summary>
/// Signs that we, and not the fleet, are wrong: then nothing ends in this cycle. One plain sentence, or null.
/// </summary>
internal static class SafetyGuard
{
    // A cycle's time is read before its phases run; clocks of hosts differ a little.
    private const int IntervalsAhead = 2;

    public static string? Before(ShardDatabase database, PhaseInput input)
    {
        var health = HealthSource.Assess(database, input, needsRows: false);
        if (health.Latest is { } latest && latest - input.AsOf > input.Timings.Interval * IntervalsAhead)
            return $"the database's clock is ahead: a report of {latest:yyyy-MM-dd HH:mm:ss}Z in the cycle of {input.AsOf:yyyy-MM-dd HH:mm:ss}Z: nothing was terminated";
        return health.Suspect ? $"{health.Sentence}: nothing was terminated" : null;
    }

    /// <summary>Not one of all that were asked about was answered for.</summary>
    public static string? After(IReadOnlyCollection<Assessment> judged)
    {
        var asked = judged.Where(j => j.Now.Row?.ProviderId is not null).ToArray();
        return asked.Length > 0 && asked.All(j => j.Now.CloudUnknown is not null)
            ? $"the cloud could not say anything about any of {asked.Length} candidates: {asked[0].Now.CloudUnknown}"
            : null;
    }
}
