using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Worker.Hosting;
using Nstance.Temporal.Worker.Options;
using Nstance.Temporal.Worker.Output;

namespace Nstance.Temporal.Worker.Checks;

/// <summary>Whether a worker polls, and the schedule and the collector of the shard work. Changes nothing.</summary>
internal static class CollectorChecks
{
    public const string Workers = "workers";
    public const string Schedule = "schedule";
    public const string Running = "collector";

    public static async Task RunAsync(
        TemporalClient client, GcOptions options, List<Check> checks, CancellationToken cancellationToken)
    {
        var rpc = new RpcOptions { Timeout = TimeSpan.FromSeconds(10), CancellationToken = cancellationToken };
        checks.AddRange(await AskAsync(Workers, async () => [Judge(await Pollers.AskAsync(client, rpc))]));
        if (options is not { Cluster: { } cluster, Shard: { } shard })
        {
            checks.Add(Check.Skipped(Schedule, "no shard given: --cluster and --shard"));
            return;
        }

        var collector = new Collector(client, cluster, shard, cancellationToken);
        checks.AddRange(await AskAsync(
            Schedule,
            async () => await FoundCollector.OrNullAsync(() => ScheduleView.ReadAsync(collector.Schedule, rpc))
                is { } view
                ? [Judge(view)]
                : [Check.Warning(Schedule, $"none for {cluster}/{shard}: nstance-gc init makes one")]));
        checks.AddRange(await AskAsync(Running, async () => await collector.FindAsync() is not null
            ? Judge(await collector.StatusAsync(), options.ShardRef)
            : [Check.Warning(Running, $"none runs for {cluster}/{shard}: nstance-gc init starts one")]));
    }

    private static async Task<IReadOnlyList<Check>> AskAsync(string name, Func<Task<IReadOnlyList<Check>>> ask)
    {
        try
        {
            return await ask();
        }
        catch (CommandException e) when (e.Code == ExitCode.NotFound)
        {
            return [Check.Failed(name, Failure.Of(e))];
        }
        catch (Exception e) when (e is TemporalException or CommandException)
        {
            return [Check.Warning(name, Failure.Of(e).Lines[0])];
        }
    }

    private static Check Judge(Pollers pollers) => pollers.Live > 0
        ? Check.Ok(Workers, $"{pollers.Live} poll {Names.TaskQueue}")
        : Check.Warning(Workers, pollers.Why);

    private static Check Judge(ScheduleView view) => view.Paused
        ? Check.Warning(Schedule, $"{view.ScheduleId} is paused ({view.Note}): nstance-gc schedule resume")
        : Check.Ok(Schedule, $"{view.ScheduleId} keeps the collector alive");

    /// <summary>The state, and a line for each problem of the last cycle.</summary>
    private static IReadOnlyList<Check> Judge(GcStatus status, ShardRef? asked)
    {
        if (asked is not null && ShardKeys.Place(asked) != ShardKeys.Place(status.Shard))
        {
            var places = $"it reads {ShardKeys.Place(status.Shard)}, not {ShardKeys.Place(asked)}";
            return [Check.Warning(Running, $"{places}: correct --bucket and --prefix, or make its schedule anew")];
        }

        var report = status.LastReport;
        var last = report is null
            ? "no cycle has ended yet"
            : $"cycle {report.Cycle} {report.Outcome.ToString().ToLowerInvariant()}";
        if (status is { Host: { } host, Leader: { } leader })
            last += $" on {host}, nstance's leader {leader.Id} since {Word.Time(leader.Since)}";
        var state = status switch
        {
            { Timings: { } timings } when OwnTimings.Warnings(timings) is { Count: > 0 } warnings =>
                Check.Warning(Running, string.Join("; ", warnings)),
            { Pause: { } pause } => Check.Warning(Running, $"paused ({pause.Reason}): nstance-gc resume"),
            { LastReport.Outcome: CycleOutcome.Failed or CycleOutcome.Partial } =>
                Check.Warning(Running, $"{last}: nstance-gc reports"),
            { Pending: { } plan } =>
                Check.Warning(Running, $"plan {plan.Id} waits for a decision: nstance-gc plan show"),
            { LastReport.Outcome: CycleOutcome.Blocked } => Check.Warning(Running, $"{last}: nstance-gc status"),
            { DryRun: true } => Check.Ok(Running, $"{last}; dry-run: nothing is terminated until nstance-gc enforce"),
            _ => Check.Ok(Running, last),
        };
        return [state, .. (report?.Problems ?? []).Select(problem => Check.Warning(Running, problem))];
    }
}
