using Temporalio.Api.Enums.V1;

namespace Nstance.Temporal.TestServer.Schedules;

/// <summary>What becomes of the buffered starts, given whether a run of the schedule is open.</summary>
internal sealed class OverlapDecision
{
    /// <summary>Starts of AllowAll: whatever runs.</summary>
    public List<BufferedStart> Overlapping { get; } = [];

    /// <summary>The one start that becomes "the running one"; null when none may start now.</summary>
    public BufferedStart? Single { get; private set; }

    /// <summary>What waits for the open run to close.</summary>
    public List<BufferedStart> Kept { get; } = [];

    public int Skipped { get; private set; }

    public bool Cancels { get; private set; }

    public bool Terminates { get; private set; }

    public static OverlapDecision Of(
        IEnumerable<BufferedStart> buffer, bool isRunning, Func<ScheduleOverlapPolicy, ScheduleOverlapPolicy> resolve)
    {
        var decision = new OverlapDecision();
        foreach (var start in buffer)
        {
            var policy = resolve(start.Policy);
            if (policy == ScheduleOverlapPolicy.AllowAll)
            {
                decision.Overlapping.Add(start);
            }
            else if (!isRunning && decision.Single == null)
            {
                decision.Single = start;
            }
            else
            {
                decision.Overlap(start, policy, isRunning);
            }
        }

        return decision;
    }

    private void Overlap(BufferedStart start, ScheduleOverlapPolicy policy, bool isRunning)
    {
        switch (policy)
        {
            case ScheduleOverlapPolicy.BufferOne when Kept.Count == 0:
            case ScheduleOverlapPolicy.BufferAll:
                Kept.Add(start);
                break;
            case ScheduleOverlapPolicy.CancelOther or ScheduleOverlapPolicy.TerminateOther when isRunning:
                Cancels |= policy == ScheduleOverlapPolicy.CancelOther;
                Terminates |= policy == ScheduleOverlapPolicy.TerminateOther;
                // Only the newest start may follow the run that is being ended.
                Skipped += Kept.Count;
                Kept.Clear();
                Kept.Add(start);
                break;
            case ScheduleOverlapPolicy.CancelOther or ScheduleOverlapPolicy.TerminateOther:
                // Both due at once, nothing runs: the newer takes the older one's place before it has begun.
                Single = start;
                Skipped++;
                break;
            default:
                Skipped++;
                break;
        }
    }
}
