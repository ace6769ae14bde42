using Nstance.Temporal.Worker.Options;

namespace Nstance.Temporal.Worker.Output;

/// <summary>Values as people read them, in Spectre's markup.</summary>
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

    public static string State(CollectorActivity state) => state switch
    {
        CollectorActivity.Waiting => "[green]waiting[/]",
        CollectorActivity.Running => "[green]running[/]",
        CollectorActivity.Paused => "[yellow]paused[/]",
        _ => "[red]off[/]",
    };

    public static string Outcome(CycleOutcome outcome) => outcome switch
    {
        CycleOutcome.Completed => "[green]completed[/]",
        CycleOutcome.Blocked => "[yellow]blocked[/]",
        CycleOutcome.Partial => "[red]partial[/]",
        _ => "[red]failed[/]",
    };

    /// <summary><c>StalePreInsert</c> as people type it: <c>stale-pre-insert</c>.</summary>
    public static string Kebab(string name) => Setting.Kebab(name);
}
