using System.Text.Json;

namespace Nstance.Temporal.Simulation.Demo;

/// <summary>The demo's last line with <c>--output json</c>. Its members are a promise (README).</summary>
internal sealed record DemoResult(
    int Seed, int Instances, int Cycles, DemoResult.TerminatedCounts Terminated, int Purged, long ChecksEnqueued,
    int WronglyTerminated, int MissedGarbage, int LostRecords, int LostEvents, int NstanceMisled,
    bool Ok, double ElapsedSeconds)
{
    internal sealed record TerminatedCounts(int Dangling, int Unhealthy, int Orphan);

    public static DemoResult Of(DemoOptions options, GcStatus last, Verdict verdict, TimeSpan elapsed) => new(
        options.Seed, options.Instances, last.Cycle,
        new TerminatedCounts(verdict.Dangling, verdict.Unhealthy, verdict.Orphan),
        verdict.Purged, last.Totals.ChecksEnqueued, verdict.WronglyTerminated.Count, verdict.MissedGarbage.Count,
        verdict.LostRecords.Count, verdict.LostEvents.Count, verdict.NstanceMisled.Count, verdict.Ok,
        Math.Round(elapsed.TotalSeconds, 1));

    public string ToJson() => JsonSerializer.Serialize(this, JsonSerializerOptions.Web);
}
