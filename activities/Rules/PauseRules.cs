namespace Nstance.Temporal.Activities.Rules;

internal static class PauseRules
{
    /// <summary>
    /// Returns why an instance is paused; null if it is not. An instance of unknown tenant or group may belong to a
    /// paused group and is paused too: an orphan must not bypass a pause.
    /// </summary>
    public static string? Of(PhaseInput input, Sweep sweep, string? tenant, string? group)
    {
        var pause = (input.PartialPauses ?? []).FirstOrDefault(pause =>
            (pause.Sweep ?? sweep) == sweep && !(pause.Until <= input.AsOf) && Covers(pause.Group, tenant, group));
        return pause is null
            ? null
            : $"paused ({pause.Group ?? "every group"}, {pause.Sweep?.ToString() ?? "every sweep"}): {pause.Reason}";
    }

    private static bool Covers(string? paused, string? tenant, string? group) => paused?.Split('/') switch
    {
        null => true,
        [var pausedTenant, var pausedGroup] => IsMaybe(pausedTenant, tenant) && IsMaybe(pausedGroup, group),
        _ => IsMaybe(paused, group),
    };

    private static bool IsMaybe(string paused, string? actual) => string.IsNullOrEmpty(actual) || actual == paused;
}
