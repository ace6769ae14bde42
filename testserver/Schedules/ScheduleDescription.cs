using System.Buffers.Binary;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Nstance.Temporal.TestServer.Visibility;
using Temporalio.Api.Enums.V1;
using Temporalio.Api.Schedule.V1;
using Temporalio.Api.WorkflowService.V1;

namespace Nstance.Temporal.TestServer.Schedules;

/// <summary>What describe and list show of a schedule.</summary>
internal static class ScheduleDescription
{
    private const int DescribedTimes = 10;
    private const int ListedTimes = 5;

    /// <summary>Attributes that only schedules have in a query.</summary>
    public static IReadOnlyDictionary<string, IndexedValueType> Attributes { get; } =
        new Dictionary<string, IndexedValueType> { ["ScheduleId"] = IndexedValueType.Keyword };

    public static ByteString Token(ScheduleEntry entry)
    {
        var bytes = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(bytes, entry.ConflictToken);
        return ByteString.CopyFrom(bytes);
    }

    public static DescribeScheduleResponse Describe(ScheduleEntry entry, DateTimeOffset now)
    {
        var info = new ScheduleInfo
        {
            ActionCount = entry.ActionCount,
            MissedCatchupWindow = entry.MissedCatchup,
            OverlapSkipped = entry.OverlapSkipped,
            BufferDropped = entry.BufferDropped,
            BufferSize = entry.Buffer.Count,
            RecentActions = { entry.Recent.Select(action => action.Clone()) },
            FutureActionTimes = { Future(entry, now, DescribedTimes) },
            CreateTime = Timestamp.FromDateTimeOffset(entry.CreateTime),
            UpdateTime = entry.UpdateTime is { } updated ? Timestamp.FromDateTimeOffset(updated) : null,
        };
        if (entry.Running is { } running)
        {
            info.RunningWorkflows.Add(new Temporalio.Api.Common.V1.WorkflowExecution
            {
                WorkflowId = running.WorkflowId,
                RunId = running.FirstRunId,
            });
        }
        // A clone: the answer is written to the wire after the lock is given back.
        var schedule = entry.Schedule.Clone();
        RangeDefaults.Fill(schedule.Spec);
        return new()
        {
            Schedule = schedule,
            Info = info,
            Memo = entry.Memo,
            SearchAttributes = entry.SearchAttributes,
            ConflictToken = Token(entry),
        };
    }

    public static ScheduleListEntry ListEntry(ScheduleEntry entry, DateTimeOffset now)
    {
        var info = new ScheduleListInfo
        {
            Spec = entry.Schedule.Spec.Clone(),
            WorkflowType = entry.Schedule.Action.StartWorkflow.WorkflowType,
            Notes = entry.Schedule.State.Notes,
            Paused = entry.Schedule.State.Paused,
            FutureActionTimes = { Future(entry, now, ListedTimes) },
        };
        RangeDefaults.Fill(info.Spec);
        info.RecentActions.Add(entry.Recent.TakeLast(ListedTimes).Select(action => action.Clone()));
        return new()
        {
            ScheduleId = entry.Id,
            Memo = entry.Memo,
            SearchAttributes = entry.SearchAttributes,
            Info = info,
        };
    }

    /// <summary>Next times; a paused schedule shows those it would have.</summary>
    private static IEnumerable<Timestamp> Future(ScheduleEntry entry, DateTimeOffset now, int max)
    {
        var state = entry.Schedule.State;
        var limit = state.LimitedActions ? (int)Math.Min(state.RemainingActions, max) : max;
        var after = entry.MayAct || entry.Cursor > now ? entry.Cursor : now;
        return entry.Spec.Between(entry.Seed, after, DateTimeOffset.MaxValue, limit)
            .Select(time => Timestamp.FromDateTimeOffset(time.Actual));
    }
}

/// <summary>A schedule as a query sees it.</summary>
internal sealed class VisibleSchedule(ScheduleEntry entry, Func<string, IndexedValueType?> typeOf) : IVisibleExecution
{
    public ScheduleEntry Entry { get; } = entry;

    public object? Value(string attribute) => attribute switch
    {
        "ScheduleId" or "WorkflowId" => Entry.Id,
        "RunId" => Entry.Seed,
        "StartTime" or "ExecutionTime" => Entry.CreateTime,
        "ExecutionStatus" => "Running",
        "TemporalSchedulePaused" => Entry.Schedule.State.Paused,
        "CloseTime" => null,
        _ => Entry.SearchAttributes.IndexedFields.TryGetValue(attribute, out var payload)
            && typeOf(attribute) is { } type
                ? SearchAttributeCodec.Decode(attribute, payload, type)
                : null,
    };
}
