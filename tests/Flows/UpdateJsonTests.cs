using System.Text;
using Google.Protobuf;
using Nstance.Temporal.Tests.Support;
using Nstance.Temporal.Workflows;
using Nstance.Temporal.Workflows.Payloads;
using Temporalio.Api.Common.V1;
using Temporalio.Client;
using Temporalio.Converters;
using Temporalio.Exceptions;

namespace Nstance.Temporal.Tests.Flows;

/// <summary>What a person types into the Web UI, sent as the bytes that the Web UI sends.</summary>
public sealed class UpdateJsonTests(TemporalServerFixture server) : IClassFixture<TemporalServerFixture>
{
    private static readonly GcSettings Hourly = new() { Interval = TimeSpan.FromHours(1), DryRun = false };

    [Theory]
    [InlineData("SetMode", """{"By":"ann","dryrun2":true}""", "SetMode has no member dryrun2; it takes dryRun, by, c")]
    [InlineData("SetMode", """{"by":"ann"}""", "SetMode needs dryRun: true or false")]
    [InlineData("SetMode", """{"by":"ann","dryRun":"yes"}""", "SetMode has a wrong dryRun; allowed is true or false")]
    [InlineData("SetMode", """{"by":"ann","dryRun":true,"DryRun":false}""", "SetMode has member DryRun twice")]
    [InlineData("SetMode", "true", "SetMode takes an object with dryRun, by, comment")]
    [InlineData("SetMode", "{dryRun", "SetMode cannot read its argument: ")]
    [InlineData("SetMode", "null", "SetMode needs an argument; its description shows one.")]
    [InlineData("RunCycle", "{}", "RunCycle needs dryRun: true or false")]
    [InlineData("RunCycle", """{"dry":true}""", "RunCycle has no member dry; it takes dryRun")]
    [InlineData("Resume", """{"grp":"acme/web"}""", "Resume has no member grp; it takes group, sweep, by")]
    [InlineData("Pause", """{"reason":"x","sweep":"danglin"}""", "Pause has a wrong sweep; allowed is unhealthy, ")]
    [InlineData("Pause", """{"reason":"x","sweep":1}""", "Pause has a wrong sweep; allowed is unhealthy, dangl")]
    [InlineData("Pause", """{"reason":"x","until":"noon"}""", "Pause has a wrong until; allowed is a time such as ")]
    [InlineData("Approve", """{"id":"x"}""", "Approve has no member id; it takes plan, by, comment")]
    [InlineData("Reject", """{"plan":7}""", "Reject has a wrong plan; allowed is text")]
    [InlineData("Configure", """{"limits":{"groupFlor":1}}""", "Configure has no member limits.groupFlor; limits t")]
    [InlineData("Configure", """{"interval":5}""", "Configure has a wrong interval; allowed is a duration such as ")]
    [InlineData("Configure", """{"quietHours":[{"form":"1"}]}""", "Configure has no member quietHours.form; quiet")]
    public async Task Update_WithAFault_IsRefusedByNameAndNothingIsWritten(string update, string json, string refusal)
    {
        await using var stage = await Stage.SetAsync(server.Environment);
        var collector = await stage.StartAsync(Hourly);
        await collector.ExecuteUpdateAsync(w => w.RunCycleAsync(new(true)));

        var failure = await Assert.ThrowsAsync<WorkflowUpdateFailedException>(() => SendAsync(collector, update, json));

        var cause = Assert.IsType<ApplicationFailureException>(failure.InnerException);
        Assert.StartsWith(refusal, cause.Message, StringComparison.Ordinal);
        Assert.Equal(ErrorTypes.Refused, cause.ErrorType);
        // The collector goes on, in its mode.
        Assert.False((await collector.QueryAsync(w => w.Status())).DryRun);
        var history = await collector.FetchHistoryAsync();
        Assert.Single(history.Events, e => e.WorkflowExecutionUpdateAcceptedEventAttributes is not null);
    }

