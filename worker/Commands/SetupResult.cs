using Nstance.Temporal.Worker.Options;
using Nstance.Temporal.Worker.Output;

namespace Nstance.Temporal.Worker.Commands;

/// <summary>The outcome of <c>init</c> and <c>schedule create</c> for people.</summary>
internal static class SetupResult
{
    public static void Write(TextWriter output, SetupOutcome outcome)
    {
        var added = outcome.AddedAttributes;
        output.WriteLine(
            $"search attributes: {(added.Count > 0 ? $"registered {string.Join(", ", added)}" : "all there")}");
        var done = outcome.Schedule switch
        {
            SetupDone.Created => "created",
            SetupDone.Replaced => "replaced",
            _ => "there already, left as it is",
        };
        output.WriteLine($"schedule {Names.ScheduleId(outcome.Shard.Cluster, outcome.Shard.Shard)}: {done}"
            + (outcome.Paused ? ", paused: nstance-gc schedule resume starts the collector" : ""));
        output.WriteLine($"collector: {Collector(outcome)}");
        output.WriteLine($"mode: {SetupText.Mode(
            outcome.Plan.DryRun,
            outcome.Plan.DryRun == outcome.Before.Status?.Mode?.DryRun ? outcome.Before.Status.Mode : null,
            outcome.Plan.Settings.DryRun is null)}");
        output.WriteLine($"settings: {SetupText.Settings(outcome.Plan.Settings)}");
        output.WriteLine($"nstance's collector: {outcome.NstanceCollector}");
        foreach (var change in outcome.Plan.Changes) output.WriteLine($"changed: {change}");
        var timings = outcome.Before.Status?.Timings ?? new();
        foreach (var warning in OwnTimings.Warnings(outcome.Plan.Settings.Over(timings)))
            output.WriteLine($"warning: {warning}");
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
