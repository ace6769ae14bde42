using System.Globalization;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Nstance.Temporal.TestServer.Engine;
using Nstance.Temporal.TestServer.Runs;
using Nstance.Temporal.TestServer.Visibility;
using Temporalio.Api.Enums.V1;

namespace Nstance.Temporal.TestServer.Schedules;

/// <summary>Starts the workflows of schedules and knows which schedule an open run belongs to.</summary>
internal sealed class ScheduleStarter(ServerEngine engine)
{
    private const int RecentActions = 10;

    /// <summary>Open runs by the first run of their chain, for retries and continue-as-new change the run id.</summary>
    private readonly Dictionary<string, ScheduleEntry> _owners = new();

    public void Start(ScheduleEntry entry, BufferedStart start, bool overlaps)
    {
        var keepsId = entry.Schedule.Policies.KeepOriginalWorkflowId && !overlaps;
        var request = ScheduleRules.Request(
            entry.Namespace, entry.Schedule.Action.StartWorkflow, keepsId ? "" : "-" + Stamp(start.Nominal));
        request.Identity = $"temporal-scheduler-{entry.Namespace}-{entry.Id}";
        request.RequestId = Guid.NewGuid().ToString();
        request.LastCompletionResult = entry.LastResult;
        request.ContinuedFailure = entry.LastFailure;
        request.SearchAttributes ??= new();
        request.SearchAttributes.IndexedFields["TemporalScheduledById"] =
            SearchAttributeCodec.Encode(entry.Id, IndexedValueType.Keyword);
        request.SearchAttributes.IndexedFields["TemporalScheduledStartTime"] =
            SearchAttributeCodec.Encode(Second(start.Nominal), IndexedValueType.Datetime);
        WorkflowRun run;
        try
        {
            run = engine.Lifecycle.Start(request).Run;
        }
        catch (RpcException)
        {
            // Another run has that id, or a search attribute is gone. As on the real server this action is lost.
            return;
        }

        _owners[run.FirstRunId] = entry;
        if (!overlaps)
            entry.Running = run;
        entry.ActionCount++;
        entry.Recent.Add(new()
        {
            ScheduleTime = Timestamp.FromDateTimeOffset(start.Due),
            ActualTime = Timestamp.FromDateTimeOffset(engine.Clock.Now),
            StartWorkflowResult = run.Execution,
            StartWorkflowStatus = WorkflowExecutionStatus.Running,
        });
        if (entry.Recent.Count > RecentActions)
            entry.Recent.RemoveAt(0);
    }

    public ScheduleEntry? OwnerOf(WorkflowRun run) => _owners.GetValueOrDefault(run.FirstRunId);

    public void Forget(WorkflowRun run) => _owners.Remove(run.FirstRunId);

    private static DateTimeOffset Second(DateTimeOffset time) =>
        DateTimeOffset.FromUnixTimeSeconds(time.ToUnixTimeSeconds());

    private static string Stamp(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
