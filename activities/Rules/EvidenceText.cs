
namespace Nstance.Temporal.Activities.Rules;

/// <summary>Describes evidence for plans and the audit. No ages, so that the same facts make the same plan.</summary>
internal static class EvidenceText
{
    private const int MaxCarriers = 3;

    /// <summary>Describes the row, without values that change in every cycle.</summary>
    public static string Row(InstanceRow row) => !row.HasRow
        ? "no row"
        : $"{row.ProviderId ?? "no provider id"}, issued {Time(row.Issued)}, registered {Time(row.RegisteredAt)}"
            + (row.DeletedAt is { } deleted ? $", deleted {Time(deleted)}" : "")
            + (row.Targets.Length > 0 ? $", load balancers {CloudInstance.Shown(row.Targets)}" : "");

    public static string Cloud(Evidence now)
    {
        var carriers = string.Join(' ', (now.Tagged ?? []).Take(MaxCarriers).Select(i => $"{i.ProviderId} {i.State}"));
        return now switch
        {
            { Instance: { } i } => $"{i.ProviderId} {i.State}, launched {Time(i.LaunchTime)}",
            { CloudUnknown: { } why } => $"could not say: {why}",
            { NotFound: true, Tagged.Count: 0 } => "not found by id, nor by tag",
            { NotFound: true } when carriers.Length > 0 => $"not found by id; its id is carried by {carriers}",
            { NotFound: true } => "not found by id",
            { Tagged.Count: 0 } => "not found by tag",
            { Tagged: not null } => $"its id is carried by {carriers}",
            _ => "not asked",
        };
    }

    public static string Record(RecordRead? record, string? unknown) => record switch
    {
        RecordRead.Found { Record: var r } =>
            $"{r.Status.Name()}, {r.ProviderId ?? "no provider id"}, registered {Time(r.RegisteredAt)}",
        RecordRead.Missing => "no record",
        RecordRead.Invalid { Why: var why } => $"invalid: {why}",
        _ => $"not read: {unknown ?? "not asked"}",
    };

    public static string Time(DateTimeOffset? time) => time switch
    {
        null => "never",
        _ when time == DateTimeOffset.MinValue || time == DateTimeOffset.MaxValue => "at an invalid time",
        { } t => t.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'"),
    };
}
