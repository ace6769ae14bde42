using Google.Protobuf;
using Nstance.Temporal.TestServer.Binding;
using Nstance.Temporal.TestServer.Describing;
using Nstance.Temporal.TestServer.Engine;
using Nstance.Temporal.TestServer.Runs;
using Temporalio.Api.Enums.V1;
using Temporalio.Api.Filter.V1;
using Temporalio.Api.Workflow.V1;
using Temporalio.Api.WorkflowService.V1;

namespace Nstance.Temporal.TestServer.Visibility;

/// <summary>List and count. Visibility is never behind: a run can be found as soon as it has started.</summary>
internal sealed class VisibilityRpcs
{
    private readonly ServerEngine _engine;

    public VisibilityRpcs(ServerEngine engine)
    {
        _engine = engine;
        engine.Rpc.Add<ListWorkflowExecutionsRequest, ListWorkflowExecutionsResponse>(
            "ListWorkflowExecutions",
            request =>
            {
                var (items, next) = Find(request.Namespace, request.Query, request.PageSize, request.NextPageToken);
                return new() { Executions = { items }, NextPageToken = next };
            });
        engine.Rpc.Add<ScanWorkflowExecutionsRequest, ScanWorkflowExecutionsResponse>(
            "ScanWorkflowExecutions",
            request =>
            {
                var (items, next) = Find(request.Namespace, request.Query, request.PageSize, request.NextPageToken);
                return new() { Executions = { items }, NextPageToken = next };
            });
        engine.Rpc.Add<CountWorkflowExecutionsRequest, CountWorkflowExecutionsResponse>(
            "CountWorkflowExecutions", Count);
        engine.Rpc.Add<ListOpenWorkflowExecutionsRequest, ListOpenWorkflowExecutionsResponse>(
            "ListOpenWorkflowExecutions", ListOpen);
        engine.Rpc.Add<ListClosedWorkflowExecutionsRequest, ListClosedWorkflowExecutionsResponse>(
            "ListClosedWorkflowExecutions", ListClosed);
    }

    private ListOpenWorkflowExecutionsResponse ListOpen(ListOpenWorkflowExecutionsRequest request)
    {
        var (items, next) = Find(
            request.Namespace,
            "",
            request.MaximumPageSize,
            request.NextPageToken,
            "StartTime",
            run => run.IsOpen
                && Passes(run, run.StartTime, request.StartTimeFilter, request.ExecutionFilter, request.TypeFilter));
        return new() { Executions = { items }, NextPageToken = next };
    }

    private ListClosedWorkflowExecutionsResponse ListClosed(ListClosedWorkflowExecutionsRequest request)
    {
        var (items, next) = Find(
            request.Namespace,
            "",
            request.MaximumPageSize,
            request.NextPageToken,
            "CloseTime",
            run => !run.IsOpen
                && Passes(
                    run,
                    run.CloseTime!.Value,
                    request.StartTimeFilter,
                    request.ExecutionFilter,
                    request.TypeFilter)
                && (request.StatusFilter is not { Status: not WorkflowExecutionStatus.Unspecified } status
                    || run.Status == status.Status));
        return new() { Executions = { items }, NextPageToken = next };
    }

    private static bool Passes(
        WorkflowRun run,
        DateTimeOffset time,
        StartTimeFilter? times,
        WorkflowExecutionFilter? execution,
        WorkflowTypeFilter? type) =>
        !(times?.EarliestTime is { } from && time < from.ToDateTimeOffset())
        && !(times?.LatestTime is { } to && time > to.ToDateTimeOffset())
        && (execution is not { WorkflowId.Length: > 0 } || run.WorkflowId == execution.WorkflowId)
        && (execution is not { RunId.Length: > 0 } || run.RunId == execution.RunId)
        && (type is not { Name.Length: > 0 } || run.WorkflowType == type.Name);

    private (IEnumerable<WorkflowExecutionInfo> Items, ByteString Next) Find(
        string ns,
        string text,
        int pageSize,
        ByteString token,
        string? newestBy = null,
        Func<WorkflowRun, bool>? also = null)
    {
        using var _ = _engine.Enter();
        var query = VisibilityQuery.Compile(
            text, _engine.SearchAttributes.Catalog(ns), order: newestBy == null
                ? null
                : [new(newestBy, Descending: true)]);
        if (query.GroupsByStatus)
        {
            throw Fault.InvalidArgument("invalid query: 'GROUP BY' clause is not supported by list");
        }

        var (items, next) = VisibilityPage.Of(Of(ns, also), query, pageSize, token);
        return ([.. items.Select(item => RunDescription.Info(item.Run))], next);
    }

    private CountWorkflowExecutionsResponse Count(CountWorkflowExecutionsRequest request)
    {
        using var _ = _engine.Enter();
        var query = VisibilityQuery.Compile(request.Query, _engine.SearchAttributes.Catalog(request.Namespace));
        var found = Of(request.Namespace, null).Where(query.Matches).ToList();
        var answer = new CountWorkflowExecutionsResponse { Count = found.Count };
        if (!query.GroupsByStatus)
        {
            return answer;
        }

        answer.Groups.Add(found.GroupBy(each => each.Run.Status).OrderBy(group => group.Key).Select(group =>
            new CountWorkflowExecutionsResponse.Types.AggregationGroup
            {
                Count = group.Count(),
                GroupValues = { SearchAttributeCodec.Encode(group.Key.ToString(), IndexedValueType.Keyword) },
            }));
        return answer;
    }

    private IEnumerable<VisibleRun> Of(string ns, Func<WorkflowRun, bool>? also) => _engine.Runs.All
        .Where(run => run.Namespace == ns && also?.Invoke(run) != false)
        .Select(run => new VisibleRun(run, _engine.SearchAttributes));
}
