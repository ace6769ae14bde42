using Nstance.Temporal.Activities.Aws;
using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Activities.KeepAlive;
using Nstance.Temporal.Activities.Ports;
using Nstance.Temporal.Worker.Checks;
using Nstance.Temporal.Worker.Hosting;
using Nstance.Temporal.Worker.Options;
using Temporalio.Client.Schedules;

namespace Nstance.Temporal.Worker.Commands;

/// <summary>
/// Sets up a shard, for <c>init</c> and <c>schedule create</c>, and says what is in effect then. What a shard has
/// already is changed with <c>--replace</c> only, and a setting that is not named keeps its value.
/// </summary>
internal sealed class ShardSetup(
    Invocation invocation, Collector collector, ShardRef shard, bool replace, FoundCollector before, SetupPlan plan)
{
    public ShardRef Shard => shard;

    /// <summary>What the shard had.</summary>
    public FoundCollector Before => before;

    public SetupPlan Plan => plan;

    public bool IsCreated => before.Schedule is null;

    public bool IsReplaced => !IsCreated && replace;

    /// <summary>False: the running collector did not answer, and takes them later. Null: nothing to set.</summary>
    public bool? Configured { get; private set; }

    /// <summary>Search attributes that were registered now.</summary>
    public IReadOnlyList<string> AddedAttributes { get; private set; } = [];

    /// <summary>What nstance's own collector does, in one sentence.</summary>
    public string NstanceCollector { get; private set; } = "";

    private string Place => $"{shard.Cluster}/{shard.Shard}";

    /// <summary>
    /// Checks everything and sets up the shard. A null <paramref name="paused"/> keeps the schedule as it is; a new one
    /// is active. Without <paramref name="setsMode"/>, a mode that a source of settings names does not count.
    /// </summary>
    /// <exception cref="CommandException">Something differs, and may not be replaced.</exception>
    public static async Task<ShardSetup> RunAsync(
        Invocation invocation, bool skipChecks, bool replace, bool? paused, bool setsMode)
    {
        var read = invocation.ReadGiven("Cluster", "Shard", "Bucket");
        var client = await Preflight.PassAsync(
            () => invocation.ConnectAsync(read.Options),
            read.Options,
            skipChecks,
            database: false,
            invocation.CancellationToken);
        var names = read.Given.Where(name => setsMode || name != nameof(GcSettings.DryRun)).ToHashSet();
        var shard = read.Options.ShardRef!;
        var collector = new Collector(client, shard.Cluster, shard.Shard, invocation.CancellationToken);
        var before = await FoundCollector.ReadAsync(collector, invocation.Rpc);
        if (before is { IsNew: false, Settings: null })
        {
            throw new CommandException(
                ExitCode.Unreachable,
                $"a collector runs for {shard.Cluster}/{shard.Shard}, and no worker answers for it, so its settings "
                + "are not known: start a worker (nstance-gc run), then do this again");
        }

        var plan = SetupPlan.Make(before, shard, read.Options.Collector, names, paused);
        var setup = new ShardSetup(invocation, collector, shard, replace, before, plan);
        await setup.RunAsync(skipChecks);
        return setup;
    }

    /// <summary>The object of <c>--output json</c>.</summary>
    public object ToJson(IReadOnlyList<string> next) => new
    {
        scheduleId = Names.ScheduleId(shard.Cluster, shard.Shard),
        workflowId = Names.GcWorkflowId(shard.Cluster, shard.Shard),
        shard,
        settings = plan.Settings,
        dryRun = plan.DryRun,
        paused = plan.Paused,
        created = IsCreated,
        replaced = IsReplaced,
        changes = plan.Changes,
        configured = Configured,
        searchAttributesAdded = AddedAttributes,
        nstanceCollector = NstanceCollector,
        next,
    };

    private async Task RunAsync(bool skipChecks)
    {
        if (plan.Changes.Count > 0) RefuseChanges();
        var config = skipChecks ? null : await ConfiguredAsync();
        if (config is not null && OwnTimings.Inherited(plan.Settings, config.Timings) is { Count: > 0 } faults)
            throw new CommandException(ExitCode.BadInput, faults);
        NstanceCollector = Checks.NstanceCollector.Describe(config);
        AddedAttributes = await SearchAttributes.EnsureAsync(collector.Client, invocation.Rpc);
        await PutAsync();
        if (before.Runs && plan.Changes.Count > 0) Configured = await ConfigureAsync();
    }

    private void RefuseChanges()
    {
        if (!replace)
        {
            throw new CommandException(
                ExitCode.Refused,
                [
                    $"{(before.Runs ? "a collector runs" : "there is a schedule")} for {Place} with other settings; "
                        + "nothing was changed",
                    .. plan.Changes.Select(change => $"{change}"),
                    "to set them, add --replace; a setting that is not named is kept",
                ]);
        }

        if (before is { Runs: true, Shard: { } now } && now != shard)
        {
            throw new CommandException(
                ExitCode.Refused,
                $"the collector of {Place} has its records in {ShardKeys.Place(now)}, and a running collector keeps "
                + "its place: nstance-gc schedule delete --stop, then this again");
        }
    }

    /// <summary>Makes or replaces the schedule, and lets a collector run.</summary>
    private async Task PutAsync()
    {
        var input = new GcInput(shard) { Settings = plan.Settings };
        var schedule = GcSchedule.Create(input);
        if (plan.Paused)
        {
            var note = before.Schedule?.Note ?? "created paused by nstance-gc";
            schedule = schedule with { State = new() { Paused = true, Note = note } };
        }

        if (IsCreated)
        {
            await collector.Client.CreateScheduleAsync(collector.Schedule.Id, schedule, new() { Rpc = invocation.Rpc });

            // The schedule starts it only once a worker polls; started here, its status can be read before that. No
            // tick of the schedule: it would bring back the mode of a collector that was stopped.
            if (!plan.Paused) await CollectorStart.EnsureRunsAsync(collector.Client, input);
            return;
        }

        if (replace) await collector.Schedule.UpdateAsync(_ => new ScheduleUpdate(schedule), invocation.Rpc);
        if (!plan.Paused && !before.Runs) await collector.Schedule.TriggerAsync(new() { Rpc = invocation.Rpc });
    }

    /// <summary>Gives the new settings to the collector that runs. False: it did not answer.</summary>
    private async Task<bool> ConfigureAsync()
    {
        try
        {
            await collector.UpdateAsync(workflow => workflow.ConfigureAsync(plan.Update));
            return true;
        }
        catch (CommandException e) when (e.Code == ExitCode.Unreachable)
        {
            return false;
        }
    }

    private async Task<ShardConfig?> ConfiguredAsync()
    {
        using var aws = new AwsConnections(new());
        IConnections connections = aws;
        var records = connections.Records(ShardChecks.CallTimeout);
        return await records.GetConfigAsync(shard, invocation.CancellationToken) is { } bytes
            ? ShardConfig.Parse(bytes, shard, connections.Provider).Config
            : null;
    }
}
