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
/// Sets up a shard, for <c>init</c> and <c>schedule create</c>. What a shard has already is changed with
/// <c>--replace</c> only, and a setting that is not named keeps its value.
/// </summary>
internal sealed class ShardSetup(
    Invocation invocation, ReadOptions read, TemporalClient client, bool replace, bool? paused)
{
    private readonly ShardRef _shard = read.Options.ShardRef!;

    private string Place => $"{_shard.Cluster}/{_shard.Shard}";

    private Collector Collector => new(client, _shard.Cluster, _shard.Shard, invocation.CancellationToken);

    /// <summary>Checks everything, sets up the shard, and says what is in effect then.</summary>
    /// <param name="invocation">The call of the command.</param>
    /// <param name="skipChecks">True: AWS is not asked.</param>
    /// <param name="replace">True: change what is there.</param>
    /// <param name="paused">True: the schedule is wanted paused. Null: as it is, and active when it is new.</param>
    /// <param name="setsMode">False: a mode that a source of settings names does not count.</param>
    /// <exception cref="CommandException">Something differs, and may not be replaced.</exception>
    public static async Task<SetupOutcome> RunAsync(
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
        return await new ShardSetup(invocation, read with { Given = names }, client, replace, paused)
            .RunAsync(skipChecks);
    }

    private async Task<SetupOutcome> RunAsync(bool skipChecks)
    {
        var found = await FoundCollector.ReadAsync(Collector, invocation.Rpc);
        if (found is { IsNew: false, Settings: null })
        {
            throw new CommandException(
                ExitCode.Unreachable,
                $"a collector runs for {Place}, and no worker answers for it, so its settings are not known: start a "
                + "worker (nstance-gc run), then do this again");
        }

        var plan = SetupPlan.Make(found, _shard, read.Options.Collector, read.Given, paused);
        Refuse(found, plan);
        var config = skipChecks ? null : await ConfiguredAsync();
        if (config is not null && OwnTimings.Inherited(plan.Settings, config.Timings) is { Count: > 0 } faults)
            throw new CommandException(ExitCode.BadInput, faults);
        var added = await SearchAttributes.EnsureAsync(client, invocation.Rpc);
        var done = await PutAsync(found, plan);
        var isToConfigure = found.Runs && plan.Changes.Count > 0;
        var configuredNow = isToConfigure ? await ConfigureAsync(plan) : (bool?)null;
        return new(_shard, found, plan, done)
        {
            Paused = paused ?? found.Schedule?.Paused ?? false,
            Configured = configuredNow,
            AddedAttributes = added,
            NstanceCollector = NstanceCollector.Describe(config),
        };
    }

    private void Refuse(FoundCollector found, SetupPlan plan)
    {
        if (plan.Changes.Count == 0) return;
        var what = found.Runs ? "a collector runs" : "there is a schedule";
        List<string> lines = [.. plan.Changes.Select(change => $"{change}")];
        if (!replace)
        {
            throw new CommandException(
                ExitCode.Refused,
                [
                    $"{what} for {Place} with other settings; nothing was changed", .. lines,
                    "to set them, add --replace; a setting that is not named is kept",
                ]);
        }

        if (found is { Runs: true, Shard: { } now } && now != _shard)
        {
            throw new CommandException(
                ExitCode.Refused,
                $"the collector of {Place} has its records in {ShardKeys.Place(now)}, and a running collector keeps "
                + "its place: nstance-gc schedule delete --stop, then this again");
        }
    }

    /// <summary>Makes or replaces the schedule, and lets a collector run.</summary>
    private async Task<SetupDone> PutAsync(FoundCollector found, SetupPlan plan)
    {
        var input = new GcInput(_shard) { Settings = plan.Settings };
        var schedule = GcSchedule.Create(input);
        var isPaused = paused ?? found.Schedule?.Paused ?? false;
        if (isPaused)
        {
            var note = found.Schedule?.Note ?? "created paused by nstance-gc";
            schedule = schedule with { State = new() { Paused = true, Note = note } };
        }

        if (found.Schedule is null)
        {
            await client.CreateScheduleAsync(Collector.Schedule.Id, schedule, new() { Rpc = invocation.Rpc });

            // The schedule starts it only once a worker polls; started here, its status can be read before that. No
            // tick of the schedule: it would bring back the mode of a collector that was stopped.
            if (!isPaused) await CollectorStart.EnsureRunsAsync(client, input);
            return SetupDone.Created;
        }

        if (replace) await Collector.Schedule.UpdateAsync(_ => new ScheduleUpdate(schedule), invocation.Rpc);
        if (!isPaused && !found.Runs) await Collector.Schedule.TriggerAsync(new() { Rpc = invocation.Rpc });
        return replace ? SetupDone.Replaced : SetupDone.Kept;
    }

    /// <summary>Gives the new settings to the collector that runs. False: it did not answer.</summary>
    private async Task<bool> ConfigureAsync(SetupPlan plan)
    {
        try
        {
            await Collector.UpdateAsync(workflow => workflow.ConfigureAsync(plan.Update));
            return true;
        }
        catch (CommandException e) when (e.Code == ExitCode.Unreachable)
        {
            return false;
        }
    }

    private async Task<ShardConfig?> ConfiguredAsync()
    {
        using var connections = new AwsConnections(new());
        var records = ((IConnections)connections).Records(ShardChecks.CallTimeout);
        return await records.GetConfigAsync(_shard, invocation.CancellationToken) is { } bytes
            ? ShardConfig.Parse(bytes, _shard).Config
            : null;
    }
}

/// <summary>What became of the schedule.</summary>
internal enum SetupDone
{
    /// <summary>It is new.</summary>
    Created,

    /// <summary>It was there, and stays as it is.</summary>
    Kept,

    /// <summary>It was there, and was replaced.</summary>
    Replaced,
}

/// <summary>What <c>init</c> and <c>schedule create</c> did.</summary>
/// <param name="Shard">The shard.</param>
/// <param name="Before">What the shard had.</param>
/// <param name="Plan">What was set.</param>
/// <param name="Schedule">What became of the schedule.</param>
internal sealed record SetupOutcome(ShardRef Shard, FoundCollector Before, SetupPlan Plan, SetupDone Schedule)
{
    /// <summary>True: the schedule is paused.</summary>
    public bool Paused { get; init; }

    /// <summary>False: the running collector did not answer, and takes them later. Null: nothing to set.</summary>
    public bool? Configured { get; init; }

    /// <summary>Search attributes that were registered now.</summary>
    public IReadOnlyList<string> AddedAttributes { get; init; } = [];

    /// <summary>What nstance's own collector does, in one sentence.</summary>
    public required string NstanceCollector { get; init; }

    /// <summary>The exit code.</summary>
    public int Code => Configured == false ? ExitCode.Unreachable : ExitCode.Done;

    /// <summary>The object of <c>--output json</c>.</summary>
    public object ToJson(IReadOnlyList<string> next) => new
    {
        scheduleId = Names.ScheduleId(Shard.Cluster, Shard.Shard),
        workflowId = Names.GcWorkflowId(Shard.Cluster, Shard.Shard),
        shard = Shard,
        settings = Plan.Settings,
        dryRun = Plan.DryRun,
        paused = Paused,
        created = Schedule == SetupDone.Created,
        replaced = Schedule == SetupDone.Replaced,
        changes = Plan.Changes.Select(change => new { option = change.Option, from = change.From, to = change.To }),
        configured = Configured,
        searchAttributesAdded = AddedAttributes,
        nstanceCollector = NstanceCollector,
        next,
    };
}
