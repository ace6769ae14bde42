using Nstance.Temporal.Worker.Hosting;
using Nstance.Temporal.Worker.Options;

namespace Nstance.Temporal.Worker.Commands;

/// <summary>What <c>init</c> and <c>schedule create</c> would set, and what of it differs from now. Pure.</summary>
/// <param name="Settings">For the schedule, which starts the next collector.</param>
/// <param name="Update">For a collector that runs; a mode that is null keeps an operator's.</param>
/// <param name="DryRun">The mode after it.</param>
/// <param name="Changes">What differs from the settings in effect; empty for a new shard.</param>
internal sealed record SetupPlan(
    GcSettings Settings, GcSettings Update, bool DryRun, IReadOnlyList<SettingChange> Changes)
{
    private static readonly string Mode = Options.Settings.Get(nameof(GcSettings.DryRun)).Option;

    /// <summary>Lays what was named over the settings in effect.</summary>
    /// <param name="found">What the shard has.</param>
    /// <param name="shard">The shard as named.</param>
    /// <param name="given">The settings as given.</param>
    /// <param name="names">Names of the settings that were given.</param>
    /// <param name="paused">True: the schedule is wanted paused. Null: as it is.</param>
    public static SetupPlan Make(
        FoundCollector found, ShardRef shard, GcSettings given, IReadOnlySet<string> names, bool? paused)
    {
        var isMode = names.Contains(nameof(GcSettings.DryRun));
        if (found.Settings is not { } now)
        {
            var first = isMode ? given : given with { DryRun = null };
            return new(first, first, first.DryRun ?? true, []);
        }

        var settings = CollectorSettings.Over(now, given, names);
        var dryRun = isMode ? given.DryRun : found.DryRunSetting;

        // A null mode keeps the one that an operator set. Without an answer it is not known which of the two holds.
        var update = isMode ? given.DryRun : found.Status is { Mode: null } status ? status.Settings.DryRun : null;
        List<SettingChange> changes = [.. CollectorSettings.Changes(now, settings)];
        if (found.Shard is { } at && at.Bucket != shard.Bucket)
            changes.Add(new("--bucket", at.Bucket, shard.Bucket));
        if (found.Shard is { } under && under.Prefix != shard.Prefix)
            changes.Add(new("--prefix", Quoted(under.Prefix), Quoted(shard.Prefix)));
        if (isMode && found.DryRun != (given.DryRun ?? true))
            changes.Add(new(Mode, OnOff(found.DryRun ?? true), OnOff(given.DryRun ?? true)));
        if (found.Schedule is { } schedule && paused is { } wanted && wanted != schedule.Paused)
            changes.Add(new("--paused", OnOff(schedule.Paused), OnOff(wanted)));
        return new(
            settings with { DryRun = dryRun }, settings with { DryRun = update }, dryRun ?? true, changes);
    }

    private static string Quoted(string prefix) => $"\"{prefix}\"";

    private static string OnOff(bool on) => on ? "on" : "off";
}
