using Nstance.Temporal.Worker.Options;

namespace Nstance.Temporal.Worker.Output;

/// <summary>Values as people read them.</summary>
internal static class Word
{
    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'");

    /// <summary>A span in its largest unit: <c>45s</c>, <c>3m</c>, <c>2h</c>, <c>4d</c>. Never negative.</summary>
    public static string Ago(TimeSpan span) => span switch
    {
        { TotalSeconds: < 0 } => "0s",
        { TotalMinutes: < 2 } => $"{(int)span.TotalSeconds}s",
        { TotalHours: < 2 } => $"{(int)span.TotalMinutes}m",
        { TotalDays: < 2 } => $"{(int)span.TotalHours}h",
        _ => $"{(int)span.TotalDays}d",
    };

    public static string In(TimeSpan span) => span <= TimeSpan.Zero ? "due" : $"in {Ago(span)}";

    /// <summary>How long a cycle took, to three digits: <c>48ms</c>, <c>1.2s</c>, <c>3m12s</c>.</summary>
    public static string Took(TimeSpan span) => span switch
    {
        { TotalSeconds: < 1 } => $"{(int)span.TotalMilliseconds}ms",
        { TotalSeconds: < 100 } => FormattableString.Invariant($"{span.TotalSeconds:0.0}s"),
        _ => $"{(int)span.TotalMinutes}m{span.Seconds}s",
    };

    public static Cell State(CollectorActivity state) => state switch
    {
        CollectorActivity.Waiting => new("waiting", Tone.Good),
        CollectorActivity.Running => new("running", Tone.Good),
        CollectorActivity.Paused => new("paused", Tone.Warning),
        _ => new("off", Tone.Bad),
    };

    public static Cell Outcome(CycleOutcome outcome) => outcome switch
    {
        CycleOutcome.Completed => new("completed", Tone.Good),
        CycleOutcome.Blocked => new("blocked", Tone.Warning),
        CycleOutcome.Partial => new("partial", Tone.Bad),
        _ => new("failed", Tone.Bad),
    };

    public static Cell Mode(bool dryRun) => dryRun ? new Cell("dry-run", Tone.Warning) : "enforce";

    /// <summary><c>StalePreInsert</c> as people type it: <c>stale-pre-insert</c>.</summary>
    public static string Kebab(string name) => Setting.Kebab(name);

    /// <summary>Joins the counts that are not zero; <paramref name="none"/> if all are.</summary>
    public static string Counts(string none, params ReadOnlySpan<(int Count, string What)> counts)
    {
        var parts = new List<string>();
        foreach (var (count, what) in counts)
        {
            if (count > 0) parts.Add($"{count} {what}");
        }

        return parts.Count == 0 ? none : string.Join(", ", parts);
    }
}
