using Nstance.Temporal.Activities.LocalDb;
using Nstance.Temporal.Workflows.Contracts;

namespace Nstance.Temporal.Activities.Collection;

/// <summary>What a phase tells people: at most 20 of each, because it goes into a workflow's history.</summary>
internal sealed class Notes
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
        if (_samples.Count < Limit) _samples.Add(note);
    }

    public void Problem(string sentence)
    {
        if (_problems.Count < Limit) _problems.Add(sentence);
        else _more++;
    }

    private static string? Known(string? text) => text is { Length: > 0 } ? text : null;
}
