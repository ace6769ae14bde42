using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Worker.Hosting;
using Nstance.Temporal.Worker.Options;
using Nstance.Temporal.Worker.Output;
using Temporalio.Api.Enums.V1;

namespace Nstance.Temporal.Worker.Checks;

/// <summary>
/// Whether a worker polls, the schedule keeps the shard's collector alive, and that collector answers. Changes nothing.
/// </summary>
internal static class CollectorChecks
{
    public const string Workers = "workers";
    public const string Schedule = "schedule";
    public const string Running = "collector";

    public static async Task RunAsync(
        TemporalClient client, GcOptions options, List<Check> checks, CancellationToken cancellationToken)
    {
        var rpc = new RpcOptions { Timeout = TimeSpan.FromSeconds(10), CancellationToken = cancellationToken };
        checks.Add(await AskAsync(Workers, () => WorkersAsync(client, rpc)));
        if (options is not { Cluster: { } cluster, Shard: { } shard })
        {
            checks.Add(Check.Skipped(Schedule, "no shard given: --cluster and --shard"));
            return;
        }

        var collector = new Collector(client, cluster, shard, cancellationToken);
        checks.Add(await AskAsync(
            Schedule,
            async () => Judge(await ScheduleView.ReadAsync(collector.Schedule, rpc)),
            $"none for {cluster}/{shard}"));
        checks.Add(await AskAsync(Running, async () => Judge(await collector.StatusAsync(), options.ShardRef)));
    }

    private static async Task<Check> AskAsync(string name, Func<Task<Check>> ask, string? notFound = null)
    {
        try
        {
            return await ask();
        }
        catch (RpcException e) when (e.Code == RpcException.StatusCode.NotFound && notFound is not null)
        {
            return Check.Warning(name, $"{notFound}: nstance-gc init makes one");
        }
        catch (Exception e) when (e is TemporalException or CommandException)
        {
            return Check.Warning(name, Failure.Of(e).Lines[0]);
        }
    }

    private static async Task<Check> WorkersAsync(TemporalClient client, RpcOptions rpc)
    {
        var answer = await client.WorkflowService.DescribeTaskQueueAsync(
            new()
            {
                Namespace = client.Options.Namespace,
                TaskQueue = new() { Name = Names.TaskQueue },
                TaskQueueType = TaskQueueType.Workflow,
            },
            rpc);
        return answer.Pollers.Count > 0
            ? Check.Ok(Workers, $"{answer.Pollers.Count} poll {Names.TaskQueue}")
            : Check.Warning(Workers, $"none polls {Names.TaskQueue}: start one with nstance-gc run");
    }

    private static Check Judge(ScheduleView view) => view.Paused
        ? Check.Warning(Schedule, $"{view.ScheduleId} is paused ({view.Note}): nstance-gc schedule resume")
        : Check.Ok(Schedule, $"{view.ScheduleId} keeps the collector alive");

    private static Check Judge(GcStatus status, ShardRef? asked)
    {
        if (asked is not null && ShardKeys.Place(asked) != ShardKeys.Place(status.Shard))
        {
            return Check.Warning(
                Running,
                $"it reads {ShardKeys.Place(status.Shard)}, not {ShardKeys.Place(asked)}: "
                + "correct --bucket and --prefix, or make its schedule anew");
        }

        var last = status.LastReport is { } report
            ? $"cycle {report.Cycle} {report.Outcome.ToString().ToLowerInvariant()}"
            : "no cycle has ended yet";
        if (status is { Host: { } host, Leader: { } leader })
            last += $" on {host}, nstance's leader {leader.Id} since {Word.Time(leader.Since)}";
        return status switch
        {
            { Timings: { } timings } when OwnTimings.Warnings(timings) is { Count: > 0 } warnings =>
                Check.Warning(Running, string.Join("; ", warnings)),
            { Pause: { } pause } => Check.Warning(Running, $"paused ({pause.Reason}): nstance-gc resume"),
            { LastReport: { Outcome: CycleOutcome.Failed or CycleOutcome.Partial, Problems: var problems } } =>
                Check.Warning(Running, $"{last}: {(problems.Count > 0 ? problems[0] : "see nstance-gc reports")}"),
            { Pending: { } plan } =>
                Check.Warning(Running, $"plan {plan.Id} waits for a decision: nstance-gc plan show"),
            { DryRun: true } => Check.Ok(Running, $"{last}; dry-run: nothing ends until nstance-gc enforce"),
            _ => Check.Ok(Running, last),
        };
    }
}
