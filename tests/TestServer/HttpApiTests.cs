using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Nstance.Temporal.Tests.Support;
using Nstance.Temporal.TestServer.Hosting;
using Temporalio.Client;
using Temporalio.Worker;

namespace Nstance.Temporal.Tests.TestServer;

/// <summary>
/// The JSON API. TEMPORAL_HTTP_ADDRESS, for example http://127.0.0.1:7243, names that of the server of
/// TEMPORAL_ADDRESS.
/// </summary>
public sealed class HttpApiTests : IAsyncLifetime
{
    private readonly string _id = "http-" + Guid.NewGuid();
    private TemporalTestServer? _server;
    private TemporalClient? _client;
    private HttpClient? _http;

    private HttpClient Http => _http ?? throw new InvalidOperationException("not started");

    private TemporalClient Client => _client ?? throw new InvalidOperationException("not started");

    public async ValueTask InitializeAsync()
    {
        var address = Environment.GetEnvironmentVariable("TEMPORAL_HTTP_ADDRESS");
        Assert.SkipWhen(TestEnvironments.Address != null && address == null, "TEMPORAL_HTTP_ADDRESS is not set");
        if (TestEnvironments.Address == null)
            _server = await TemporalTestServer.StartAsync(new() { TimeSkipping = false, HttpPort = 0 });
        _client = await TemporalClient.ConnectAsync(new(TestEnvironments.Address ?? _server!.TargetHost));
        _http = new() { BaseAddress = _server?.HttpAddress ?? new Uri(address!) };
    }

    public async ValueTask DisposeAsync()
    {
        _http?.Dispose();
        if (_server != null)
            await _server.DisposeAsync();
    }

    [Theory]
    [InlineData("/system-info")]
    [InlineData("/api/v1/system-info")]
    public async Task SystemInfo_BothPaths_CapabilitiesInCamelCase(string path)
    {
        var (status, answer) = await GetAsync(path);
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.True(answer["capabilities"]!["sdkMetadata"]!.GetValue<bool>());
    }

    [Fact]
    public async Task Workflow_StartedSignaledUpdatedDescribed_PayloadsAreValues()
    {
        using var worker = new TemporalWorker(Client, new TemporalWorkerOptions(_id).AddWorkflow<MailboxWorkflow>());
        await worker.ExecuteAsync(async () =>
        {
            var run = $"/namespaces/default/workflows/{_id}";
            var (status, started) = await PostAsync(run, $$"""
                {
                  "workflowType": {"name": "MailboxWorkflow"},
                  "taskQueue": {"name": "{{_id}}"},
                  "requestId": "{{_id}}",
                  "memo": { "fields": { "owner": "me" } }
                }
                """);
            Assert.Equal(HttpStatusCode.OK, status);
            Assert.NotEmpty(started["runId"]!.GetValue<string>());
            Assert.Equal(
                HttpStatusCode.OK, (await PostAsync(run + "/signal/Add", """{"input": ["by signal"]}""")).Status);
            var (_, updated) = await PostAsync(run + "/update/Put", """
                {"request": {"meta": {"updateId": "u"}, "input": {"args": ["by update"]}},
                 "waitPolicy": {"lifecycleStage": "UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED"}}
                """);
            Assert.Equal("[2]", updated["outcome"]!["success"]!.ToJsonString());
            var (_, asked) = await PostAsync(run + "/query/Count", "{}");
            Assert.Equal("[2]", asked["queryResult"]!.ToJsonString());
            var (_, described) = await GetAsync(run);
            Assert.Equal(
                "WORKFLOW_EXECUTION_STATUS_RUNNING", described["workflowExecutionInfo"]!["status"]!.GetValue<string>());
            Assert.Equal("me", described["workflowExecutionInfo"]!["memo"]!["fields"]!["owner"]!.GetValue<string>());
            await Client.GetWorkflowHandle<MailboxWorkflow>(_id).ExecuteUpdateAsync(w => w.FinishAsync());
            var (_, last) = await GetAsync(run + "/history-reverse?maximumPageSize=1");
            var completed = last["history"]!["events"]![0]!["workflowExecutionCompletedEventAttributes"]!;
            Assert.Equal("""[["by signal","by update"]]""", completed["result"]!.ToJsonString());
        });
    }

