using Temporalio.Activities;
using Temporalio.Exceptions;
using Temporalio.Workflows;

namespace Nstance.Temporal.Tests.TestServer;

public static class RandomActivities
{
    [Activity]
    public static async Task<int> Work(int value)
    {
        await Task.Yield();
        return value;
    }

    [Activity]
    public static int FailOnce(int value) =>
        ActivityExecutionContext.Current.Info.Attempt > 1
            ? value
            : throw new ApplicationFailureException("first attempt");
}

/// <summary>A workflow with random steps. The seed is part of its input, so it replays.</summary>
[Workflow]
public class RandomWorkflow
{
    /// <param name="Seed">Decides the steps.</param>
    /// <param name="Steps">How many.</param>
    /// <param name="Depth">Generations of children below.</param>
    /// <param name="Runs">How often it continues as new.</param>
    /// <param name="Tick">Unit of its timers, in milliseconds.</param>
    /// <param name="Local">Whether local activities are among the steps.</param>
    public sealed record Plan(int Seed, int Steps, int Depth, int Runs, int Tick, bool Local);

    /// <summary>
    /// A worker that shuts down may lose an activity, as it may a workflow task: then it is tried again after so long.
    /// </summary>
    private static readonly TimeSpan Lost = TimeSpan.FromSeconds(5);

    private static ActivityOptions Once => new() { StartToCloseTimeout = Lost };

    private int _signals;

    [WorkflowRun]
    public async Task<int> RunAsync(Plan plan)
    {
        var dice = new Random(plan.Seed);
        var sum = 0;
        for (var step = 0; step < plan.Steps; step++)
            sum += await StepAsync(dice, plan, step);
        await Workflow.WaitConditionAsync(() => Workflow.AllHandlersFinished);
        if (plan.Runs == 0)
            return sum;
        var next = plan with { Seed = plan.Seed ^ 1_000_003, Runs = plan.Runs - 1 };
        throw Workflow.CreateContinueAsNewException((RandomWorkflow w) => w.RunAsync(next));
    }

    [WorkflowSignal]
    public Task NudgeAsync()
    {
        _signals++;
        return Task.CompletedTask;
    }

    [WorkflowUpdate]
    public async Task<int> PutAsync(int value)
    {
        if (value % 2 == 0)
            return value;
        return await Workflow.ExecuteActivityAsync(() => RandomActivities.Work(value), Once);
    }

    [WorkflowUpdateValidator(nameof(PutAsync))]
    public void ValidatePut(int value)
    {
        if (value < 0)
            throw new ApplicationFailureException("negative");
    }

    [WorkflowQuery]
    public int Signals() => _signals;

    private async Task<int> StepAsync(Random dice, Plan plan, int step)
    {
        switch (dice.Next(10))
        {
            case 0:
                return await Workflow.ExecuteActivityAsync(() => RandomActivities.Work(step), Once);
            case 1:
                return await Workflow.ExecuteActivityAsync(() => RandomActivities.FailOnce(step), new()
                {
                    StartToCloseTimeout = Lost,
                    RetryPolicy = new() { InitialInterval = TimeSpan.FromMilliseconds(plan.Tick) },
                });
            case 2:
                await Workflow.DelayAsync(TimeSpan.FromMilliseconds(plan.Tick * dice.Next(1, 30)));
                return 1;
            case 3:
                var all = Enumerable.Range(0, 4)
                    .Select(i => Workflow.ExecuteActivityAsync(() => RandomActivities.Work(i), Once)).ToList();
                return (await Workflow.WhenAllAsync(all)).Sum();
            case 4 when plan.Local:
                return await Workflow.ExecuteLocalActivityAsync(
                    () => RandomActivities.Work(step), new() { StartToCloseTimeout = TimeSpan.FromMinutes(1) });
            case 5:
                return await RaceAsync(plan, step);
            case 6 when plan.Depth > 0:
                var child = plan with { Seed = dice.Next(), Steps = 3, Depth = plan.Depth - 1, Runs = dice.Next(2) };
                return await Workflow.ExecuteChildWorkflowAsync(
                    (RandomWorkflow w) => w.RunAsync(child), new() { TaskTimeout = Workflow.Info.TaskTimeout });
            case 7:
                var before = _signals;
                await Workflow.WaitConditionAsync(() => _signals > before, TimeSpan.FromMilliseconds(plan.Tick * 5));
                return 1;
            case 8:
                return Workflow.Patched("step-" + step)
                    ? await Workflow.ExecuteActivityAsync(() => RandomActivities.Work(step), Once)
                    : 0;
            default:
                Workflow.UpsertMemo(MemoUpdate.ValueSet("step", step));
                return 1;
        }
    }

    /// <summary>A timer races an activity. The loser is cancelled, sometimes right after it ended.</summary>
    private static async Task<int> RaceAsync(Plan plan, int step)
    {
        using var loser = CancellationTokenSource.CreateLinkedTokenSource(Workflow.CancellationToken);
        var timer = Workflow.DelayAsync(TimeSpan.FromMilliseconds(plan.Tick), loser.Token);
        var activity = Workflow.ExecuteActivityAsync(
            () => RandomActivities.Work(step),
            new() { StartToCloseTimeout = Lost, CancellationToken = loser.Token });
        await Workflow.WhenAnyAsync(timer, activity);
        // CancelAsync would leave the workflow's scheduler.
        loser.Cancel();
        return 1;
    }
}
