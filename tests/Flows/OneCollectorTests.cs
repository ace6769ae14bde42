using Nstance.Temporal.Activities.KeepAlive;
using Nstance.Temporal.Tests.Support;
using Nstance.Temporal.Workflows;
using Temporalio.Api.Enums.V1;
using Temporalio.Client;
using Temporalio.Exceptions;

namespace Nstance.Temporal.Tests.Flows;

/// <summary>
/// I6: never two collectors for a shard. Schedules, keep-alives, people and scripts start, stop and renew the real
/// workflows against each other, and take their hosts away.
/// </summary>
public sealed class OneCollectorTests(TemporalServerFixture server) : IClassFixture<TemporalServerFixture>
{

    // A task that a leaving host took with it is missed in real time, also by a server that skips time.
    private static readonly GcSettings Short = new()
    {
        DryRun = false,
        HostTimeout = TimeSpan.FromSeconds(5),
        RequestTimeout = TimeSpan.FromSeconds(2),
    };

    private static readonly GcSettings Renewing = Short with { CyclesPerRun = 1 };

    [Theory(Timeout = 300_000)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Collect_StartedEndedAndRenewedFromManySides_OneRunAtATime(int seed) =>
        Assert.InRange(await PlayAsync(seed, steps: 6, TestContext.Current.CancellationToken), 2, 1000);

    /// <summary>Run when asked for: <c>--explicit only --filter-class "*OneCollectorTests"</c>.</summary>
    [Fact(Explicit = true)]
    public async Task Collect_FortySeeds_OneRunAtATime()
    {
        var runs = 0;
        for (var seed = 1; seed <= 40; seed++)
            runs += await PlayAsync(seed, steps: 12, TestContext.Current.CancellationToken);
        Assert.InRange(runs, 200, 10_000);
    }

    /// <summary>Proves that the witness finds a second collector, under an id that is not the shard's lock.</summary>
    [Fact]
    public async Task Collect_StartedASecondTimeUnderAnotherId_IsFound()
    {
        server.RequireTimeSkipping();
        await using var stage = await Stage.SetAsync(server.Environment);
        var witness = new CollectorWitness(new Random(1));
        stage.Gc.During = witness.PhaseAsync;
        await stage.StartAsync();
        var options = CollectorStart.Options(stage.Shard);
        options.Id += "-second";
        await stage.Client.StartWorkflowAsync((GcWorkflow w) => w.RunAsync(stage.Input(Short)), options);
        await stage.PassAsync(TimeSpan.FromMinutes(30));
        Assert.NotEmpty(witness.Faults);
    }

    private static string ScheduleId(Stage stage) => Names.ScheduleId(stage.Shard.Cluster, stage.Shard.Shard);

    /// <returns>Runs that collected.</returns>
    private async Task<int> PlayAsync(int seed, int steps, CancellationToken ct)
    {
        server.RequireTimeSkipping();
        await using var stage = await Stage.SetAsync(server.Environment);
        var (random, witness) = (new Random(seed), new CollectorWitness(new Random(seed)));
        stage.Gc.During = witness.PhaseAsync;
        var schedule = await stage.Client.CreateScheduleAsync(
            ScheduleId(stage), GcSchedule.Create(stage.Input(Short)), new() { TriggerImmediately = true });
        try
        {
            await PlayAsync(stage, witness, random, seed, steps, ct);
            return witness.Runs;
        }
        finally
        {
            await schedule.DeleteAsync();
        }
    }

    private static async Task PlayAsync(
        Stage stage, CollectorWitness witness, Random random, int seed, int steps, CancellationToken ct)
    {
        var story = new List<string>();
        for (var step = 0; step < steps; step++)
        {
            ct.ThrowIfCancellationRequested();
            var rivals = Enumerable.Range(0, random.Next(1, 5))
                .Select(n => Rival(random.Next(100), $"{step}-{n}")).ToArray();
            story.Add(string.Join(" + ", rivals.Select(r => r.Name)));
            await Task.WhenAll(rivals.Select(async r =>
            {
                try
                {
                    await r.Act(stage, witness);
                }
                catch (Exception e) when (e is TemporalException)
                {
                    // Too late, too early, refused: a rival came first.
                }
            }));
            if (random.Next(4) == 0) await MoveAsync(stage);
            await PassAsync(stage, TimeSpan.FromSeconds(random.Next(1, 1200)));
            await LookAsync(stage, witness, $"step {step}");
        }

        await PassAsync(stage, GcSchedule.Every * 2);
        await LookAsync(stage, witness, "end");
        var faults = string.Join("; ", witness.Faults.Take(5));
        Assert.True(witness.Faults.Count == 0, $"seed {seed}: {faults}\n{string.Join('\n', story)}");
        Assert.Equal(WorkflowExecutionStatus.Running, (await stage.Collector.DescribeAsync()).Status);
    }

    private static (string Name, Func<Stage, CollectorWitness, Task> Act) Rival(int dice, string name) => dice switch
    {
        < 15 => ("script", (stage, _) => CollectorStart.EnsureRunsAsync(stage.Client, stage.Input(Short))),
        < 35 => ("keep-alive", (stage, _) => stage.Client.ExecuteWorkflowAsync(
            (KeepAliveWorkflow w) => w.RunAsync(stage.Input(Short)),
            new($"keep-alive-{stage.Shard.Shard}-{name}", Names.TaskQueue))),
        < 45 => ("trigger", (stage, _) => stage.Client.GetScheduleHandle(ScheduleId(stage)).TriggerAsync()),
        < 55 => ("start", (stage, _) => stage.Client.StartWorkflowAsync(
            (GcWorkflow w) => w.RunAsync(stage.Input(Short)),
            new(stage.Collector.Id, Names.TaskQueue) { IdReusePolicy = WorkflowIdReusePolicy.AllowDuplicate })),
        < 67 => ("terminate", TerminateAsync),
        < 73 => ("cancel", (stage, _) => stage.Collector.CancelAsync()),
        < 83 => ("renew", (stage, _) => stage.Collector.ExecuteUpdateAsync(w => w.ConfigureAsync(Renewing))),
        < 87 => ("pause", (stage, _) => stage.Collector.ExecuteUpdateAsync(w => w.PauseAsync(new("rival")))),
        < 92 => ("resume", (stage, _) => stage.Collector.ExecuteUpdateAsync(w => w.ResumeAsync(new()))),
        _ => ("cycle", (stage, _) => stage.Collector.StartUpdateAsync(
            w => w.RunCycleAsync(new(false)), new(WorkflowUpdateStage.Accepted))),
    };

    private static async Task TerminateAsync(Stage stage, CollectorWitness witness)
    {
        // Exactly this run, so that the witness knows whose last phase may outlive it.
        var run = (await stage.Collector.DescribeAsync()).RunId;
        witness.Terminates(run);
        await stage.Client.GetWorkflowHandle(stage.Collector.Id, run).TerminateAsync("rival");
    }

    /// <summary>The host of the shard leaves, and another takes over.</summary>
    private static async Task MoveAsync(Stage stage)
    {
        var (from, to) = stage.Gc.Host == stage.First ? (stage.First, stage.Second) : (stage.Second, stage.First);
        stage.Gc.Host = to;
        stage.Arrive(to);
        await stage.LeaveAsync(from);
    }

    /// <summary>In pieces: one call for the whole time may outlast a call's deadline on a busy machine.</summary>
    private static async Task PassAsync(Stage stage, TimeSpan time)
    {
        var piece = TimeSpan.FromMinutes(2);
        for (; time > piece; time -= piece) await stage.PassAsync(piece);
        await stage.PassAsync(time);
    }

    private static async Task LookAsync(Stage stage, CollectorWitness witness, string when)
    {
        var runs = new List<WorkflowExecution>();
        var query = $"WorkflowId = '{stage.Collector.Id}'";
        await foreach (var run in stage.Client.ListWorkflowsAsync(query)) runs.Add(run);
        if (runs.Count(r => r.Status == WorkflowExecutionStatus.Running) > 1)
            witness.Fault($"{when}: two runs are open");
        var ordered = runs.OrderBy(r => r.StartTime).ThenBy(r => r.CloseTime ?? DateTime.MaxValue).ToArray();
        // A renewal closes one run and opens the next in one step of the server, which reads its clock for each.
        foreach (var (first, second) in ordered.Zip(ordered.Skip(1)))
        {
            if (first.Status == WorkflowExecutionStatus.ContinuedAsNew || first.CloseTime <= second.StartTime) continue;
            witness.Fault(
                $"{when}: {second.RunId} was open from {second.StartTime:O}, {first.RunId} until {first.CloseTime:O}");
        }
    }
}
