using Nstance.Temporal.Worker.Checks;
using Nstance.Temporal.Worker.Hosting;
using Temporalio.Client.Schedules;

namespace Nstance.Temporal.Worker.Commands;

/// <summary>A checked shard, ready for its schedule: for <c>init</c> and <c>schedule create</c>.</summary>
/// <param name="Client">The connection to Temporal.</param>
/// <param name="Shard">The shard.</param>
/// <param name="Settings">The collector's settings.</param>
/// <param name="AddedAttributes">The search attributes that were registered now.</param>
internal sealed record ShardSetup(
    TemporalClient Client, ShardRef Shard, GcSettings Settings, IReadOnlyList<string> AddedAttributes)
{
    public string ScheduleId => Names.ScheduleId(Shard.Cluster, Shard.Shard);

    public string WorkflowId => Names.GcWorkflowId(Shard.Cluster, Shard.Shard);

    /// <summary>Checks everything, then registers the search attributes.</summary>
    public static async Task<ShardSetup> PrepareAsync(Invocation invocation, bool skipChecks)
    {
        var options = invocation.Read("Cluster", "Shard", "Bucket");
        var client = await Preflight.PassAsync(
            () => invocation.ConnectAsync(options), options, skipChecks, database: false, invocation.CancellationToken);
        var added = await SearchAttributes.EnsureAsync(client, invocation.Rpc);
        return new(client, options.ShardRef!, options.ToSettings(), added);
    }

    /// <summary>Creates the schedule, or replaces one that exists.</summary>
    /// <returns>True if it replaced one.</returns>
    public async Task<bool> PutAsync(Schedule schedule, bool replace, RpcOptions rpc)
    {
        try
        {
            var start = new ScheduleOptions { TriggerImmediately = !schedule.State.Paused, Rpc = rpc };
            await Client.CreateScheduleAsync(ScheduleId, schedule, start);
            return false;
        }
        catch (ScheduleAlreadyRunningException e) when (!replace)
        {
            throw new CommandException(
                ExitCode.Refused,
                $"schedule {ScheduleId} exists already: --replace overwrites it, "
                + "nstance-gc schedule show tells what it says",
                e);
        }
        catch (ScheduleAlreadyRunningException)
        {
            var handle = Client.GetScheduleHandle(ScheduleId);
            await handle.UpdateAsync(_ => new ScheduleUpdate(schedule), rpc);
            if (!schedule.State.Paused) await handle.TriggerAsync(new() { Rpc = rpc });
            return true;
        }
    }
}
