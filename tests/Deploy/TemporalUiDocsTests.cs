using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Google.Protobuf;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.KeepAlive;
using Nstance.Temporal.Simulation.Nstance;
using Nstance.Temporal.Tests.Support;
using Nstance.Temporal.Tests.Worker;
using Nstance.Temporal.TestServer.Hosting;
using Nstance.Temporal.Workflows;
using Nstance.Temporal.Workflows.Payloads;
using Temporalio.Api.Common.V1;
using Temporalio.Client;
using Temporalio.Converters;
using Temporalio.Testing;
using Temporalio.Workflows;

namespace Nstance.Temporal.Tests.Deploy;

/// <summary>
/// What docs/temporal-ui.md shows is what a real collector shows on the embedded server. After an intended change, run
/// this class with NSTANCE_GC_WRITE_DOCS=1.
/// </summary>
public sealed partial class TemporalUiDocsTests
{
    private static readonly ShardRef Shard = new("prod", "us-west-2a", "prod-nstance");
    private static readonly JsonSerializerOptions Indented = new(PayloadJson.Options)
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    [Fact]
    public void Static_Block_IsWhatTheCollectorStartsWith() =>
        AssertShown("static", CollectorStart.Options(Shard).StaticDetails!);

    [Fact]
    public void Updates_Block_IsTheirDescriptionsAndEachExampleIsTaken()
    {
        var text = new StringBuilder();
        foreach (var update in WorkflowDefinition.Create<GcWorkflow>().Updates.Values.OrderBy(u => u.Name))
        {
            var example = Example(update.Description!);
            var payload = new Payload
            {
                Metadata = { ["encoding"] = ByteString.CopyFromUtf8("json/plain") },
                Data = ByteString.CopyFromUtf8(example),
            };
            var method = typeof(GcWorkflow).GetMethod($"{update.Name}Async")!;
            var type = method.GetParameters()[0].ParameterType;
            var request = Assert.IsType<UpdateRequest>(
                PayloadJson.Converter.PayloadConverter.ToValue(payload, type), exactMatch: false);
            Assert.True(request.Fault is null, request.Fault);
            var words = update.Description!.Replace(example, "", StringComparison.Ordinal).Trim().Replace('\n', ' ');
            var members = Members(type);
            if (type != typeof(GcSettings))
            {
                Assert.Equal(members, JsonNode.Parse(example)!.AsObject().Select(member => member.Key).Order());
                text.Append($"`{update.Name}`: {words}\n\n```json\n{example}\n```\n\n");
                continue;
            }

            text.Append($"`{update.Name}`: {words}\n\n```json\n{example}\n```\n\n")
                .Append($"Members of its argument: {string.Join(", ", members.Select(name => $"`{name}`"))}.\n\n");
        }

        AssertShown("updates", text.ToString());
    }

    /// <summary>
    /// The real workflow and activities, a file that nstance's model wrote, and cloud and bucket in memory.
    /// </summary>
    [Fact]
    public async Task Details_OfARealCycleWithAPlan_AreShown()
    {
        await using var environment = await EmbeddedWorkflowEnvironment.StartAsync(
            client: new() { DataConverter = PayloadJson.Converter, Runtime = TestRuntime.Shared });
        using var shard = new SharedShard(NstanceGeneration.V2, start: await NowAsync(environment));
        for (var n = 0; n < 40; n++) shard.AddMember(5);
        for (var n = 0; n < 14; n++) shard.AddMember(5, isRegistered: false);
        shard.AddMember(5, status: InstanceStatus.Stopped);
        shard.AddMember(5, status: InstanceStatus.Deleting);
        await using var workers = new ShardWorkers(environment.Client, shard);
        await Nstance.Temporal.Worker.Hosting.SearchAttributes.EnsureAsync((TemporalClient)environment.Client, new());
        await CollectorStart.EnsureRunsAsync(environment.Client, new(SharedShard.Shard)
        {
            Settings = new() { Interval = TimeSpan.FromHours(1), DryRun = false },
        });
        var collector = environment.Client.GetWorkflowHandle<GcWorkflow>(
            Names.GcWorkflowId(SharedShard.Shard.Cluster, SharedShard.Shard.Shard));
        await collector.ExecuteUpdateAsync(w => w.RunCycleAsync(new(false)));

        // The first cycle is in the grace period.
        await environment.DelayAsync(TimeSpan.FromMinutes(10));
        shard.Input = shard.Input with { AsOf = await NowAsync(environment) };
        shard.Report();
        await collector.ExecuteUpdateAsync(w => w.RunCycleAsync(new(false)));

        var metadata = await collector.QueryAsync<Temporalio.Api.Sdk.V1.WorkflowMetadata>(
            "__temporal_workflow_metadata", []);
        AssertShown("details", Named(metadata.CurrentDetails));
        var status = await AskAsync(collector, "Status");
        status.AsObject().Remove("lastReport");
        AssertShown("status", Json(status));
        Assert.Equal(14, (int)status["pending"]!["instances"]!);
        AssertShown("reports", Json(await AskAsync(collector, "Reports")));
        var export = await AskAsync(collector, "Export");
        foreach (var known in new[] { "reports", "pending" }) export["state"]!.AsObject().Remove(known);
        AssertShown("export", Json(export));
        var reconciler = await environment.Client.StartWorkflowAsync(
            (ReconcilerWorkflow w) => w.RunAsync(new(SharedShard.Shard)), new("reconciler", Names.TaskQueue));
        AssertShown("reconciler", Json(await AskAsync(reconciler, "Status")));
    }

