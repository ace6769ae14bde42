using System.Globalization;
using System.Text.Json;
using Nstance.Temporal.Activities.Rules;

namespace Nstance.Temporal.Activities.Database;

/// <summary>What a shared file keeps about nstance's leader, and how it shows an election.</summary>
internal sealed partial class ShardDatabase
{
    /// <summary>The leader as last noted; null: none was yet.</summary>
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
    /// Keeps the leader, and returns it with the time since which it leads. After an election health is not evaluated
    /// for the time before <paramref name="at"/>: nstance has reset every report.
    /// </summary>
    /// <param name="leader">The leader, which leads from this host.</param>
    /// <param name="at">The time of the election, if there was one.</param>
    /// <param name="isElected">True: it was elected since the file was used last.</param>
    public NstanceLeaderInfo NoteLeader(NstanceLeader leader, DateTimeOffset at, bool isElected)
    {
        var known = GetLeader();
        var (unreported, countedBefore) = CountUnreported();
        isElected |= countedBefore > UnreportedAtLastCount;
        // A time that lies ahead was written while Temporal's clock was: health would not be evaluated until then.
        if (isElected || GetMetaTime(MetaKeys.HealthFrom) > at) SetMeta(MetaKeys.HealthFrom, at);
        var since = isElected || known is null ? at : known.Since;
        var noted = new NstanceLeaderInfo(leader.Id, leader.Address, since);
        if (noted != known) SetMeta(MetaKeys.Leader, JsonSerializer.Serialize(noted));
        NoteUnreported(unreported, at);
        return noted;
    }

    /// <summary>
    /// Keeps how many registered rows have no report now. nstance resets all reports at an election, also when it
    /// elects the same server again. A row that has no report later and was registered now has none now either. So more
    /// such rows than now show a reset.
    /// </summary>
    public void NoteUnreported(DateTimeOffset at) => NoteUnreported(CountUnreported().All, at);

    private int UnreportedAtLastCount =>
        int.TryParse(GetMeta(MetaKeys.Unreported), CultureInfo.InvariantCulture, out var count) ? count : 0;

    /// <summary>
    /// A text after those of rows that were registered for certain when they were counted: the server writes
    /// registered_at by its own clock. Empty, and so before all texts, if they never were.
    /// </summary>
    private string RegisteredAtLastCount => GetMetaTime(MetaKeys.UnreportedAt) is { } at
        ? GoTime.TextOfSecond(at - RowRules.MaxAhead) : "";

    private void NoteUnreported(int count, DateTimeOffset at) => SetMeta(
    [
        (MetaKeys.Unreported, count.ToString(CultureInfo.InvariantCulture)),
        (MetaKeys.UnreportedAt, GoTime.Format(at)),
    ]);

    private (int All, int RegisteredAtLastCount) CountUnreported() => Query(
        Queries.Unreported, ["$counted"], [RegisteredAtLastCount], row => (row.GetInt32(0), row.GetInt32(1)))[0];
}
