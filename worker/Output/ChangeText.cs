using Nstance.Temporal.Worker.Options;

namespace Nstance.Temporal.Worker.Output;

/// <summary>What a verb changed and what to do next, in at most five sentences.</summary>
internal static class ChangeText
{
    /// <summary>Writes the sentences. A line with a command is not wrapped: it is there to be copied.</summary>
    public static void Write(Screen screen, IReadOnlyList<string> lines)
    {
        foreach (var line in lines)
        {
            if (line.Contains(": nstance-gc ", StringComparison.Ordinal)) screen.Line(line);
            else screen.Sentence(line, 0);
        }
    }

    public static IReadOnlyList<string> Paused(GcStatus status, string named, PauseRequest request)
    {
        var until = request.Until is { } end ? $" until {Word.Time(end)}" : "";
        var by = request.By is null ? "" : $" by {request.By}";
        var part = Part(request.Group, request.Sweep);
        var what = part is null ? Shard(status) : $"{part} of {Shard(status)}";
        return
        [
            $"paused: {what}{until}{by}: {request.Reason.Trim()}",
            part is null
                ? "no phase begins; a cycle under way was stopped"
                : "nothing of that part is terminated; the rest of the shard goes on",
            $"next: nstance-gc resume {named}{Options(request.Group, request.Sweep)}",
        ];
    }

    public static IReadOnlyList<string> Resumed(GcStatus status, string named, ResumeRequest request)
    {
        var part = Part(request.Group, request.Sweep);
        List<string> lines =
        [
            part is null ? $"resumed: {Shard(status)}" : $"resumed: {part} of {Shard(status)}",
        ];
        if (status.Pause is { } pause) lines.Add($"the whole shard is still paused: {pause.Reason}");
        else if (status.NextCycleAt is { } at)
            lines.Add($"next cycle at {Word.Time(at)}, {(status.DryRun ? "in dry-run" : "enforcing")}");
        if (status.PartialPauses.Count > 0) lines.Add($"still paused in part: {status.PartialPauses.Count}");
        return [.. lines, $"next: nstance-gc status {named}"];
    }

    public static IReadOnlyList<string> ModeSet(GcStatus status, string named) => status.Pause is { } pause
        ?
        [
            $"{(status.DryRun ? "dry-run" : "enforce")}: {Shard(status)} has this mode when its pause ends",
            $"still paused: {pause.Reason}",
            $"next: nstance-gc resume {named}",
        ]
        : status.DryRun
        ?
        [
            $"dry-run: {Shard(status)} terminates and deletes nothing; a cycle under way was stopped",
            $"next: nstance-gc reports {named}",
        ]
        :
        [
            $"enforce: {Shard(status)} terminates what its next cycle finds"
                + (status.NextCycleAt is { } at ? $", at {Word.Time(at)}" : ""),
            $"to go back: nstance-gc dry-run {named}",
            $"next: nstance-gc cycle {named}",
        ];

    public static IReadOnlyList<string> Decided(string what, GcStatus status, string named, PlanDecision decision)
    {
        var until = status.Approval is { } approval && what == "approved"
            ? $" until {Word.Time(approval.Until)}; a cycle with fresh evidence begins now"
            : "";
        return
        [
            $"{what}: plan {decision.Plan} of {Shard(status)} by {decision.By}{until}",
            $"next: nstance-gc reports {named}",
        ];
    }

    private static string Shard(GcStatus status) => $"{status.Shard.Cluster}/{status.Shard.Shard}";

    private static string? Part(string? group, Sweep? sweep) => (group, sweep) switch
    {
        (null, null) => null,
        (not null, null) => $"group {group}",
        (null, not null) => $"sweep {Setting.Kebab($"{sweep}")}",
        _ => $"sweep {Setting.Kebab($"{sweep}")} of group {group}",
    };

    /// <summary>Returns the options that name the part, each after a blank.</summary>
    public static string Options(string? group, Sweep? sweep) =>
        (group is null ? "" : $" --group {group}") + (sweep is null ? "" : $" --sweep {Setting.Kebab($"{sweep}")}");
}
