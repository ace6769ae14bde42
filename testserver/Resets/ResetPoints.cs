using Google.Protobuf.WellKnownTypes;
using Nstance.Temporal.TestServer.Runs;
using Nstance.Temporal.TestServer.Visibility;
using Temporalio.Api.Common.V1;
using Temporalio.Api.Enums.V1;
using Temporalio.Api.History.V1;

namespace Nstance.Temporal.TestServer.Resets;

/// <summary>
/// Where a run can be reset to without reading its history: the first task that each build of a worker completed. Also
/// keeps
/// the search attribute of these builds.
/// </summary>
internal static class ResetPoints
{
    private const int MaxPoints = 20;
    private const string Builds = "BuildIds";
    private const string Unversioned = "unversioned";

    /// <summary>Notes the build that completed a task.</summary>
    public static void Record(WorkflowRun run, HistoryEvent completed)
    {
        var attributes = completed.WorkflowTaskCompletedEventAttributes;
        var build = attributes.WorkerVersion?.BuildId is { Length: > 0 } stamped
            ? stamped
            : attributes.DeploymentVersion?.BuildId ?? "";
        if (run.ResetPoints.Exists(each => each.BuildId == build && each.BinaryChecksum == attributes.BinaryChecksum))
            return;
        run.ResetPoints.Add(new()
        {
            BuildId = build,
            BinaryChecksum = attributes.BinaryChecksum,
            RunId = run.RunId,
            FirstWorkflowTaskCompletedId = completed.EventId,
            CreateTime = completed.EventTime,
            Resettable = run.Children.Count == 0,
        });
        if (run.ResetPoints.Count > MaxPoints)
            run.ResetPoints.RemoveAt(0);
        Show(run, attributes.WorkerVersion);
    }

    /// <summary>
    /// Points of a run as the run that follows it keeps them: they expire with the history that they are in.
    /// </summary>
    public static Temporalio.Api.Workflow.V1.ResetPoints? HandOver(
        WorkflowRun previous, DateTimeOffset now, TimeSpan retention)
    {
        if (previous.ResetPoints.Count == 0)
            return null;
        var points = new Temporalio.Api.Workflow.V1.ResetPoints();
        foreach (var point in previous.ResetPoints.Where(
            each => each.ExpireTime == null || each.ExpireTime.ToDateTimeOffset() >= now))
        {
            var kept = point.Clone();
            if (kept.RunId == previous.RunId)
                kept.ExpireTime = Timestamp.FromDateTimeOffset(now + retention);
            points.Points.Add(kept);
        }
        return points;
    }

    private static void Show(WorkflowRun run, WorkerVersionStamp? stamp)
    {
        var shown = run.SearchAttributes.TryGetValue(Builds, out var old)
            ? (IEnumerable<string>)SearchAttributeCodec.Decode(Builds, old, IndexedValueType.KeywordList)!
            : [];
        var builds = new List<string> { Unversioned };
        builds.AddRange(shown.Where(each => each != Unversioned));
        if (stamp is { BuildId.Length: > 0 } && !builds.Contains($"{Unversioned}:{stamp.BuildId}"))
            builds.Add($"{Unversioned}:{stamp.BuildId}");
        run.SearchAttributes[Builds] = SearchAttributeCodec.Encode(builds, IndexedValueType.KeywordList);
    }
}
