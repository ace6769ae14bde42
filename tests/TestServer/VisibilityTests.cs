using Nstance.Temporal.Tests.Support;
using Temporalio.Api.Enums.V1;
using Temporalio.Api.OperatorService.V1;
using Temporalio.Api.WorkflowService.V1;
using Temporalio.Client;
using Temporalio.Common;
using Temporalio.Exceptions;
using Temporalio.Worker;

namespace Nstance.Temporal.Tests.TestServer;

public sealed class VisibilityTests(SchedulingServer server) : IClassFixture<SchedulingServer>
{
    private static readonly SearchAttributeKey<string> Color = SearchAttributeKey.CreateKeyword("TestColor");

    private readonly string _id = "visible-" + Guid.NewGuid();
    private readonly string _queue = "queue-" + Guid.NewGuid();

    [Fact]
    public async Task List_ByIdPrefixAndStatus_FindsEachState()
    {
        using var worker = Worker();
        await worker.ExecuteAsync(async () =>
        {
            var open = await server.Client.StartWorkflowAsync(
                (LongWorkflow w) => w.RunAsync(), new(_id + "-open", _queue));
            await server.Client.ExecuteWorkflowAsync((TickWorkflow w) => w.RunAsync(), new(_id + "-done", _queue));
            var gone = await server.Client.StartWorkflowAsync(
                (LongWorkflow w) => w.RunAsync(), new(_id + "-gone", _queue));
            await gone.TerminateAsync();
            Assert.Equal([_id + "-done"], await FindAsync($"{Mine} AND ExecutionStatus = 'Completed'", 1));
            Assert.Equal([_id + "-open"], await FindAsync($"{Mine} AND CloseTime IS NULL", 1));
            Assert.Equal(
                [_id + "-done", _id + "-gone"],
                await FindAsync($"{Mine} AND NOT ExecutionStatus IN ('Running', 'Failed')", 2));
            await open.TerminateAsync();
        });
    }

    [Fact]
    public async Task Count_GroupedByStatus_CountsEachGroup()
    {
        using var worker = Worker();
        await worker.ExecuteAsync(async () =>
        {
            for (var i = 0; i < 3; i++)
                await server.Client.ExecuteWorkflowAsync((TickWorkflow w) => w.RunAsync(), new($"{_id}-{i}", _queue));
            var open = await server.Client.StartWorkflowAsync(
                (LongWorkflow w) => w.RunAsync(), new(_id + "-open", _queue));
            var count = await TestEnvironments.EventuallyAsync(
                () => server.Client.CountWorkflowsAsync($"{Mine} GROUP BY ExecutionStatus"), count => count.Count == 4);
            var groups = count.Groups.ToDictionary(group => (string)group.GroupValues.Single(), group => group.Count);
            Assert.Equal(3, groups["Completed"]);
            Assert.Equal(1, groups["Running"]);
            await open.TerminateAsync();
        });
    }

    [Fact]
    public async Task List_ByTypedAttributes_SeesStartValuesAndUpserts()
    {
        await RegisterAsync();
        using var worker = Worker();
        await worker.ExecuteAsync(async () =>
        {
            var attributes = new SearchAttributeCollection.Builder().Set(Color, "red").ToSearchAttributeCollection();
            foreach (var size in new[] { 1L, 20L })
            {
                await server.Client.ExecuteWorkflowAsync(
                    (UpsertingWorkflow w) => w.RunAsync(size),
                    new($"{_id}-{size}", _queue) { TypedSearchAttributes = attributes });
            }

            Assert.Equal(
                [_id + "-20"], await FindAsync($"{Mine} AND TestColor = 'red' AND TestSize BETWEEN 10 AND 30", 1));
            var described = await server.Client.GetWorkflowHandle(_id + "-1").DescribeAsync();
            Assert.Equal(1, described.TypedSearchAttributes.Get(UpsertingWorkflow.Size));
        });
    }

    [Fact]
    public async Task Start_AttributeNotRegistered_FailsAndNamesIt()
    {
        var attributes = new SearchAttributeCollection.Builder()
            .Set(SearchAttributeKey.CreateKeyword("NobodyRegisteredThis"), "x").ToSearchAttributeCollection();
        var fault = await Assert.ThrowsAsync<RpcException>(() => server.Client.StartWorkflowAsync(
            (TickWorkflow w) => w.RunAsync(), new(_id, _queue) { TypedSearchAttributes = attributes }));
        Assert.Equal(RpcException.StatusCode.InvalidArgument, fault.Code);
        Assert.Contains(
            "no mapping defined for search attribute NobodyRegisteredThis", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("WorkflowId =")]
    [InlineData("Unheard = 'of'")]
    [InlineData("StartTime > 'yesterday'")]
    public async Task List_QueryMalformed_InvalidArgument(string query)
    {
        var fault = await Assert.ThrowsAsync<RpcException>(() => server.Client.CountWorkflowsAsync(query));
        Assert.Equal(RpcException.StatusCode.InvalidArgument, fault.Code);
    }

    [Fact]
    public async Task List_PagesOfTwo_EachRunOnce()
    {
        using var worker = Worker();
        await worker.ExecuteAsync(async () =>
        {
            for (var i = 0; i < 5; i++)
                await server.Client.ExecuteWorkflowAsync((TickWorkflow w) => w.RunAsync(), new($"{_id}-{i}", _queue));
            await FindAsync(Mine, 5);
            var found = new List<string>();
            var request = new ListWorkflowExecutionsRequest { Namespace = "default", PageSize = 2, Query = Mine };
            do
            {
                var page = await server.Client.Connection.WorkflowService.ListWorkflowExecutionsAsync(request);
                Assert.InRange(page.Executions.Count, 0, 2);
                found.AddRange(page.Executions.Select(each => each.Execution.WorkflowId));
                request.NextPageToken = page.NextPageToken;
            }
            while (!request.NextPageToken.IsEmpty);
            Assert.Equal(Enumerable.Range(0, 5).Select(i => $"{_id}-{i}"), found.Order(StringComparer.Ordinal));
        });
    }

    private string Mine => $"WorkflowId STARTS_WITH '{_id}'";

    private TemporalWorker Worker() => new(
        server.Client,
        new TemporalWorkerOptions(_queue)
            .AddWorkflow<TickWorkflow>().AddWorkflow<LongWorkflow>().AddWorkflow<UpsertingWorkflow>());

    private async Task RegisterAsync()
    {
        try
        {
            await server.Client.Connection.OperatorService.AddSearchAttributesAsync(new AddSearchAttributesRequest
            {
                Namespace = "default",
                SearchAttributes = { ["TestColor"] = IndexedValueType.Keyword, ["TestSize"] = IndexedValueType.Int },
            });
        }
        catch (RpcException taken) when (taken.Code == RpcException.StatusCode.AlreadyExists)
        {
            // A server that outlives this test has them already.
        }
        await TestEnvironments.EventuallyAsync(
            () => server.Client.CountWorkflowsAsync("TestColor = '' AND TestSize = 0"),
            RpcException.StatusCode.InvalidArgument);
    }

    private Task<List<string>> FindAsync(string query, int count) => TestEnvironments.EventuallyAsync(
        async () =>
        {
            var found = new List<string>();
            await foreach (var run in server.Client.ListWorkflowsAsync(query))
                found.Add(run.Id);
            found.Sort(StringComparer.Ordinal);
            return found;
        },
        found => found.Count == count);
}