    [Theory]
    [InlineData("""{"By":"ann","DRYRUN":true}""", true)]
    [InlineData("""{"by":"ann","dryRun":true}""", true)]
    [InlineData("""{"DryRun":false,"By":"ann"}""", false)]
    public async Task SetMode_TypedInAnyCase_SetsWhatItSays(string json, bool dryRun)
    {
        await using var stage = await Stage.SetAsync(server.Environment);
        var collector = await stage.StartAsync(Hourly with { DryRun = !dryRun });
        var answer = await SendAsync(collector, "SetMode", json);
        Assert.Contains($"\"dryRun\":{(dryRun ? "true" : "false")}", answer, StringComparison.Ordinal);
        Assert.Equal(dryRun, (await collector.QueryAsync(w => w.Status())).DryRun);
    }

    [Fact]
    public async Task Resume_OfAGroupInCamelCase_LeavesThePauseOfTheShard()
    {
        await using var stage = await Stage.SetAsync(server.Environment);
        var collector = await stage.StartAsync(Hourly);
        await SendAsync(collector, "Pause", """{"reason":"x"}""");
        await Assert.ThrowsAsync<WorkflowUpdateFailedException>(
            () => SendAsync(collector, "Resume", """{"group":"acme/web"}"""));
        Assert.Equal(CollectorActivity.Paused, (await collector.QueryAsync(w => w.Status())).State);
    }

    [Fact]
    public async Task Queries_OfACollector_ShowCamelCaseAndWords()
    {
        await using var stage = await Stage.SetAsync(server.Environment);
        var collector = await stage.StartAsync(Hourly);
        await collector.ExecuteUpdateAsync(w => w.RunCycleAsync(new(false)));

        var status = Text(await collector.QueryAsync<IRawValue>("Status", []));
        Assert.Contains("\"state\":\"waiting\"", status, StringComparison.Ordinal);
        var reports = Text(await collector.QueryAsync<IRawValue>("Reports", []));
        Assert.Contains("\"outcome\":\"completed\"", reports, StringComparison.Ordinal);

        // Inputs and results of activities are shown in the history as they are sent.
        var history = (await collector.FetchHistoryAsync()).Events;
        var input = history.First(e => e.ActivityTaskScheduledEventAttributes?.ActivityType.Name == "Collect")
            .ActivityTaskScheduledEventAttributes.Input.Payloads_[0].Data.ToStringUtf8();
        Assert.Contains("\"asOf\":", input, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Enqueue_OfBytesThatAreNoJson_StopsNoReconciler()
    {
        await using var stage = await Stage.SetAsync(server.Environment);
        await stage.Client.StartWorkflowAsync(
            (ReconcilerWorkflow w) => w.RunAsync(new(stage.Shard)), new(stage.Reconciler.Id, Names.TaskQueue));
        await stage.Reconciler.SignalAsync("Enqueue", [Raw("{\"key\":")]);
        await stage.Reconciler.SignalAsync("Enqueue", [Raw("""{"key":"k","events":[{"type":"groupChanged"}]}""")]);
        Assert.Equal(1, (await stage.Reconciler.QueryAsync(w => w.Status())).Totals.Received);
    }

    [Fact]
    public void Form_OfEveryReason_IsAWord()
    {
        var payload = PayloadJson.Converter.PayloadConverter.ToPayload(Enum.GetValues<CollectReason>());
        Assert.Equal(
            """["unhealthy","dangling","orphan","deletedButRunning","stalePreInsert","machineLost"]""",
            payload.Data.ToStringUtf8());
    }

    private static async Task<string> SendAsync(WorkflowHandle collector, string update, string json) =>
        Text(await collector.ExecuteUpdateAsync<IRawValue>(update, [Raw(json)]));

    private static string Text(IRawValue value) => value.Payload.Data.ToStringUtf8();

    private static RawValue Raw(string json) => new(new Payload
    {
        Metadata = { ["encoding"] = ByteString.CopyFromUtf8("json/plain") },
        Data = ByteString.CopyFrom(json, Encoding.UTF8),
    });
}
