using Nstance.Temporal.Worker.Hosting;
using Nstance.Temporal.Worker.Options;
using Spectre.Console;

namespace Nstance.Temporal.Worker.Output;

/// <summary>A schedule for people.</summary>
internal static class ScheduleText
{
    public static void Write(IAnsiConsole console, ScheduleView view)
    {
        var table = new Table { Border = TableBorder.None, ShowHeaders = false };
        table.AddColumns("what", "value");
        table.AddRow("schedule", Markup.Escape(view.ScheduleId));
        table.AddRow("state", view.Paused ? $"[yellow]paused[/] {Markup.Escape(view.Note ?? "")}" : "[green]active[/]");
        table.AddRow("checks every", view.Every is { } every ? DurationText.Format(every) : "");
        table.AddRow("last check", view.LastAt is { } last ? Word.Time(last) : "none yet");
        table.AddRow("next check", view.NextAt is { } next && !view.Paused ? Word.Time(next) : "none");
        if (view.Input is { } input)
        {
            var settings = input.Settings;
            var limits = settings.Limits;
            table.AddRow("bucket", Markup.Escape(input.Shard.Bucket));
            table.AddRow("interval", settings.Interval is { } time ? DurationText.Format(time) : "from config.jsonc");
            table.AddRow("dry-run", settings.DryRun switch
            {
                true => "[yellow]on[/]",
                false => "off",
                null => "[yellow]on, until nstance-gc enforce[/]",
            });
            table.AddRow("limits", limits.Enabled
                ? $"group: {limits.GroupFloor} or {limits.GroupPercent} %; "
                    + $"shard: {limits.ShardFloor} or {limits.ShardPercent} %"
                : "[yellow]off[/]");
        }

        console.Write(table);
    }
}
