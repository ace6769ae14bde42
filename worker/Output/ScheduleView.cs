using Nstance.Temporal.Worker.Options;
using Spectre.Console;
using Temporalio.Client;
using Temporalio.Client.Schedules;

namespace Nstance.Temporal.Worker.Output;

/// <summary>A shard's schedule, as <c>schedule show</c> tells it.</summary>
internal sealed record ScheduleView(string ScheduleId, bool Paused, string? Note)
{
    public TimeSpan? Every { get; init; }

    /// <summary>What a collector is started with.</summary>
    public GcInput? Input { get; init; }

    public long Started { get; init; }

    public long Skipped { get; init; }

    public DateTimeOffset? LastAt { get; init; }

    public DateTimeOffset? NextAt { get; init; }

    public static async Task<ScheduleView> ReadAsync(ScheduleHandle handle, RpcOptions rpc)
    {
        var description = await handle.DescribeAsync(rpc);
        var (schedule, info) = (description.Schedule, description.Info);
        var input = schedule.Action is ScheduleActionStartWorkflow { Args.Count: > 0 } start
            ? start.Args.First() switch
            {
                GcInput known => known,
                Temporalio.Converters.IEncodedRawValue raw => await raw.ToValueAsync<GcInput>(),
                _ => null,
            }
            : null;
        return new(handle.Id, schedule.State.Paused, string.IsNullOrEmpty(schedule.State.Note) ? null : schedule.State.Note)
        {
            Every = schedule.Spec.Intervals.Count > 0 ? schedule.Spec.Intervals.First().Every : null,
            Input = input,
            Started = info.NumActions,
            Skipped = info.NumActionsSkippedOverlap,
            LastAt = info.RecentActions.Count > 0 ? Utc(info.RecentActions.Last().StartedAt) : null,
            NextAt = info.NextActionTimes.Count > 0 ? Utc(info.NextActionTimes.First()) : null,
        };
    }

    private static DateTimeOffset Utc(DateTime time) => new(time.ToUniversalTime());
}

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
            var timings = input.Settings.Over(new());
            var limits = input.Settings.Limits;
            table.AddRow("bucket", Markup.Escape(input.Shard.Bucket));
            table.AddRow("interval", input.Settings.Interval is null ? "from config.jsonc" : DurationText.Format(timings.Interval));
            table.AddRow("dry-run", input.Settings.DryRun switch { true => "[yellow]on[/]", false => "off", null => "[yellow]on, until nstance-gc enforce[/]" });
            table.AddRow("limits", limits.Enabled
                ? $"group: {limits.GroupFloor} or {limits.GroupPercent} %; shard: {limits.ShardFloor} or {limits.ShardPercent} %"
                : "[yellow]off[/]");
        }

        console.Write(table);
    }
}
