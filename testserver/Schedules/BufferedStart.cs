using Temporalio.Api.Enums.V1;

namespace Nstance.Temporal.TestServer.Schedules;

/// <summary>A start that is due and waits for the overlap policy's word.</summary>
/// <param name="Nominal">The time that names it: without jitter, or the time of a trigger.</param>
/// <param name="Due">When it was to happen.</param>
/// <param name="Policy">
/// Its own overlap policy; unspecified means the schedule's, as it is when the start is decided.
/// </param>
/// <param name="IsManual">A trigger or backfill: happens though the schedule is paused or has no actions left.</param>
internal sealed record BufferedStart(
    DateTimeOffset Nominal, DateTimeOffset Due, ScheduleOverlapPolicy Policy, bool IsManual);

/// <summary>A backfill that is not yet wholly in the buffer; <paramref name="After"/> is exclusive.</summary>
internal sealed record PendingBackfill(DateTimeOffset After, DateTimeOffset Until, ScheduleOverlapPolicy Policy);
