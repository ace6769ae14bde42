using System.CommandLine;
using System.Text.Json;
using Nstance.Temporal.Activities.KeepAlive;
using Nstance.Temporal.Benchmarks.Fleet;
using Nstance.Temporal.Simulation;
using Nstance.Temporal.TestServer.Hosting;
using Nstance.Temporal.Worker.Hosting;
using Nstance.Temporal.Workflows;
using Nstance.Temporal.Workflows.Payloads;
using Temporalio.Api.Enums.V1;
using Temporalio.Api.History.V1;
using Temporalio.Client;

namespace Nstance.Temporal.Benchmarks.Shards;

/// <summary>What a quiet cycle costs at Temporal, counted from the history of a real collector.</summary>
internal static class TemporalCommand
{
    private const int Cycles = 20;

    public static Command Create(TextWriter stdout)
    {
        var instances = Arguments.Number("--instances", "size of the fleet", 1000, 200, 1_000_000);
        var command = new Command("temporal", "billed actions and bytes of history of a quiet cycle") { instances };
        command.SetAction(async (parsed, _) => await stdout.WriteLineAsync(
            JsonSerializer.Serialize(await CountAsync(parsed.GetValue(instances)), JsonSerializerOptions.Web)));
        return command;
    }

    private static async Task<Dictionary<string, object>> CountAsync(int instances)
    {
        await using var environment = await EmbeddedWorkflowEnvironment.StartAsync(
            client: new() { DataConverter = PayloadJson.Converter });
        var client = environment.Client;
        await SearchAttributes.EnsureAsync((TemporalClient)client, new());
        var shard = new ShardRef("bench", "s0", "bench");
        var fleet = new MeasuredFleet(instances, shard, new(await environment.GetCurrentTimeAsync()), isQuiet: true);
        return Figures(instances, await CollectorWorker.RunAsync(client, fleet, null, async () =>
        {
            await CollectorStart.EnsureRunsAsync(client, new(shard) { Settings = new() { DryRun = false } });
            await environment.DelayAsync(TimeSpan.FromMinutes((2 * Cycles) + 1));
            var collector = client.GetWorkflowHandle<GcWorkflow>(Names.GcWorkflowId(shard.Cluster, shard.Shard));
            return (await collector.FetchHistoryAsync()).Events.ToArray();
        }));
    }

    /// <summary>From one timer to the next is one cycle; the first acquires a host, and does not count.</summary>
    private static Dictionary<string, object> Figures(int instances, HistoryEvent[] all)
    {
        var timers = Enumerable.Range(0, all.Length).Where(n => all[n].EventType == EventType.TimerStarted).ToArray();
        if (timers.Length != Cycles + 1)
            throw new InvalidOperationException($"{timers.Length} cycles instead of {Cycles + 1}");
        var quiet = all[timers[0]..timers[^1]];
        double Of(params EventType[] types) => quiet.Count(e => types.Contains(e.EventType)) / (double)Cycles;
        var activities = Of(EventType.ActivityTaskScheduled);
        var timed = Of(EventType.TimerStarted);
        var other = Of(
            EventType.UpsertWorkflowSearchAttributes, EventType.WorkflowExecutionSignaled,
            EventType.WorkflowExecutionUpdateAccepted);
        return new()
        {
            ["instances"] = instances,
            ["cycles"] = Cycles,
            ["activities"] = activities,
            ["timers"] = timed,
            ["searchAttributes"] = other,
            ["actions"] = activities + timed + other,
            ["events"] = quiet.Length / (double)Cycles,
            ["bytes"] = quiet.Sum(e => e.CalculateSize()) / Cycles,
        };
    }
}
