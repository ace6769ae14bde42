namespace Nstance.Temporal.Activities.Telemetry;

/// <summary>Samples and problems of a report: at most 20 of each, because they go into a workflow's history.</summary>
internal sealed class PhaseNotes
{
    public const int Limit = 20;

    private readonly List<InstanceNote> _samples = [];
    private readonly List<string> _problems = [];
    private int _more;

    public IReadOnlyList<InstanceNote> Samples => _samples;

    public string? FirstOutage { get; private set; }

    /// <summary>Number of invalid data that were skipped.</summary>
    public int InvalidCount { get; private set; }

    public IReadOnlyList<string> Problems =>
        _more == 0 ? _problems : [.. _problems.Take(Limit - 1), $"… and {_more + 1} more problems"];

    public void Sample(InstanceRow row, string action, string why) =>
        Sample(new InstanceNote(row.Id, row.ProviderId, Known(row.Tenant), Known(row.Group), action, why));

    public void Sample(InstanceNote note)
    {
        if (_samples.Count < Limit) _samples.Add(Plain(note));
    }

    /// <summary>Adds a problem, unless it was added before.</summary>
    public void Problem(string sentence)
    {
        var line = OneLine.Short(sentence);
        if (_problems.Contains(line)) return;
        if (_problems.Count < Limit) _problems.Add(line);
        else _more++;
    }

    /// <summary>Adds a failure of the cloud or the bucket. The next cycle does the remaining work.</summary>
    public void Outage(string sentence)
    {
        Problem(sentence);
        FirstOutage ??= OneLine.Short(sentence);
    }

    /// <summary>Adds and counts invalid data that was skipped.</summary>
    public void Invalid(string sentence)
    {
        Problem(sentence);
        InvalidCount++;
    }

    /// <summary>Makes texts of other systems safe, so that they cannot forge a line of a report.</summary>
    private static InstanceNote Plain(InstanceNote note) => note with
    {
        InstanceId = OneLine.Short(note.InstanceId),
        ProviderId = note.ProviderId is { } provider ? OneLine.Short(provider) : null,
        Tenant = note.Tenant is { } tenant ? OneLine.Short(tenant) : null,
        Group = note.Group is { } group ? OneLine.Short(group) : null,
        Why = OneLine.Short(note.Why),
    };

    private static string? Known(string? text) => text is { Length: > 0 } ? text : null;
}