    [Fact]
    public void Queries_Block_NamesWhatTheyReturn()
    {
        var text = new StringBuilder("| workflow | query | returns | members |\n|---|---|---|---|\n");
        AppendQueries(typeof(GcWorkflow), WorkflowDefinition.Create<GcWorkflow>(), text);
        AppendQueries(typeof(ReconcilerWorkflow), WorkflowDefinition.Create<ReconcilerWorkflow>(), text);
        AssertShown("queries", text.ToString());
    }

    [Fact]
    public void Lists_OfCollectors_AreOfRunningOnesOnly()
    {
        var text = File.ReadAllText(Repository.File("docs/temporal-ui.md"));
        var queries = ListQuery().Matches(text).Select(match => match.Value).ToList();
        Assert.True(queries.Count >= 5);
        Assert.All(queries, query => Assert.EndsWith("ExecutionStatus = 'Running'`", query, StringComparison.Ordinal));
    }

    private static void AppendQueries(Type workflow, WorkflowDefinition definition, StringBuilder text)
    {
        foreach (var query in definition.Queries.Values.OrderBy(q => q.Name))
        {
            var type = workflow.GetMethod(query.Name!)!.ReturnType;
            type = type.IsGenericType ? type.GetGenericArguments()[0] : type;
            var members = PayloadJson.Options.GetTypeInfo(type).Properties.Select(p => $"`{p.Name}`");
            text.Append($"| `{workflow.Name}` | `{query.Name}` | {query.Description} ")
                .Append($"| {string.Join(", ", members)} |\n");
        }
    }

    /// <summary>Names of what an argument may hold, sorted.</summary>
    private static IEnumerable<string> Members(Type type) =>
        PayloadJson.Options.GetTypeInfo(type).Properties.Where(p => p.Set is not null).Select(p => p.Name).Order();

    private static async Task<JsonNode> AskAsync(WorkflowHandle workflow, string query) =>
        JsonNode.Parse((await workflow.QueryAsync<IRawValue>(query, [])).Payload.Data.ToStringUtf8())!;

    /// <summary>The JSON with one element of each list.</summary>
    private static string Json(JsonNode node)
    {
        Shorten(node);
        return $"```json\n{Named(node.ToJsonString(Indented))}\n```";
    }

    private static void Shorten(JsonNode? node)
    {
        if (node is JsonArray list)
        {
            while (list.Count > 1) list.RemoveAt(list.Count - 1);
            foreach (var element in list) Shorten(element);
        }
        else if (node is JsonObject members)
        {
            foreach (var (_, value) in members) Shorten(value);
        }
    }

    private static string Example(string description) => description[description.IndexOf('{')..].Trim();

    private static string Named(string text) => BucketName().Replace(
        text.Replace(SharedShard.Shard.Cluster, Shard.Cluster, StringComparison.Ordinal), Shard.Bucket);

    private static async Task<DateTimeOffset> NowAsync(WorkflowEnvironment environment) =>
        new(await environment.GetCurrentTimeAsync(), TimeSpan.Zero);

    /// <summary>Replaces times, ids and hashes, which differ in each run.</summary>
    private static string Masked(string text) => Volatile().Replace(text, "…").Trim();

    private static void AssertShown(string name, string shown)
    {
        var path = Repository.File("docs/temporal-ui.md");
        var text = File.ReadAllText(path);
        var from = $"<!-- {name} -->\n";
        var start = text.IndexOf(from, StringComparison.Ordinal) + from.Length;
        var end = text.IndexOf($"<!-- end {name} -->", StringComparison.Ordinal);
        Assert.True(start >= from.Length && end >= start);
        if (Masked(shown) == Masked(text[start..end])) return;
        if (Environment.GetEnvironmentVariable("NSTANCE_GC_WRITE_DOCS") is { Length: > 0 })
            File.WriteAllText(path, text[..start] + shown.Trim() + "\n" + text[end..]);
        else
            Assert.Equal(Masked(shown), Masked(text[start..end]));
    }

    [GeneratedRegex(
        @"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?(\.\d+)?(Z|\+00:00)|\d\d-\d\d \d\d:\d\d|\d\d:\d\d:\d\d\.\d+"
        + @"|knc[0-9a-z]{26}|i-[0-9a-f]{17}|\b[0-9a-f]{64}\b|\b[0-9a-f]{12}\b")]
    private static partial Regex Volatile();

    [GeneratedRegex(@"(?<=bucket\W+)bucket")]
    private static partial Regex BucketName();

    [GeneratedRegex("`[^`\n]*(Nstance|WorkflowType)[^`\n]* = [^`\n]*`")]
    private static partial Regex ListQuery();
}
