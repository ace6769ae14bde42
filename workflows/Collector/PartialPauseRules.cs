namespace Nstance.Temporal.Workflows.Collector;

/// <summary>Pauses of a part of the shard. Pure.</summary>
internal static class PartialPauseRules
{
    /// <summary>The maximum number of paused parts: each is carried into every cycle.</summary>
    public const int Max = 100;

    /// <summary>Why a pause cannot be set; null: it can.</summary>
    public static string? Refusal(GcState state, PauseRequest? request, DateTimeOffset now)
    {
        if (string.IsNullOrWhiteSpace(request?.Reason)) return "Reason is missing: say why collection must stop.";
        if (request.Reason.Length > ActivityFault.MaxSentence)
            return $"Reason is longer than {ActivityFault.MaxSentence} characters.";
        if (request.Until <= now) return $"Until is {request.Until:O}, which is not ahead.";
        if (request.Group is { } group && !GcSettingsRules.IsGroup(group))
            return $"Group is \"{ActivityFault.Cut(group)}\"; allowed is tenant/group.";
        if (request.Sweep is { } sweep && !Enum.IsDefined(sweep))
            return $"Sweep is {sweep}; allowed is {string.Join(", ", Enum.GetNames<Sweep>())}.";
        return IsPartial(request.Group, request.Sweep) && state.PartialPauses.Count >= Max
            ? $"{Max} parts are paused already: resume some, or pause all." : null;
    }

    public static bool IsPartial(string? group, Sweep? sweep) => group is not null || sweep is not null;

    public static GcState Add(GcState state, PauseRequest request, DateTimeOffset now)
    {
        var pause = new PartialPause
        {
            Group = request.Group,
            Sweep = request.Sweep,
            Reason = request.Reason.Trim(),
            At = now,
            Until = request.Until,
            By = request.By,
        };
        state = Remove(state, request.Group, request.Sweep);
        return state with { PartialPauses = [.. state.PartialPauses, pause] };
    }

    public static GcState Remove(GcState state, string? group, Sweep? sweep) =>
        state with { PartialPauses = [.. state.PartialPauses.Where(p => p.Group != group || p.Sweep != sweep)] };

    public static GcState Expire(GcState state, DateTimeOffset now) =>
        state with { PartialPauses = [.. state.PartialPauses.Where(p => p.Until is null || p.Until > now)] };
}
