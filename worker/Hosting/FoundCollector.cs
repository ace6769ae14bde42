using Temporalio.Api.Enums.V1;

namespace Nstance.Temporal.Worker.Hosting;

/// <summary>What a shard has already: its schedule, and a collector that runs.</summary>
/// <param name="Schedule">Null: none.</param>
/// <param name="Runs">True: a collector runs.</param>
/// <param name="Status">Its status; null: none runs, or no worker answers for it.</param>
internal sealed record FoundCollector(ScheduleView? Schedule, bool Runs, GcStatus? Status)
{
    public bool IsNew => Schedule is null && !Runs;

    /// <summary>The settings in effect: the running collector's, else those of the schedule.</summary>
    public GcSettings? Settings => Status?.Settings ?? Schedule?.Input?.Settings;

    public ShardRef? Shard => Status?.Shard ?? Schedule?.Input?.Shard;

    /// <summary>The mode in effect. Null: neither is known.</summary>
    public bool? DryRun => Status?.DryRun ?? (Schedule?.Input is { } input ? input.Settings.DryRun ?? true : null);

    /// <summary>The mode as a setting of the next collector: an operator's word, else the settings'.</summary>
    public bool? DryRunSetting => Status is { } status
        ? status.Mode?.DryRun ?? status.Settings.DryRun
        : Schedule?.Input?.Settings.DryRun;

    /// <summary>Asks Temporal, and the collector if one runs.</summary>
    public static async Task<FoundCollector> ReadAsync(Collector collector, RpcOptions rpc)
    {
        var schedule = await OrNullAsync(() => ScheduleView.ReadAsync(collector.Schedule, rpc));
        var runs = await RunsAsync(collector.Client, collector.WorkflowId, rpc);
        return new(schedule, runs, runs ? await StatusAsync(collector) : null);
    }

    /// <summary>Returns true if a workflow runs.</summary>
    public static async Task<bool> RunsAsync(TemporalClient client, string workflowId, RpcOptions rpc)
    {
        var handle = client.GetWorkflowHandle(workflowId);
        var found = await OrNullAsync(() => handle.DescribeAsync(new() { Rpc = rpc }));
        return found?.Status == WorkflowExecutionStatus.Running;
    }

    /// <summary>Returns null if no such schedule or workflow exists.</summary>
    public static async Task<T?> OrNullAsync<T>(Func<Task<T>> ask)
        where T : class
    {
        try
        {
            return await ask();
        }
        catch (RpcException e) when (e.Code == RpcException.StatusCode.NotFound)
        {
            return null;
        }
    }

    /// <summary>Returns false if what <paramref name="work"/> needs does not exist.</summary>
    public static async Task<bool> IsThereAsync(Func<Task> work) => await OrNullAsync(async () =>
    {
        await work();
        return work;
    }) is not null;

    private static async Task<GcStatus?> StatusAsync(Collector collector)
    {
        try
        {
            return await collector.StatusAsync();
        }
        catch (Exception e) when (Failure.Of(e) is { Code: ExitCode.Unreachable or ExitCode.NotFound })
        {
            return null; // No worker, or it has just ended.
        }
    }
}
