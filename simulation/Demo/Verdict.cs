using Nstance.Temporal.Simulation.Cloud;
using Nstance.Temporal.Simulation.Fleet;

namespace Nstance.Temporal.Simulation.Demo;

/// <summary>A notification, and when it arrived.</summary>
internal sealed record Arrival(DateTimeOffset At, Notification Notification);

/// <summary>All that the verdict looks at: the truth, and what reached the outside. Nothing that the collector says of itself.</summary>
/// <param name="Members">Everybody who ever was.</param>
/// <param name="Machine">The cloud's truth by provider id.</param>
/// <param name="Object">The bucket's truth by key; null: no such object.</param>
/// <param name="Rows">Ids in the server's database.</param>
/// <param name="ForeignObjects">Objects as they were at the start.</param>
/// <param name="Arrivals">What the webhook received.</param>
/// <param name="JudgedBefore">Whoever was garbage before this time must be gone.</param>
internal sealed record Truth(
    IReadOnlyList<Member> Members,
    Func<string, Machine?> Machine,
    Func<string, byte[]?> Object,
    IReadOnlySet<string> Rows,
    IReadOnlyDictionary<string, byte[]> ForeignObjects,
    IReadOnlyList<Arrival> Arrivals,
    DateTimeOffset JudgedBefore)
{
    public ShardPlace Place { get; init; } = ShardPlace.Demo;

    /// <summary>The collector first looked a registration timeout before: until then nobody is judged for not registering.</summary>
    public DateTimeOffset GraceUntil { get; init; }

    /// <summary>What nstance terminated because of rows that the collector wrote.</summary>
    public IReadOnlyList<string> NstanceMisled { get; init; } = [];

    /// <summary>All lines of the audit as they stand in the bucket; null: the audit is not judged.</summary>
    public string? Audit { get; init; }

    /// <summary>False: the collector had not looked for three health intervals yet, so nobody can be called silent.</summary>
    public bool SilenceCounts { get; init; } = true;
}

/// <summary>What the collector did to the simulated cloud, judged by the truth.</summary>
internal sealed record Verdict
{
    public int Dangling { get; init; }

    public int Unhealthy { get; init; }

    public int Orphan { get; init; }

    public int Purged { get; init; }

    /// <summary>One line for each fault; its first word is its kind.</summary>
    public IReadOnlyList<string> WronglyTerminated { get; init; } = [];

    public IReadOnlyList<string> MissedGarbage { get; init; } = [];

    public IReadOnlyList<string> LostRecords { get; init; } = [];

    public IReadOnlyList<string> LostEvents { get; init; } = [];

    /// <summary>One line for each machine that nstance terminated because of rows that the collector wrote.</summary>
    public IReadOnlyList<string> NstanceMisled { get; init; } = [];

    public bool Ok =>
        WronglyTerminated.Count + MissedGarbage.Count + LostRecords.Count + LostEvents.Count + NstanceMisled.Count == 0;

    public static Verdict Of(Truth truth)
    {
        var ended = truth.Members.Where(m => Terminated(truth, m)).ToArray();
        return new Verdict
        {
            Dangling = ended.Count(m => m.Fate is Fate.Dangling or Fate.LostAnswer),
            Unhealthy = ended.Count(m => m.Fate is Fate.Unhealthy),
            Orphan = ended.Count(m => m.Fate is Fate.Orphan or Fate.Untagged),
            Purged = truth.Members.Count(m => m.HasRow && Expected(m) && Cleaned(truth, m)),
            WronglyTerminated = [.. ended.Where(m => !RightlyEnded(truth, m))
                .Select(m => $"{m.Fate} {m.Id} ({m.ProviderId}) was ended and should live")],
            MissedGarbage = [.. truth.Members.Where(m => Missed(truth, m)).Select(m => $"{m.Fate} {m.Id} ({m.ProviderId}) is still there")],
            LostRecords = [.. LostRecordsOf(truth), .. UntoldOf(truth, ended)],
            LostEvents = [.. LostEventsOf(truth, ended)],
            NstanceMisled = truth.NstanceMisled,
        };
    }

