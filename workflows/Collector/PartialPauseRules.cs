namespace Nstance.Temporal.Workflows.Collector;

/// <summary>Pauses of the collector and of parts of its shard. Pure.</summary>
internal static class PartialPauseRules
{
    /// <summary>The maximum number of paused parts: each is carried into every cycle.</summary>
    public const int Max = 100;

    private const int MaxNamed = 5;

    /// <summary>Why a pause cannot be set; null: it can.</summary>
    public static string? Refusal(GcState state, PauseRequest? request, DateTimeOffset now)
    {
        if (string.IsNullOrWhiteSpace(request?.Reason)) return "Reason is missing: say why collection must stop.";
        if (request.Reason.Length > ActivityFault.MaxSentence)
            return $"Reason is longer than {ActivityFault.MaxSentence} characters: shorten it.";
        if (request.Until <= now) return $"Until is {request.Until:O}, which is past: name a later time.";
        if (request.Group is { } group && !GcSettingsRules.IsGroup(group))
            return $"Group is \"{ActivityFault.Cut(group)}\"; allowed is tenant/group.";
        if (request.Sweep is { } sweep && !Enum.IsDefined(sweep))
            return $"Sweep is {sweep}; allowed is {string.Join(", ", Enum.GetNames<Sweep>())}.";
        if (!request.Replace && InForce(state, request.Group, request.Sweep) is { } pause)
            return $"{Describe(pause)}: resume it first, or ask with replace (--replace).";
        return IsPartial(request.Group, request.Sweep) && state.PartialPauses.Count >= Max
            ? $"{Max} parts are paused already: resume some, or pause all." : null;
    }

    /// <summary>Why nothing can be resumed; null: it can.</summary>
    public static string? Refusal(GcState state, ResumeRequest? request)
    {
        if (InForce(state, request?.Group, request?.Sweep) is not null) return null;
        var what = Part(request?.Group, request?.Sweep);
        var parts = All(state).Select(pause => Part(pause.Group, pause.Sweep)).ToList();
        return parts.Count == 0
            ? $"Nothing is paused, so {what} cannot be resumed."
            : $"{Capital(what)} is not paused. Paused: {string.Join("; ", parts.Take(MaxNamed))}.";
    }

    public static bool IsPartial(string? group, Sweep? sweep) => group is not null || sweep is not null;

    /// <summary>Sets a pause in the place of an earlier one of the same part.</summary>
    public static GcState Add(GcState state, PauseRequest request, DateTimeOffset now)
    {
        var pause = new PauseState(
            request.Reason.Trim(), now, request.Until, request.By, request.Group, request.Sweep);
        if (!IsPartial(request.Group, request.Sweep)) return state with { Pause = pause };
        state = Remove(state, request.Group, request.Sweep);
        return state with { PartialPauses = [.. state.PartialPauses, pause] };
    }

    public static GcState Remove(GcState state, string? group, Sweep? sweep) => Keep(
        state, pause => pause.Group != group || pause.Sweep != sweep);

    public static GcState Expire(GcState state, DateTimeOffset now) => Keep(state, pause => !(pause.Until <= now));

    private static GcState Keep(GcState state, Func<PauseState, bool> isKept) => state with
    {
        Pause = state.Pause is { } pause && isKept(pause) ? pause : null,
        PartialPauses = [.. state.PartialPauses.Where(isKept)],
    };

    private static IEnumerable<PauseState> All(GcState state) =>
        state.Pause is { } whole ? [whole, .. state.PartialPauses] : state.PartialPauses;

    /// <summary>The pause of exactly this part; null: it is not paused.</summary>
    private static PauseState? InForce(GcState state, string? group, Sweep? sweep) =>
        All(state).FirstOrDefault(pause => pause.Group == group && pause.Sweep == sweep);

    private static string Describe(PauseState pause) =>
        $"{Capital(Part(pause.Group, pause.Sweep))} is paused since {pause.At:yyyy-MM-dd HH:mm}Z by "
        + $"{pause.By ?? "an operator"} ({pause.Reason}), "
        + (pause.Until is { } end ? $"until {end:yyyy-MM-dd HH:mm}Z" : "without an end");

    private static string Part(string? group, Sweep? sweep) => (group, sweep) switch
    {
        (null, null) => "the collector",
        (null, { } only) => $"sweep {only}",
        ({ } one, null) => $"group {one}",
        var (one, only) => $"sweep {only} of group {one}",
    };

    private static string Capital(string text) => char.ToUpperInvariant(text[0]) + text[1..];
}
