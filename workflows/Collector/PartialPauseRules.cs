namespace Nstance.Temporal.Workflows.Collector;

/// <summary>Pauses of a part of the shard. Pure.</summary>
internal static class PartialPauseRules
{
    /// <summary>Each is carried into every cycle: a bound, not a wish.</summary>
    public const int Max = 100;

    public static string? Refusal(GcState state, PauseRequest request)
    {
        if (request.Group is { } group && !GcSettingsRules.IsGroup(group))
            return $"Group is \"{ActivityFault.Cut(group)}\"; allowed is tenant/group.";
        if (request.Sweep is { } sweep && !Enum.IsDefined(sweep))
            return $"Sweep is {sweep}; allowed is {string.Join(", ", Enum.GetNames<Sweep>())}.";
        return IsPartial(request.Group, request.Sweep) && state.PartialPauses.Count >= Max
            ? $"{Max} parts are paused already: resume some, or pause all." : null;
    }

    public static bool IsPartial(string? group, Sweep? sweep) => group is not null || sweep is not null;

    public static GcState Add(GcState state, PauseRequest request, DateTimeOffset now) => state with
    {
        PartialPauses =
        [
            .. state.PartialPauses.Where(h => h.Group != request.Group || h.Sweep != request.Sweep),
            new()
            {
                Group = request.Group, Sweep = request.Sweep, Reason = request.Reason.Trim(), At = now,
                Until = request.Until, By = request.By,
            },
        ],
    };

    public static GcState Remove(GcState state, string? group, Sweep? sweep) =>
        state with { PartialPauses = [.. state.PartialPauses.Where(h => h.Group != group || h.Sweep != sweep)] };

    public static GcState Expire(GcState state, DateTimeOffset now) =>
        state.PartialPauses.Any(h => h.Until <= now) ? state with { PartialPauses = [.. state.PartialPauses.Where(h => !(h.Until <= now))] } : state;
}