    private static Machine? MachineOf(Truth truth, Member m) => m.ProviderId is { } id ? truth.Machine(id) : null;

    // By the collector's hand: neither by the fleet's own nor by nstance's.
    private static bool Terminated(Truth truth, Member m) =>
        MachineOf(truth, m) is { EndedAt: not null, EndedBy: not (LivingFleet.Hand or LivingFleet.NstanceHand) };

    private static bool Expected(Member m) => m.GarbageSince is not null;

    private static bool RightlyEnded(Truth truth, Member m)
    {
        var at = MachineOf(truth, m)!.EndedAt!.Value;
        // A late one whose registration never came (the demo's own machine was too slow) was garbage after all.
        if (m.Fate is Fate.Late && (m.RegisteredAt is null || m.RegisteredAt > at))
            return at >= m.IssuedAt + FleetTimings.RegistrationTimeout;
        return !m.MustLive && m.GarbageSince <= at;
    }

    private static bool Missed(Truth truth, Member m)
    {
        if (m.GarbageSince is not { } since) return false;
        if (m.Fate is Fate.Dangling or Fate.Orphan or Fate.Untagged or Fate.LostAnswer or Fate.StalePreInsert && since < truth.GraceUntil)
            since = truth.GraceUntil;
        if (since > truth.JudgedBefore) return false;
        return m.Fate switch
        {
            Fate.Expired => !Cleaned(truth, m),
            Fate.StalePreInsert => truth.Object(truth.Place.RecordKey(m)) is not null,
            Fate.Vanished => false,
            _ => MachineOf(truth, m)?.Alive == true,
        };
    }

    private static bool Cleaned(Truth truth, Member m) =>
        !truth.Rows.Contains(m.Id.ToString()) && truth.Object(truth.Place.RecordKey(m)) is null;

    private static IEnumerable<string> LostRecordsOf(Truth truth)
    {
        foreach (var m in truth.Members.Where(m => m.MustLive && m.Fate is not Fate.Foreign))
        {
            if (MachineOf(truth, m)?.EndedAt is not null) continue;
            if (truth.Object(truth.Place.RecordKey(m)) is null) yield return $"the record of {m.Fate} {m.Id} is gone";
            if (!truth.Rows.Contains(m.Id.ToString())) yield return $"the row of {m.Fate} {m.Id} is gone";
        }

        foreach (var (key, before) in truth.ForeignObjects)
        {
            if (truth.Object(key) is not { } now) yield return $"{key} is gone";
            else if (!now.AsSpan().SequenceEqual(before)) yield return $"{key} was changed";
        }
    }

    private static IEnumerable<string> UntoldOf(Truth truth, IReadOnlyList<Member> ended) => ended
        .Where(m => truth.Audit is { } audit && !audit.Contains($"\"{m.ProviderId}\"", StringComparison.Ordinal))
        .Select(m => $"the audit says nothing of the end of {m.Fate} {m.Id} ({m.ProviderId})");

    private static IEnumerable<string> LostEventsOf(Truth truth, IReadOnlyList<Member> ended)
    {
        var events = truth.Arrivals.SelectMany(a => a.Notification.Events.Select(e => (a.At, Event: e))).ToArray();
        // An orphan's tenant is nobody's knowledge, so there is no group to tell.
        foreach (var m in ended.Where(m => m.Fate is Fate.Dangling or Fate.LostAnswer or Fate.Unhealthy))
        {
            var at = MachineOf(truth, m)!.EndedAt!.Value;
            if (!Array.Exists(events, e => e.Event.Type is ReconcileEventType.GroupChanged
                && e.Event.Tenant == m.Tenant && e.Event.Group == m.Group && e.At >= at))
                yield return $"group {m.Tenant}/{m.Group} was not told that it lost {m.Id}";
        }

        foreach (var m in truth.Members.Where(m => m.Fate is Fate.Silent && truth.SilenceCounts))
        {
            if (!truth.Arrivals.Any(a => a.Notification.Kind == "ReplaceInstance"
                && a.Notification.Events.Any(e => e.InstanceId == m.Id.ToString())))
                yield return $"{m.Id} is silent, and its replacement was not asked for";
        }
    }
}
