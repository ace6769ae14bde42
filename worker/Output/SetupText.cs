using Nstance.Temporal.Worker.Options;

namespace Nstance.Temporal.Worker.Output;

/// <summary>The mode and the settings of a collector for people, one line each.</summary>
internal static class SetupText
{
    /// <summary>Returns the mode, who set it, and what it means.</summary>
    public static string Mode(bool dryRun, ModeState? by, bool isNew)
    {
        var who = by is null ? "" : $", by {by.By} at {Word.Time(by.At)}";
        return dryRun
            ? $"dry-run{who}: it reports what it would terminate, and terminates nothing"
                + (isNew ? " until nstance-gc enforce" : "")
            : $"enforce{who}: it terminates instances";
    }

    /// <summary>Returns the settings that have not their defaults.</summary>
    public static string Settings(GcSettings settings) =>
        CollectorSettings.NotDefault(settings) is { Count: > 0 } own ? string.Join(' ', own) : "all defaults";
}
