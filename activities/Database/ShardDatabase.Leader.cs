using System.Text.Json;

namespace Nstance.Temporal.Activities.Database;

/// <summary>What a shared file stores about nstance's leader, and how it shows an election.</summary>
internal sealed partial class ShardDatabase
{
    /// <summary>Gets the leader as last noted; null before the first.</summary>
    public NstanceLeaderInfo? GetLeader()
    {
        try
        {
            return GetMeta(MetaKeys.Leader) is { } json ? JsonSerializer.Deserialize<NstanceLeaderInfo>(json) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>
    /// Stores the leader, and returns it with the time since which it leads. After an election health is not evaluated
    /// for the time before <paramref name="at"/>, because nstance has reset every report.
    /// </summary>
    /// <param name="leader">The leader, which leads from this host.</param>
    /// <param name="at">The time of the election, if there was one.</param>
    /// <param name="isElected">True: it was elected since the file was used last.</param>
    public NstanceLeaderInfo NoteLeader(NstanceLeader leader, DateTimeOffset at, bool isElected)
    {
        var known = GetLeader();
        var (unreported, reset) = ReadUnreported();
        isElected |= reset > 0;
        // A time in the future was written while Temporal's clock was ahead. Health would not be evaluated until then.
        if (isElected || GetMetaTime(MetaKeys.HealthFrom) > at) SetMeta(MetaKeys.HealthFrom, at);
        var since = isElected || known is null ? at : known.Since;
        var noted = new NstanceLeaderInfo(leader.Id, leader.Address, since);
        if (noted != known) SetMeta(MetaKeys.Leader, JsonSerializer.Serialize(noted));
        NoteUnreported(unreported, at, isElected);
        return noted;
    }

    /// <summary>
    /// A text after the registrations that the last look saw for certain, since the server writes registered_at by its
    /// own clock. Empty before the first look.
    /// </summary>
    private string RegisteredAtLastLook => GetMetaTime(MetaKeys.UnreportedAt) is { } at
        ? GoTime.TextOfSecond(at - InstanceRow.MaxAhead) : "";

    /// <summary>
    /// Returns the registered rows without a report, each with the time since which it is seen so. Also counts those
    /// that had a report at the last look: each election resets all reports, also an election of the same server.
    /// </summary>
    private (Dictionary<string, DateTimeOffset?> Rows, int Reset) ReadUnreported()
    {
        var rows = Query(
            Queries.Unreported,
            row => (Id: row.GetString(0), Before: row.GetBoolean(1), Seen: Statement.Text(row, 2)),
            ("$looked", RegisteredAtLastLook));
        return (
            rows.ToDictionary(row => row.Id, row => Time(row.Seen)),
            rows.Count(row => row.Before && row.Seen is null));
    }

    private void NoteUnreported(Dictionary<string, DateTimeOffset?> rows, DateTimeOffset at, bool isElected)
    {
        WriteBatches(
            Query(Queries.UnreportedIds, row => row.GetString(0)).Where(id => !rows.ContainsKey(id)),
            id => Write(Statements.RemoveUnreported, ("$id", id)));
        // Before the first look of all, rows count from their registration: the first host begins a grace period.
        var isFirst = GetMetaTime(MetaKeys.UnreportedAt) is null;
        var seen = GoTime.Format(isFirst && !isElected ? DateTimeOffset.UnixEpoch : at);
        WriteBatches(
            rows.Where(row => isElected || !(row.Value <= at)),
            row => Write(Statements.AddUnreported, ("$id", row.Key), ("$at", seen)));
        SetMeta(MetaKeys.UnreportedAt, at);
    }

    /// <summary>A row that was never seen without a report counts from now on.</summary>
    private IEnumerable<InstanceRow> WithUnreportedSince(IReadOnlyCollection<InstanceRow> rows)
    {
        var ids = JsonSerializer.Serialize(rows.Where(row => row.HealthAt is null).Select(row => row.Id));
        var since = Query(
            Queries.UnreportedSince, row => (Id: row.GetString(0), At: Time(row.GetString(1))), ("$ids", ids))
            .ToDictionary(row => row.Id, row => row.At);
        return rows.Select(row => row.HealthAt is null
            ? row with { UnreportedSince = since.GetValueOrDefault(row.Id) ?? DateTimeOffset.MaxValue }
            : row);
    }

    private static DateTimeOffset? Time(string? text) => GoTime.TryParse(text, out var time) ? time : null;
}
