using System.Text;
using Temporalio.Api.Enums.V1;
using Temporalio.Client;
using Temporalio.Common;
using Temporalio.Exceptions;
using Temporalio.Worker;

namespace Nstance.Temporal.Tests.TestServer;

/// <summary>
/// Random workflows under random events, with caches far too small. TESTSERVER_STRESS_SEEDS raises the number of seeds
/// (1 without it), TESTSERVER_STRESS_FIRST is the seed to begin with.
/// </summary>
public sealed class StressTests(ServerFixture server) : IClassFixture<ServerFixture>
{
    /// <param name="Seed">Decides everything random.</param>
    /// <param name="Generations">Workers, one after the other.</param>
    /// <param name="Cache">Workflows that a worker keeps.</param>
    /// <param name="Local">Whether local activities are among the steps.</param>
    /// <param name="TaskTimeout">After which the server repeats a task without an answer.</param>
    private sealed record Story(int Seed, int Generations, int Cache, bool Local, TimeSpan TaskTimeout);

    private static readonly int Seeds = Number("TESTSERVER_STRESS_SEEDS", 1);
    private static readonly int First = Number("TESTSERVER_STRESS_FIRST", 1);

    /// <summary>Restarts leave some tasks unanswered (README of the test server). They time out after 2 s.</summary>
    [Fact]
    public async Task RandomWorkflows_TinyCachesAndRestarts_EveryHistoryReplays()
    {
        for (var seed = First; seed < First + Seeds; seed++)
            await CheckAsync(
                new(seed, Generations: 3, Cache: 1 + (seed % 5), Local: false, TaskTimeout: TimeSpan.FromSeconds(2)));
    }

    /// <summary>
    /// The cache holds all workflows. The SDK's core loses tasks, and may stop polling, when it evicts a run with a
    /// local activity in progress.
    /// </summary>
    [Fact]
    public async Task RandomWorkflows_LocalActivitiesAndRestarts_EveryHistoryReplays()
    {
        for (var seed = First; seed < First + Seeds; seed++)
            await CheckAsync(
                new(seed, Generations: 3, Cache: 1_000, Local: true, TaskTimeout: TimeSpan.FromSeconds(2)));
    }

    /// <summary>A task without an answer times out (start-to-close) after a minute.</summary>
    [Fact]
    public async Task RandomWorkflows_CacheOfFive_EveryTaskIsAnsweredInTime()
    {
        for (var seed = First; seed < First + Seeds; seed++)
        {
            var lost = await CheckAsync(
                new(seed, Generations: 1, Cache: 5, Local: false, TaskTimeout: TimeSpan.FromMinutes(1)));
            Assert.True(lost == 0, $"seed {seed}: {lost} workflow tasks were never answered");
        }
    }

    // On a busy machine a worker needs longer for a query than the SDK's ten seconds.
    private static readonly TimeSpan QueryPatience = TimeSpan.FromMinutes(1);

    // In real time a lost task costs its timeout, and a sticky queue's ten seconds. Both are multiples of three, the
    // number of generations: each waits for a third of them.
    private int Workflows => server.Skips ? 36 : 24;

    private TimeSpan Patience => TimeSpan.FromMinutes(server.Skips ? 3 : 5);

