using Nstance.Temporal.Worker.Options;
using Nstance.Temporal.Worker.Output;

namespace Nstance.Temporal.Worker.Commands;

/// <summary>The outcome of <c>init</c> and <c>schedule create</c> for people.</summary>
internal static class SetupResult
{
    public static void Write(Screen screen, SetupOutcome outcome)
    {
        var added = outcome.AddedAttributes;
        Line("search attributes", added.Count > 0 ? $"registered {string.Join(", ", added)}" : "all there");
        var done = outcome.Schedule switch
        {
            SetupDone.Created => "created",
            SetupDone.Replaced => "replaced",
            _ => "there already, left as it is",
        };
        Line($"schedule {Names.ScheduleId(outcome.Shard.Cluster, outcome.Shard.Shard)}", done
            + (outcome.Paused ? ", paused: nstance-gc schedule resume starts the collector" : ""));
        Line("collector", Collector(outcome));
        Line("mode", SetupText.Mode(
            outcome.Plan.DryRun,
            outcome.Plan.DryRun == outcome.Before.Status?.Mode?.DryRun ? outcome.Before.Status.Mode : null,
            outcome.Plan.Settings.DryRun is null));
        Line("settings", SetupText.Settings(outcome.Plan.Settings));
        Line("nstance's collector", outcome.NstanceCollector);
        foreach (var change in outcome.Plan.Changes) Line("changed", $"{change}");
        var timings = outcome.Plan.Settings.Over(outcome.Before.Status?.Timings ?? new());
        foreach (var warning in OwnTimings.Warnings(timings)) Line("warning", warning);

        void Line(string what, string value) => screen.Sentence($"{what}: {value}", 0);
    }

    private static string Collector(SetupOutcome outcome) => outcome switch
    {
        { Configured: false } => "runs, but no worker answered. Temporal holds the new settings for it: it takes them "
            + "when a worker comes (nstance-gc run)",
        { Configured: true } => "runs, and has the new settings",
        { Before: { Runs: true, Status: null } } =>
            "runs, and no worker answers for it; below is what its schedule says",
        { Before.Runs: true } => "runs already",
        { Paused: true } => "does not run",
        { Schedule: SetupDone.Created } => "started",
        _ => "did not run: it starts again as it was, when a worker polls",
    };
}
