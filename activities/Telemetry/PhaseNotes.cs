using Nstance.Temporal.Activities.Database;

namespace Nstance.Temporal.Activities.Telemetry;

/// <summary>What a phase tells people: at most 20 of each, because it goes into a workflow's history.</summary>
internal sealed class PhaseNotes
{
    public const int Limit = 20;

    private readonly List<InstanceNote> _samples = [];
    private readonly List<string> _problems = [];
    private int _more;

    public IReadOnlyList<InstanceNote> Samples => _samples;

    public IReadOnlyList<string> Problems =>
        _more == 0 ? _problems : [.. _problems.Take(Limit - 1), $"… and {_more + 1} more problems"];

    public void Sample(InstanceRow row, string action, string why) =>
        Sample(new InstanceNote(row.Id, row.ProviderId, Known(row.Tenant), Known(row.Group), action, why));

    public void Sample(InstanceNote note)
    {
        if (_samples.Count < Limit) _samples.Add(Plain(note));
    }

    public void Problem(string sentence)
    {
        if (_problems.Count < Limit) _problems.Add(OneLine.Short(sentence));
        else _more++;
    }

    /// <summary>Counts and names what was skipped because it is invalid.</summary>
    public SyncResult Invalid(SyncResult result, string sentence)
    {
        Problem(sentence);
        return result with { Invalid = result.Invalid + 1 };
    }

    /// <summary>Names a row with values that no rule can use; null: there are none.</summary>
    public static string? InvalidRow(InstanceRow row, DateTimeOffset asOf) => row.InvalidAt(asOf + ShardDatabase.MaxAhead) is { Count: > 0 } columns
        ? $"row {row.Id}: invalid {string.Join(", ", columns)}; row skipped"
        : null;

    /// <summary>Ids, tenants and groups come from tags, keys and rows: others wrote them.</summary>
    public static InstanceNote Plain(InstanceNote note) => note with
    {
        InstanceId = OneLine.Short(note.InstanceId),
        ProviderId = note.ProviderId is { } provider ? OneLine.Short(provider) : null,
        Tenant = note.Tenant is { } tenant ? OneLine.Short(tenant) : null,
        Group = note.Group is { } group ? OneLine.Short(group) : null,
        Why = OneLine.Short(note.Why),
    };

    private static string? Known(string? text) => text is { Length: > 0 } ? text : null;
}