    private static int Number(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), out var number) ? number : otherwise;

    private async Task<int> CheckAsync(Story story)
    {
        try
        {
            return await RunAsync(story).WaitAsync(Patience);
        }
        catch (TimeoutException e)
        {
            throw new InvalidOperationException(
                $"TESTSERVER_STRESS_FIRST={story.Seed} hangs; still open: {await OpenAsync(story.Seed)}", e);
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"TESTSERVER_STRESS_FIRST={story.Seed} fails: {e.Message}", e);
        }
    }

    /// <summary>The open runs of a seed with the end of their histories, and who polls for them.</summary>
    private async Task<string> OpenAsync(int seed)
    {
        var text = new StringBuilder();
        var queue = "";
        await foreach (var run in server.Client.ListWorkflowsAsync(
            $"TaskQueue STARTS_WITH 'random-{seed}-' AND ExecutionStatus = 'Running'"))
        {
            queue = run.TaskQueue!;
            var events = (await server.Client.GetWorkflowHandle(run.Id, run.RunId).FetchHistoryAsync()).Events;
            text.AppendLine().Append(run.Id).Append(": ").AppendJoin(", ", events.TakeLast(6).Select(e => e.EventType));
        }
        foreach (var type in (TaskQueueType[])[TaskQueueType.Workflow, TaskQueueType.Activity])
        {
            var polled = await server.Client.Connection.WorkflowService.DescribeTaskQueueAsync(
                new()
                {
                    Namespace = "default",
                    TaskQueue = new() { Name = queue },
                    TaskQueueType = type,
                    ReportStats = true,
                });
            var ages = polled.Pollers.Select(poller => DateTime.UtcNow - poller.LastAccessTime.ToDateTime());
            text.AppendLine().Append($"{type}: {polled.Stats?.ApproximateBacklogCount} wait, polled ")
                .AppendJoin(", ", ages.Select(age => $"{age.TotalSeconds:0} s ago"));
        }
        return text.ToString();
    }

    /// <summary>Returns how many workflow tasks timed out after a worker took them.</summary>
    private async Task<int> RunAsync(Story story)
    {
        var dice = new Random(story.Seed);
        var prefix = $"random-{story.Seed}-{Guid.NewGuid()}";
        var handles = new List<WorkflowHandle<RandomWorkflow, int>>();
        for (var i = 0; i < Workflows; i++)
        {
            var plan = new RandomWorkflow.Plan(
                dice.Next(), dice.Next(2, 12), 1, dice.Next(3), server.Skips ? 1_000 : 5, story.Local);
            handles.Add(await server.Client.StartWorkflowAsync(
                (RandomWorkflow w) => w.RunAsync(plan),
                new($"{prefix}-{i}", prefix) { TaskTimeout = story.TaskTimeout }));
        }
        using var ended = new SemaphoreSlim(0);
        var results = Task.WhenAll(handles.Select(each => EndAsync(each, ended)));
        for (var generation = 0; generation < story.Generations; generation++)
        {
            using var worker = new TemporalWorker(server.Client, new TemporalWorkerOptions(prefix)
            {
                MaxCachedWorkflows = story.Cache,

                // Tasks beyond the cache wait in the SDK and may time out (README, "Known faults of the SDK").
                MaxConcurrentWorkflowTasks = Math.Clamp(story.Cache, 2, 100),
            }.AddAllActivities(typeof(RandomActivities), null).AddWorkflow<RandomWorkflow>());
            await worker.ExecuteAsync(async () =>
            {
                for (var i = 0; i < Workflows / story.Generations; i++)
                    await DisturbAsync(handles[dice.Next(Workflows)], dice.Next(8));
                for (var i = 0; i < Workflows / story.Generations; i++)
                    await ended.WaitAsync();
            });
        }
        await results;
        return await ReplayAsync(prefix);
    }

    private async Task EndAsync(WorkflowHandle<RandomWorkflow, int> handle, SemaphoreSlim ended)
    {
        try
        {
            await handle.GetResultAsync();
        }
        catch (WorkflowFailedException e)
            when (e.InnerException is CanceledFailureException or TerminatedFailureException)
        {
            // Some are cancelled or terminated on purpose.
        }
        finally
        {
            ended.Release();
        }
    }

    private static async Task DisturbAsync(WorkflowHandle<RandomWorkflow, int> handle, int how)
    {
        try
        {
            var current = handle with { RunId = null, FirstExecutionRunId = null };
            if (how < 3)
                await current.SignalAsync(w => w.NudgeAsync());
            else if (how < 5)
                await current.ExecuteUpdateAsync(w => w.PutAsync(how));
            else if (how == 5)
                await current.ExecuteUpdateAsync(w => w.PutAsync(-1));
            else if (how == 6)
                await current.QueryAsync(w => w.Signals(), new() { Rpc = new() { Timeout = QueryPatience } });
            else
                await current.CancelAsync();
        }
        catch (WorkflowUpdateFailedException)
        {
            // Rejected by its validator, or its run was cancelled meanwhile.
        }
        catch (RpcException e) when (e.Code == RpcException.StatusCode.NotFound)
        {
            // The run ended before.
        }
    }

    private async Task<int> ReplayAsync(string prefix)
    {
        var replayer = new WorkflowReplayer(new WorkflowReplayerOptions().AddWorkflow<RandomWorkflow>());
        var lost = 0;
        var runs = 0;
        var histories = new List<WorkflowHistory>();
        await foreach (var history in server.Client.ListWorkflowHistoriesAsync($"TaskQueue = '{prefix}'"))
        {
            histories.Add(history);
            runs++;
            lost += history.Events.Count(e =>
                e.WorkflowTaskTimedOutEventAttributes?.TimeoutType == Temporalio.Api.Enums.V1.TimeoutType.StartToClose);
        }
        if (server.Skips)
            Assert.True(runs >= Workflows, $"only {runs} runs are listed");
        foreach (var result in await replayer.ReplayWorkflowsAsync(histories))
        {
            if (result.ReplayFailure is { } failure)
                throw new InvalidOperationException($"{result.History.Id} does not replay: {failure.Message}", failure);
        }
        return lost;
    }
}
