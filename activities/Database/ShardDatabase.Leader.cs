using System.Globalization;
using System.Text.Json;
using Nstance.Temporal.Activities.Rules;

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
        var (unreported, countedBefore) = CountUnreported();
        isElected |= countedBefore > UnreportedAtLastCount;
        // A time in the future was written while Temporal's clock was ahead. Health would not be evaluated until then.
        if (isElected || GetMetaTime(MetaKeys.HealthFrom) > at) SetMeta(MetaKeys.HealthFrom, at);
        var since = isElected || known is null ? at : known.Since;
        var noted = new NstanceLeaderInfo(leader.Id, leader.Address, since);
        if (noted != known) SetMeta(MetaKeys.Leader, JsonSerializer.Serialize(noted));
        NoteUnreported(unreported, at);
        return noted;
    }

    /// <summary>
    /// Lowers the stored number of registered rows without a report after a phase that removed or added rows. nstance
    /// resets all reports at each election, also when it elects the same server again. Without a reset, the number of
    /// rows that are registered now and have no report can only fall, but for the <paramref name="added"/> ones. It
    /// never rises beyond that: an election during the phase must not be lost.
    /// </summary>
    public void LowerUnreported(int added) => SetMeta(
        MetaKeys.Unreported,
        Math.Min(CountUnreported().All, UnreportedAtLastCount + added).ToString(CultureInfo.InvariantCulture));

    private int UnreportedAtLastCount =>
        int.TryParse(GetMeta(MetaKeys.Unreported), CultureInfo.InvariantCulture, out var count) ? count : 0;

    /// <summary>
    /// A text after the registrations that the last count included for certain, since the server writes registered_at
    /// by its own clock. Empty before the first count.
    /// </summary>
    private string RegisteredAtLastCount => GetMetaTime(MetaKeys.UnreportedAt) is { } at
        ? GoTime.TextOfSecond(at - RowRules.MaxAhead) : "";

    private void NoteUnreported(int count, DateTimeOffset at) => SetMeta(
    [
        (MetaKeys.Unreported, count.ToString(CultureInfo.InvariantCulture)),
        (MetaKeys.UnreportedAt, GoTime.Format(at)),
    ]);

    private (int All, int RegisteredAtLastCount) CountUnreported() => Query(
        Queries.Unreported, row => (row.GetInt32(0), row.GetInt32(1)), ("$counted", RegisteredAtLastCount))[0];
}