    [Fact]
    public async Task History_WithoutShorthand_PayloadsAreWhole()
    {
        await StartAsync(_id);
        var (_, signaled) = await PostAsync($"/namespaces/default/workflows/{_id}/signal/Add?noPayloadShorthand", """
            {"input": {"payloads": [{"metadata": {"encoding": "anNvbi9wbGFpbg=="}, "data": "MQ=="}]}}
            """);
        Assert.Empty(signaled.AsObject());
        var (_, history) = await GetAsync($"/namespaces/default/workflows/{_id}/history?noPayloadShorthand&pretty");
        var signal = history["history"]!["events"]!.AsArray()
            .Select(each => each!["workflowExecutionSignaledEventAttributes"])
            .Single(each => each != null)!;
        Assert.Equal("MQ==", signal["input"]!["payloads"]![0]!["data"]!.GetValue<string>());
        await Client.GetWorkflowHandle(_id).TerminateAsync();
    }

    [Fact]
    public async Task List_Query_PagesByToken()
    {
        for (var i = 0; i < 3; i++)
            await StartAsync($"{_id}-{i}");
        var query = Uri.EscapeDataString($"TaskQueue = '{_id}'");
        var first = await TestEnvironments.EventuallyAsync(
            async () => (await GetAsync($"/namespaces/default/workflows?query={query}&pageSize=2")).Answer,
            page => page["nextPageToken"] != null);
        var token = Uri.EscapeDataString(first["nextPageToken"]!.GetValue<string>());
        var (_, second) = await GetAsync(
            $"/namespaces/default/workflows?query={query}&pageSize=2&nextPageToken={token}");
        Assert.Single(second["executions"]!.AsArray());
        for (var i = 0; i < 3; i++)
            await Client.GetWorkflowHandle($"{_id}-{i}").TerminateAsync();
    }

    [Fact]
    public async Task Faults_EachKind_StatusAndDetails()
    {
        var (status, gone) = await GetAsync($"/namespaces/default/workflows/{_id}");
        Assert.Equal(HttpStatusCode.NotFound, status);
        Assert.Equal(5, gone["code"]!.GetValue<int>());
        Assert.Equal(
            "type.googleapis.com/temporal.api.errordetails.v1.NotFoundFailure",
            gone["details"]![0]!["@type"]!.GetValue<string>());
        Assert.Equal(HttpStatusCode.BadRequest, (await PostAsync($"/namespaces/default/workflows/{_id}", "{}")).Status);
        Assert.Equal(
            HttpStatusCode.BadRequest, (await PostAsync($"/namespaces/default/workflows/{_id}", "{nonsense")).Status);
        Assert.Equal(
            HttpStatusCode.BadRequest,
            (await PostAsync($"/namespaces/default/workflows/{_id}", """{"nonsense": 1}""")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await GetAsync("/nowhere")).Status);
        Assert.Equal(HttpStatusCode.NotImplemented, (await PostAsync("/system-info", "{}")).Status);
    }

    [Fact]
    public async Task Id_WithASlash_IsOneSegment()
    {
        Assert.SkipWhen(_server == null, "a real frontend answers 404 for these; its UI's server does not");
        var id = _id + "/of/two";
        await StartAsync(id);
        var (status, described) = await GetAsync($"/namespaces/default/workflows/{Uri.EscapeDataString(id)}");
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal(id, described["workflowExecutionInfo"]!["execution"]!["workflowId"]!.GetValue<string>());
        await Client.GetWorkflowHandle(id).TerminateAsync();
    }

    [Fact]
    public async Task NotSupported_Route_NotImplementedAndNamed()
    {
        Assert.SkipWhen(_server == null, "this is about our own server");
        var (status, fault) = await GetAsync("/cluster/nexus/endpoints");
        Assert.Equal(HttpStatusCode.NotImplemented, status);
        Assert.Contains("ListNexusEndpoints", fault["message"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    private async Task StartAsync(string id) =>
        await Client.StartWorkflowAsync((MailboxWorkflow w) => w.RunAsync(), new(id, _id));

    private Task<(HttpStatusCode Status, JsonNode Answer)> GetAsync(string path) =>
        ReadAsync(Http.GetAsync(Whole(path)));

    private Task<(HttpStatusCode Status, JsonNode Answer)> PostAsync(string path, string json) =>
        ReadAsync(Http.PostAsync(Whole(path), new StringContent(json, Encoding.UTF8, "application/json")));

    private static Uri Whole(string path) => new(path, UriKind.Relative);

    private static async Task<(HttpStatusCode Status, JsonNode Answer)> ReadAsync(Task<HttpResponseMessage> call)
    {
        using var answer = await call;
        return (answer.StatusCode, JsonNode.Parse(await answer.Content.ReadAsStringAsync())!);
    }
}
