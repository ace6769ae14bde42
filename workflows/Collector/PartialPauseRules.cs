namespace Nstance.Temporal.Workflows.Collector;

/// <summary>Pauses of a part of the shard. Pure.</summary>
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
            return $"{pause}: resume it first, or ask with replace (--replace).";
        return IsPartial(request.Group, request.Sweep) && state.PartialPauses.Count >= Max
            ? $"{Max} parts are paused already: resume some, or pause all." : null;
    }

    /// <summary>Why nothing can be resumed; null: it can.</summary>
    public static string? Refusal(GcState state, ResumeRequest? request)
    {
        if (InForce(state, request?.Group, request?.Sweep) is not null) return null;
        var what = Part(request?.Group, request?.Sweep);
        var parts = state.PartialPauses.Select(pause => Part(pause.Group, pause.Sweep)).ToList();
        if (state.Pause is not null) parts.Insert(0, Part(group: null, sweep: null));
        return parts.Count == 0
            ? $"Nothing is paused, so {what} cannot be resumed."
            : $"{Capital(what)} is not paused. Paused: {string.Join("; ", parts.Take(MaxNamed))}.";
    }

    /// <summary>Describes the pause of exactly this part; null: it is not paused.</summary>
    private static string? InForce(GcState state, string? group, Sweep? sweep)
    {
        var what = Capital(Part(group, sweep));
        if (!IsPartial(group, sweep))
            return state.Pause is { } pause ? Describe(what, pause.Reason, pause.At, pause.By, pause.Until) : null;
        var part = state.PartialPauses.FirstOrDefault(p => p.Group == group && p.Sweep == sweep);
        return part is null ? null : Describe(what, part.Reason, part.At, part.By, part.Until);
    }

    private static string Describe(
        string what, string reason, DateTimeOffset at, string? by, DateTimeOffset? until) =>
        $"{what} is paused since {at:yyyy-MM-dd HH:mm}Z by {by ?? "an operator"} "
        + $"({reason}), {(until is { } end ? $"until {end:yyyy-MM-dd HH:mm}Z" : "without an end")}";

    private static string Part(string? group, Sweep? sweep) => (group, sweep) switch
    {
        (null, null) => "the collector",
        (null, { } only) => $"sweep {only}",
        ({ } one, null) => $"group {one}",
        var (one, only) => $"sweep {only} of group {one}",
    };

    private static string Capital(string text) => char.ToUpperInvariant(text[0]) + text[1..];

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
