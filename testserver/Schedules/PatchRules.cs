using Nstance.Temporal.TestServer.Binding;
using Temporalio.Api.Schedule.V1;

namespace Nstance.Temporal.TestServer.Schedules;

/// <summary>What a patch must be.</summary>
internal static class PatchRules
{
    private const int MaxNotesLength = 200;

    public static SchedulePatch Check(SchedulePatch? patch)
    {
        if (patch == null)
            throw Fault.InvalidArgument("Patch is not set on request.");
        if (patch.Pause.Length > MaxNotesLength || patch.Unpause.Length > MaxNotesLength)
            throw Fault.InvalidArgument("Note of pause or unpause is too long.");
        foreach (var backfill in patch.BackfillRequest)
        {
            if (backfill.StartTime == null || backfill.EndTime == null)
                throw Fault.InvalidArgument("A backfill needs a start time and an end time.");
            if (backfill.EndTime.ToDateTimeOffset() < backfill.StartTime.ToDateTimeOffset())
                throw Fault.InvalidArgument("A backfill ends before it starts.");
        }

        return patch;
    }
}
