using Nstance.Temporal.Worker.Hosting;
using Nstance.Temporal.Worker.Options;

namespace Nstance.Temporal.Worker.Commands;

/// <summary>What <c>init</c> and <c>schedule create</c> would set, and what of it differs from now. Pure.</summary>
/// <param name="Settings">For the schedule, which starts the next collector.</param>
/// <param name="Update">For a collector that runs; a mode that is null keeps an operator's.</param>
/// <param name="DryRun">The mode after it.</param>
/// <param name="Paused">True: the schedule is paused after it.</param>
/// <param name="Changes">What differs from the settings in effect; empty for a new shard.</param>
internal sealed record SetupPlan(
    GcSettings Settings, GcSettings Update, bool DryRun, bool Paused, IReadOnlyList<SettingChange> Changes)
{
    private static readonly string Mode = Options.Settings.Get(nameof(GcSettings.DryRun)).Option;

    /// <summary>
    /// Lays the named of the given settings over those in effect. A null <paramref name="paused"/> keeps the schedule
    /// paused or active.
    /// </summary>
    public static SetupPlan Make(
        FoundCollector found, ShardRef shard, GcSettings given, IReadOnlySet<string> names, bool? paused)
    {
        var isPaused = paused ?? found.Schedule?.Paused ?? false;
        var isMode = names.Contains(nameof(GcSettings.DryRun));
        if (found.Settings is not { } now)
        {
            var first = isMode ? given : given with { DryRun = null };
            return new(first, first, first.DryRun ?? true, isPaused, []);
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
        if (found.Schedule is { } schedule && isPaused != schedule.Paused)
            changes.Add(new("--paused", OnOff(schedule.Paused), OnOff(isPaused)));
        return new(
            settings with { DryRun = dryRun }, settings with { DryRun = update }, dryRun ?? true, isPaused, changes);
    }

    private static string Quoted(string prefix) => $"\"{prefix}\"";

    private static string OnOff(bool on) => on ? "on" : "off";
}
