using Nstance.Temporal.Tests.Flows;
using Nstance.Temporal.Tests.Support;
using Nstance.Temporal.Workflows;
using Temporalio.Common;
using Temporalio.Worker;

namespace Nstance.Temporal.Tests.Replay;

/// <summary>
/// Collectors that run today must go on with tomorrow's code: one folder of histories for each release, kept for ever. A new
/// release adds its own: NSTANCE_GC_RECORD_HISTORIES=…/tests/Replay/Histories/{version} (absolute), and run this class. Those of
/// <c>-temporal-</c> folders were recorded, in real time, from Temporal's own server of that version.
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
        Assert.Superset(Scenarios.All.Keys.ToHashSet(), files.Select(f => Path.GetFileNameWithoutExtension(f)).ToHashSet());
        foreach (var file in files)
        {
            var history = WorkflowHistory.FromJson(
                Path.GetFileNameWithoutExtension(file), await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken));
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
        var result = await Replayer().ReplayWorkflowAsync(WorkflowHistory.FromJson("changed", changed), throwOnReplayFailure: false);
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

    private static WorkflowReplayer Replayer() => new(new WorkflowReplayerOptions()
        .AddWorkflow<GcWorkflow>().AddWorkflow<KeepAliveWorkflow>().AddWorkflow<ReconcilerWorkflow>());
}
