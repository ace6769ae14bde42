using Temporalio.Client.Schedules;
using Temporalio.Converters;

namespace Nstance.Temporal.Worker.Hosting;

/// <summary>A shard's schedule, as <c>schedule show</c> prints it.</summary>
internal sealed record ScheduleView(
    string ScheduleId,
    bool Paused,
    string? Note,
    TimeSpan? Every = null,
    GcInput? Input = null,
    long Started = 0,
    long Skipped = 0,
    DateTimeOffset? LastAt = null,
    DateTimeOffset? NextAt = null)
{
    public static async Task<ScheduleView> ReadAsync(ScheduleHandle handle, RpcOptions rpc)
    {
        var description = await handle.DescribeAsync(rpc);
        var schedule = description.Schedule;
        var note = schedule.State.Note;
        return new(handle.Id, schedule.State.Paused, string.IsNullOrEmpty(note) ? null : note)
        {
            Every = schedule.Spec.Intervals.FirstOrDefault()?.Every,
            Input = await InputAsync(schedule),
            Started = description.Info.NumActions,
            Skipped = description.Info.NumActionsSkippedOverlap,
            LastAt = description.Info.RecentActions.LastOrDefault() is { } last ? Utc(last.StartedAt) : null,
            NextAt = description.Info.NextActionTimes is { Count: > 0 } next ? Utc(next.First()) : null,
        };
    }

    /// <summary>Returns the input of the collector that a schedule starts; null if it starts none.</summary>
    public static async Task<GcInput?> InputAsync(Schedule schedule) =>
        (schedule.Action as ScheduleActionStartWorkflow)?.Args.FirstOrDefault() switch
        {
            GcInput input => input,
            IEncodedRawValue raw => await raw.ToValueAsync<GcInput>(),
            _ => null,
        };

    private static DateTimeOffset Utc(DateTime time) => new(time.ToUniversalTime());
}
