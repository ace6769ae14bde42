using Nstance.Temporal.Worker.Commands;
using Nstance.Temporal.Worker.Options;
using Nstance.Temporal.Worker.Output;
using Temporalio.Api.Enums.V1;
using Temporalio.Client;
using Temporalio.Exceptions;

namespace Nstance.Temporal.Worker.Checks;

/// <summary>Does a worker poll, does the schedule keep the shard's collector alive, and does that collector answer? Looks only.</summary>
internal static class CollectorChecks
{
    public const string Workers = "workers";
    public const string Schedule = "schedule";
    public const string Running = "collector";

    public static async Task RunAsync(TemporalClient client, GcOptions options, List<Check> checks, CancellationToken cancellationToken)
    {
        var rpc = new RpcOptions { Timeout = TimeSpan.FromSeconds(10), CancellationToken = cancellationToken };
        checks.Add(await AskAsync(Workers, () => WorkersAsync(client, rpc)));
        if (options.Cluster is null || options.Shard is null)
        {
            checks.Add(Check.Skipped(Schedule, "no shard given: --cluster and --shard"));
            return;
        }

        checks.Add(await AskAsync(Schedule, () => ScheduleAsync(client, options, rpc)));
        checks.Add(await AskAsync(Running, () => CollectorAsync(client, options, cancellationToken)));
    }

    private static async Task<Check> AskAsync(string name, Func<Task<Check>> ask)
    {
        try
        {
            return await ask();
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

    private static async Task<Check> ScheduleAsync(TemporalClient client, GcOptions options, RpcOptions rpc)
    {
        try
        {
            var view = await ScheduleView.ReadAsync(client.GetScheduleHandle(Names.ScheduleId(options.Cluster!, options.Shard!)), rpc);
            return view.Paused
                ? Check.Warning(Schedule, $"{view.ScheduleId} is paused ({view.Note}): nstance-gc schedule resume")
                : Check.Ok(Schedule, $"{view.ScheduleId} keeps the collector alive");
        }
        catch (RpcException e) when (e.Code == RpcException.StatusCode.NotFound)
        {
            return Check.Warning(Schedule, $"none for {options.Cluster}/{options.Shard}: nstance-gc init makes one");
        }
    }

    private static async Task<Check> CollectorAsync(TemporalClient client, GcOptions options, CancellationToken cancellationToken)
    {
        var status = await new Collector(client, options, cancellationToken).StatusAsync();
        var last = status.LastReport is { } report ? $"cycle {report.Cycle} {report.Outcome.ToString().ToLowerInvariant()}" : "no cycle has ended yet";
        return status switch
        {
            { Pause: { } pause } => Check.Warning(Running, $"paused ({pause.Reason}): nstance-gc resume"),
            { LastReport.Outcome: CycleOutcome.Failed or CycleOutcome.Partial } => Check.Warning(
                Running, $"{last}: {(status.LastReport.Problems is [var problem, ..] ? problem : "see nstance-gc reports")}"),
            { Pending: { } plan } => Check.Warning(Running, $"plan {plan.Id} waits for a decision: nstance-gc plan show"),
            { DryRun: true } => Check.Ok(Running, $"{last}; dry-run: nothing ends until nstance-gc enforce"),
            _ => Check.Ok(Running, last),
        };
    }
}
