using Nstance.Temporal.Worker.Hosting;
using Nstance.Temporal.Worker.Options;

namespace Nstance.Temporal.Worker.Output;

/// <summary>A schedule for people, and the collector that it keeps alive.</summary>
internal static class ScheduleText
{
    public static void Write(Screen screen, ScheduleView view, FoundCollector found)
    {
        var rows = new List<(string Name, Cell Value)>();
        Row("schedule", view.ScheduleId);
        Row("state", view.Paused ? Cell.Warning($"paused {view.Note}") : new("active", Tone.Good));
        Row("checks every", view.Every is { } every ? DurationText.Format(every) : "");
        Row("last check", view.LastAt is { } last ? Word.Time(last) : "none yet");
        Row("next check", view.NextAt is { } next && !view.Paused ? Word.Time(next) : "none");
        if (view.Input is { } input) Row("bucket", input.Shard.Bucket);
        Row("collector", found switch
        {
            { Runs: false } => "none runs; the next one starts with:",
            { Status: null } => "runs, and no worker answers for it; the schedule says:",
            _ => "runs",
        });
        if (found.Settings is { } settings)
        {
            Row("mode", Mode(found.DryRun ?? true, found.Status?.Mode, found.DryRunSetting is null));
            Row("settings", Settings(settings));
            var timings = settings.Over(found.Status?.Timings ?? new());
            Row("interval", DurationText.Format(timings.Interval)
                + (settings.Interval is not null ? "" : found.Status?.Timings is null
                    ? ", or what config.jsonc says" : " (from config.jsonc)"));
        }

        foreach (var (option, from, to) in Differences(view, found))
            Row("differs", Cell.Warning($"{option}: collector {from}, schedule {to}"));
        Columns.WritePairs(screen, rows);

        void Row(string what, Cell value) => rows.Add((what, value));
    }

    /// <summary>Returns where the schedule differs from the collector that runs.</summary>
    public static IReadOnlyList<SettingChange> Differences(ScheduleView view, FoundCollector found)
    {
        if (found.Status is not { } status || view.Input is not { } input) return [];
        List<SettingChange> changes = [.. CollectorSettings.Changes(status.Settings, input.Settings)];
        if (status.DryRun != (input.Settings.DryRun ?? true))
            changes.Add(new("mode", ModeName(status.DryRun), ModeName(input.Settings.DryRun ?? true)));
        return changes;
    }

    /// <summary>Returns the mode, who set it, and what it means.</summary>
    public static string Mode(bool dryRun, ModeState? by, bool isNew)
    {
        var who = by is null ? "" : $", by {by.By} at {Word.Time(by.At)}";
        return dryRun
            ? $"dry-run{who}: it reports what it would terminate, and terminates nothing"
                + (isNew ? " until nstance-gc enforce" : "")
            : $"enforce{who}: it terminates instances";
    }

    /// <summary>Returns the settings that have not their defaults.</summary>
    public static string Settings(GcSettings settings) =>
        CollectorSettings.NotDefault(settings) is { Count: > 0 } own ? string.Join(' ', own) : "all defaults";

    private static string ModeName(bool dryRun) => dryRun ? "dry-run" : "enforce";
}
