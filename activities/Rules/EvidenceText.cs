using Nstance.Temporal.Activities.Audit;
using Nstance.Temporal.Activities.Ports;

namespace Nstance.Temporal.Activities.Rules;

/// <summary>
/// What was found, in words for plans and audit. Facts only, no ages: the same facts make the same plan in every cycle.
/// </summary>
internal static class EvidenceText
{
    public static AuditEvidence All(Evidence now) =>
        new(now.Row is null ? "no row" : $"{Sql(now.Row)}, last report {Time(now.Row.HealthAt)}", Ec2(now), S3(now));

    /// <summary>The row, without what changes while nothing happens.</summary>
    public static string Sql(InstanceRow row) =>
        row is { HasRow: false } ? "no row"
        : $"{row.ProviderId ?? "no provider id"}, issued {Time(row.Issued)}, registered {Time(row.RegisteredAt)}"
        + (row.DeletedAt is { } deleted ? $", deleted {Time(deleted)}" : "");

    public static string Ec2(Evidence now)
    {
        var tagged = now.Tagged is { Count: > 0 } own ? $"; its id is carried by {string.Join(' ', own.Take(3).Select(i => $"{i.ProviderId} {i.State}"))}" : "";
        return now switch
        {
            { Instance: { } i } => $"{i.ProviderId} {i.State}, launched {Time(i.LaunchTime)}",
            { CloudUnknown: { } why } => $"could not say: {why}",
            { NotFound: true } => $"not found by id{(now.Tagged is { Count: 0 } ? ", nor by tag" : tagged)}",
            { Tagged: { } found } => found.Count == 0 ? "not found by tag" : tagged[2..],
            _ => "not asked",
        };
    }

    public static string S3(Evidence now) => now.Record switch
    {
        RecordRead.Found { Record: var r } =>
            $"{r.Status.Name()}, {r.ProviderId ?? "no provider id"}, registered {Time(r.RegisteredAt)}",
        RecordRead.Missing => "no record",
        RecordRead.Invalid { Why: var why } => $"cannot be understood: {why}",
        _ => $"not read: {now.RecordUnknown ?? "not asked"}",
    };

    private static string Time(DateTimeOffset? time) => time switch
    {
        null => "never",
        _ when time == DateTimeOffset.MinValue || time == DateTimeOffset.MaxValue => "at a time that cannot be read",
        { } t => t.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'"),
    };
}
