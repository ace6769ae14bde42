using Google.Protobuf.WellKnownTypes;
using Nstance.Temporal.TestServer.Binding;
using Nstance.Temporal.TestServer.Engine;
using Nstance.Temporal.TestServer.Lifecycle;
using Temporalio.Api.Enums.V1;
using Temporalio.Api.TaskQueue.V1;
using Temporalio.Api.WorkflowService.V1;

namespace Nstance.Temporal.TestServer.Workers;

/// <summary>Who polls a queue, and what waits there.</summary>
internal sealed class QueueDescription
{
    private const double Rate = 100_000;

    private static readonly TimeSpan PollerMemory = TimeSpan.FromMinutes(5);

    private readonly ServerEngine _engine;

    public QueueDescription(ServerEngine engine)
    {
        _engine = engine;
        engine.Rpc.Add<DescribeTaskQueueRequest, DescribeTaskQueueResponse>("DescribeTaskQueue", Describe);
    }

    private DescribeTaskQueueResponse Describe(DescribeTaskQueueRequest request)
    {
        using var _ = _engine.Enter();
        _engine.Namespaces.Require(request.Namespace);
        var name = request.TaskQueue?.Name ?? "";
        if (name.Length == 0)
            throw Fault.InvalidArgument("missing task queue name");
        StartRules.Queue(name);
        if (request.ApiMode == DescribeTaskQueueMode.Enhanced)
            return Enhanced(request, name);
        var (seen, backlog) = Queue(request.Namespace, name, request.TaskQueueType);
        return new()
        {
            Pollers = { Pollers(seen) },
            Stats = new() { ApproximateBacklogCount = backlog },
            TaskQueueStatus = new() { BacklogCountHint = backlog, RatePerSecond = Rate },
        };
    }

    /// <summary>The same for several types at once, by build id; workers without versions are build id "".</summary>
    private DescribeTaskQueueResponse Enhanced(DescribeTaskQueueRequest request, string name)
    {
        if (request.TaskQueue.Kind == TaskQueueKind.Sticky)
            throw Fault.InvalidArgument("Enhanced DescribeTaskQueue is not supported for sticky queues.");
        var info = new TaskQueueVersionInfo();
        var types = request.TaskQueueTypes.Count > 0
            ? request.TaskQueueTypes.Distinct()
            : [TaskQueueType.Workflow, TaskQueueType.Activity];
        foreach (var type in types)
        {
            var (seen, backlog) = Queue(request.Namespace, name, type);
            var typeInfo = new TaskQueueTypeInfo();
            if (request.ReportPollers)
                typeInfo.Pollers.Add(Pollers(seen));
            if (request.ReportStats)
                typeInfo.Stats = new() { ApproximateBacklogCount = backlog, ApproximateBacklogAge = new() };
            info.TypesInfo[(int)type] = typeInfo;
        }
        var answer = new DescribeTaskQueueResponse();
        var versions = request.Versions;
        if (versions == null || versions.Unversioned || versions.AllActive || versions.BuildIds.Contains(""))
            answer.VersionsInfo[""] = info;
        return answer;
    }

    private (IReadOnlyDictionary<string, DateTimeOffset> Seen, int Backlog) Queue(
        string ns, string name, TaskQueueType type)
    {
        if (type == TaskQueueType.Activity)
        {
            var activities = _engine.ActivityQueues.Find(ns, name);
            return (activities?.Seen ?? new Dictionary<string, DateTimeOffset>(), activities?.Backlog ?? 0);
        }
        var workflows = _engine.WorkflowQueues.Find(ns, name);
        return (workflows?.Seen ?? new Dictionary<string, DateTimeOffset>(), workflows?.Backlog ?? 0);
    }

    private IEnumerable<PollerInfo> Pollers(IReadOnlyDictionary<string, DateTimeOffset> seen) => seen
        .Where(each => _engine.Clock.RealNow - each.Value < PollerMemory)
        .Select(each => new PollerInfo
        {
            Identity = each.Key,
            LastAccessTime = Timestamp.FromDateTimeOffset(each.Value),
            RatePerSecond = Rate,
        });
}
