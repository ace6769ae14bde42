using Nstance.Temporal.Activities.Domain;
using Nstance.Temporal.Worker.Options;

namespace Nstance.Temporal.Worker.Checks;

/// <summary>
/// What <c>config.jsonc</c> says of the collector inside nstance's own server. It has no off switch: a zero interval is
/// nstance's default.
/// </summary>
internal static class NstanceCollector
{
    public const string Name = "nstance's collector";

    /// <summary>Returns its state in one sentence.</summary>
    /// <param name="config">Null: it could not be read.</param>
    public static string Describe(ShardConfig? config)
    {
        if (config is null) return "not known: config.jsonc was not read";
        var every = $"every {DurationText.Format(config.NstanceInterval ?? config.Timings.Interval)}";
        if (config.NstanceInterval > OwnTimings.MaxUseful) return $"slowed down: {every}, and once after each election";
        var what = config.NstanceInterval is null ? $"runs {every}, nstance's default" : $"runs {every}";
        return $"{what}; both may run side by side: docs/operations.md";
    }

    public static Check Check(ShardConfig? config) =>
        config is null ? Checks.Check.Skipped(Name, Describe(null)) : Checks.Check.Ok(Name, Describe(config));
}
