using Nstance.Temporal.Worker.Hosting;
using Nstance.Temporal.Worker.Options;

namespace Nstance.Temporal.Worker.Output;

/// <summary>A schedule for people.</summary>
internal static class ScheduleText
{
    public static void Write(Screen screen, ScheduleView view)
    {
        List<(string Name, Cell Value)> rows =
        [
            ("schedule", view.ScheduleId),
            ("state", view.Paused ? new Cell($"paused {view.Note}", Tone.Warning) : new("active", Tone.Good)),
            ("checks every", view.Every is { } every ? DurationText.Format(every) : ""),
            ("last check", view.LastAt is { } last ? Word.Time(last) : "none yet"),
            ("next check", view.NextAt is { } next && !view.Paused ? Word.Time(next) : "none"),
        ];
        if (view.Input is { } input)
        {
            var settings = input.Settings;
            var limits = settings.Limits;
            rows.Add(("bucket", input.Shard.Bucket));
            rows.Add(("interval", settings.Interval is { } time ? DurationText.Format(time) : "from config.jsonc"));
            rows.Add(("dry-run", settings.DryRun switch
            {
                true => new Cell("on", Tone.Warning),
                false => "off",
                null => new Cell("on, until nstance-gc enforce", Tone.Warning),
            }));
            rows.Add(("limits", limits.Enabled
                ? $"group: {limits.GroupFloor} or {limits.GroupPercent} %; "
                    + $"shard: {limits.ShardFloor} or {limits.ShardPercent} %"
                : new Cell("off", Tone.Warning)));
        }

        Columns.WritePairs(screen, rows);
    }
}
