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

    /// <summary>A number that stands out unless it is zero.</summary>
    public static Cell Count(int count, Tone tone) => new($"{count}", count > 0 ? tone : Tone.Plain);

    public static Cell State(CollectorActivity state) => new($"{state}".ToLowerInvariant(), state switch
    {
        CollectorActivity.Paused => Tone.Warning,
        CollectorActivity.Off => Tone.Bad,
        _ => Tone.Good,
    });

    public static Cell Outcome(CycleOutcome outcome, string mark = "") => new(
        $"{outcome}".ToLowerInvariant() + mark,
        outcome switch
        {
            CycleOutcome.Completed => Tone.Good,
            CycleOutcome.Blocked => Tone.Warning,
            _ => Tone.Bad,
        });

    public static Cell Mode(bool dryRun) => dryRun ? new Cell("dry-run", Tone.Warning) : "enforce";

    /// <summary>Joins the counts that are not zero; <paramref name="none"/> if all are.</summary>
    public static string Counts(string none, params (int Count, string What)[] counts)
    {
        var parts = counts.Where(part => part.Count > 0).Select(part => $"{part.Count} {part.What}");
        return string.Join(", ", parts) is { Length: > 0 } text ? text : none;
    }
}
