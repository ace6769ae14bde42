using System.Globalization;
using Google.Protobuf;
using Nstance.Temporal.TestServer.Binding;
using Nstance.Temporal.TestServer.Engine;
using Nstance.Temporal.TestServer.Lifecycle;
using Nstance.Temporal.TestServer.Visibility;
using Temporalio.Api.Common.V1;
using Temporalio.Api.Enums.V1;
using Temporalio.Api.WorkflowService.V1;

namespace Nstance.Temporal.TestServer.Batches;

/// <summary>Start, stop, describe and list of batch operations.</summary>
internal sealed class BatchRpcs
{
    private const int MaxPage = 1_000;
    private const int MaxRemembered = 1_000;

    private readonly ServerEngine _engine;
    private readonly BatchEngine _batches;
    private readonly List<(string Namespace, BatchJob Job)> _jobs = [];

    public BatchRpcs(ServerEngine engine)
    {
        _engine = engine;
        _batches = new(engine);
        var rpc = engine.Rpc;
        rpc.Add<StartBatchOperationRequest, StartBatchOperationResponse>("StartBatchOperation", Start);
        rpc.Add<StopBatchOperationRequest, StopBatchOperationResponse>("StopBatchOperation", Stop);
        rpc.Add<DescribeBatchOperationRequest, DescribeBatchOperationResponse>("DescribeBatchOperation", request =>
        {
            using var _ = engine.Enter();
            return Find(request.Namespace, request.JobId).Describe();
        });
        rpc.Add<ListBatchOperationsRequest, ListBatchOperationsResponse>("ListBatchOperations", List);
    }

    private StartBatchOperationResponse Start(StartBatchOperationRequest request)
    {
        using var _ = _engine.Enter();
        var (type, identity) = BatchRules.Check(request);
        _engine.Namespaces.Require(request.Namespace);
        StartRules.Id(_engine, request.JobId, "JobId");
        if (_jobs.Exists(each => each.Namespace == request.Namespace && each.Job.Id == request.JobId))
            throw Fault.AlreadyStarted("", "", "");
        // A real server runs one at a time for a namespace.
        if (_jobs.Exists(each => each.Namespace == request.Namespace && each.Job.State == BatchOperationState.Running))
            throw Fault.Exhausted("Max concurrent batch operations is reached", ResourceExhaustedCause.ConcurrentLimit);
        var job = new BatchJob(request, identity, type, _engine.Clock.Now);
        foreach (var execution in Targets(request))
            job.Left.Enqueue(execution);
        _jobs.Add((request.Namespace, job));
        if (_jobs.Count > MaxRemembered)
            _jobs.RemoveAt(0);
        _engine.Defer(() => _batches.Step(job));
        return new();
    }

    private List<WorkflowExecution> Targets(StartBatchOperationRequest request)
    {
        if (request.Executions.Count > 0)
            return [.. request.Executions];
        if (request.TargetExecutions.Count > 0)
        {
            return [.. request.TargetExecutions.Select(
                each => new WorkflowExecution { WorkflowId = each.BusinessId, RunId = each.RunId })];
        }
        var query =
            VisibilityQuery.Compile(request.VisibilityQuery, _engine.SearchAttributes.Catalog(request.Namespace));
        return [.. _engine.Runs.All
            .Where(run => run.Namespace == request.Namespace && query.Matches(
                new VisibleRun(run, _engine.SearchAttributes)))
            .Select(run => run.Execution)];
    }

    private StopBatchOperationResponse Stop(StopBatchOperationRequest request)
    {
        using var _ = _engine.Enter();
        if (request.Reason.Length == 0)
            throw Fault.InvalidArgument("Reason is not set on request.");
        var job = Find(request.Namespace, request.JobId);
        if (job.State != BatchOperationState.Running)
            throw Fault.NotFound("workflow execution already completed");
        _batches.Close(job, BatchOperationState.Failed);
        return new();
    }

    private ListBatchOperationsResponse List(ListBatchOperationsRequest request)
    {
        using var _ = _engine.Enter();
        _engine.Namespaces.Require(request.Namespace);
        var mine = _jobs.Where(each => each.Namespace == request.Namespace).Select(each => each.Job).Reverse().ToList();
        var from = 0;
        if (!request.NextPageToken.IsEmpty
            && !int.TryParse(
                request.NextPageToken.ToStringUtf8(), NumberStyles.None, CultureInfo.InvariantCulture, out from))
            throw Fault.InvalidArgument("Invalid NextPageToken.");
        var page = mine.Skip(from).Take(request.PageSize is > 0 and < MaxPage ? request.PageSize : MaxPage).ToList();
        return new()
        {
            OperationInfo = { page.Select(job => job.Info()) },
            NextPageToken = from + page.Count < mine.Count
                ? ByteString.CopyFromUtf8((from + page.Count).ToString(CultureInfo.InvariantCulture))
                : ByteString.Empty,
        };
    }

    private BatchJob Find(string ns, string id)
    {
        _engine.Namespaces.Require(ns);
        if (id.Length == 0)
            throw Fault.InvalidArgument("JobId is not set on request.");
        return _jobs.Find(each => each.Namespace == ns && each.Job.Id == id).Job ?? throw Fault.RunNotFound(id);
    }
}
