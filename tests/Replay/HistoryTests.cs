using Nstance.Temporal.Tests.Flows;
using Nstance.Temporal.Tests.Support;
using Nstance.Temporal.Workflows;
using Nstance.Temporal.Workflows.Payloads;
using Temporalio.Common;
using Temporalio.Worker;

namespace Nstance.Temporal.Tests.Replay;

/// <summary>
/// Running collectors must go on with later code: each release keeps a folder of histories. To record a release, set
/// NSTANCE_GC_RECORD_HISTORIES to the absolute path of tests/Replay/Histories/{version} and run this class. The
/// <c>-temporal-</c> folders were recorded in real time from Temporal's own server of that version.
/// </summary>
public sealed class HistoryTests(TemporalServerFixture server) : IClassFixture<TemporalServerFixture>
{
    private const string FolderVariable = "NSTANCE_GC_RECORD_HISTORIES";

    private static string Committed => Path.Combine(AppContext.BaseDirectory, "Replay", "Histories");

    public static TheoryData<string> Names => [.. Scenarios.All.Keys];

    [Fact]
    public async Task Replay_EveryCommittedHistory_IsDeterministic()
    {
        var files = Directory.GetFiles(Committed, "*.json", SearchOption.AllDirectories);
        Assert.All(files, f => Assert.Equal(Committed, Path.GetDirectoryName(Path.GetDirectoryName(f))));
        Assert.Superset(Scenarios.All.Keys.ToHashSet(), files.Select(f => NameOf(f)).ToHashSet());
        foreach (var file in files)
        {
            var json = await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken);
            var history = WorkflowHistory.FromJson(NameOf(file), json);
            Assert.Contains(history.Events, e => e.WorkflowTaskCompletedEventAttributes is not null);
            await Replayer().ReplayWorkflowAsync(history);
        }
    }

    [Fact]
    public async Task Replay_HistoryOfAnotherOrder_IsRefused()
    {
        var file = Path.Combine(Committed, "0.1.0", "quiet-cycles.json");
        var json = await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken);
        var changed = json.Replace("\"SyncProvider\"", "\"PurgeRecords\"", StringComparison.Ordinal);
        Assert.NotEqual(json, changed);
        var history = WorkflowHistory.FromJson("changed", changed);
        var result = await Replayer().ReplayWorkflowAsync(history, throwOnReplayFailure: false);
        Assert.NotNull(result.ReplayFailure);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Replay_ScenarioRunNow_IsDeterministic(string name)
    {
        server.RequireTimeSkipping();
        await using var stage = await Stage.SetAsync(server.Environment);
        var handle = await Scenarios.All[name](stage);
        var history = await handle.FetchHistoryAsync();
        await Replayer().ReplayWorkflowAsync(history);
        if (Environment.GetEnvironmentVariable(FolderVariable) is not { Length: > 0 } folder) return;
        Directory.CreateDirectory(folder);
        await File.WriteAllTextAsync(
            Path.Combine(folder, $"{name}.json"), history.ToJson(), TestContext.Current.CancellationToken);
    }

    private static string NameOf(string file) => Path.GetFileNameWithoutExtension(file);

    private static WorkflowReplayer Replayer() => new(
        new WorkflowReplayerOptions { DataConverter = PayloadJson.Converter }
        .AddWorkflow<GcWorkflow>().AddWorkflow<KeepAliveWorkflow>().AddWorkflow<ReconcilerWorkflow>());
}
