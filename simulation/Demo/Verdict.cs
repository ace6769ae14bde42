using Nstance.Temporal.Simulation.Cloud;
using Nstance.Temporal.Simulation.Fleet;

namespace Nstance.Temporal.Simulation.Demo;

/// <summary>What the collector did to the simulated cloud, judged by the truth.</summary>
internal sealed record Verdict
{
    public int Dangling { get; init; }

    public int Unhealthy { get; init; }

    public int Orphan { get; init; }

    public int Purged { get; init; }

    /// <summary>One line for each fault; its first word is its scenario.</summary>
    public IReadOnlyList<string> WronglyTerminated { get; init; } = [];

    public IReadOnlyList<string> MissedGarbage { get; init; } = [];

    public IReadOnlyList<string> LostRecords { get; init; } = [];

    public IReadOnlyList<string> LostEvents { get; init; } = [];

    /// <summary>One line for each machine that nstance terminated because of rows that the collector wrote.</summary>
    public IReadOnlyList<string> NstanceMisled { get; init; } = [];

    /// <summary>Gets all faults by their name for people.</summary>
    public IEnumerable<(string Name, IReadOnlyList<string> Lines)> Faults =>
    [
        ("wrongly terminated", WronglyTerminated), ("missed garbage", MissedGarbage), ("lost records", LostRecords),
        ("lost events", LostEvents), ("nstance misled", NstanceMisled),
    ];

    public bool Ok => Faults.All(fault => fault.Lines.Count == 0);

    public static Verdict Of(Truth truth)
    {
        var ended = truth.Members.Where(m => IsTerminated(truth, m)).ToArray();
        return new Verdict
        {
            Dangling = ended.Count(m => m.Scenario is Scenario.NeverRegisters or Scenario.LostAnswer),
            Unhealthy = ended.Count(m => m.Scenario is Scenario.Stopped),
            Orphan = ended.Count(m => m.Scenario is Scenario.Orphan or Scenario.Untagged),
            Purged = truth.Members.Count(m => m.HasRow && m.GarbageSince is not null && IsCleaned(truth, m)),
            WronglyTerminated = [.. ended.Where(m => !MayBeTerminated(truth, m)).Select(m => $"{Name(m)} should live")],
            MissedGarbage = [.. truth.Members.Where(m => IsMissed(truth, m)).Select(m => $"{Name(m)} is still there")],
            LostRecords =
            [
                .. LostRecordsOf(truth),
                .. ended.Where(m => truth.Audit?.Contains($"\"{m.ProviderId}\"", StringComparison.Ordinal) is false)
                    .Select(m => $"the audit has no line about {Name(m)}"),
            ],
            LostEvents = [.. LostEventsOf(truth, ended)],
            NstanceMisled = truth.NstanceMisled,
        };
    }

    private static string Name(Member m) => $"{m.Scenario} {m.Id} ({m.ProviderId})";

    private static Machine? MachineOf(Truth truth, Member m) => m.ProviderId is { } id ? truth.Machine(id) : null;

    // By the collector's hand: neither by the fleet's own nor by nstance's.
    private static bool IsTerminated(Truth truth, Member m) => MachineOf(truth, m) is
    {
        EndedAt: not null, EndedBy: not (LivingFleet.Hand or ShardFleet.NstanceHand),
    };

    private static bool MayBeTerminated(Truth truth, Member m)
    {
        var at = MachineOf(truth, m)!.EndedAt!.Value;
        // On a slow host a late registration may not arrive. The instance is then garbage.
        if (m.Scenario is Scenario.RegistersLate && (m.RegisteredAt is null || m.RegisteredAt > at))
            return at >= m.IssuedAt + FleetTimings.RegistrationTimeout;
        return !m.MustLive && m.GarbageSince <= at;
    }

    private static bool IsMissed(Truth truth, Member m)
    {
        if (m.GarbageSince is not { } since || m.Scenario is Scenario.TerminatedElsewhere) return false;
        var hasGrace = m.Scenario is not (Scenario.Stopped or Scenario.Expired);
        if (hasGrace && since < truth.GraceUntil) since = truth.GraceUntil;
        if (since > truth.JudgedBefore) return false;
        return m.Scenario switch
        {
            Scenario.Expired => !IsCleaned(truth, m),
            Scenario.PreInsertOnly => HasRecord(truth, m),
            _ => MachineOf(truth, m)?.Alive == true,
        };
    }

    private static bool HasRecord(Truth truth, Member m) => truth.Object(truth.Shard.RecordKey(m)) is not null;

    private static bool IsCleaned(Truth truth, Member m) => !truth.Rows.Contains(m.Id) && !HasRecord(truth, m);

    private static IEnumerable<string> LostRecordsOf(Truth truth)
    {
        foreach (var m in truth.Members.Where(m => m.MustLive && m.Scenario is not Scenario.Foreign))
        {
            if (MachineOf(truth, m)?.EndedAt is not null) continue;
            if (!HasRecord(truth, m)) yield return $"the record of {Name(m)} is gone";
            if (!truth.Rows.Contains(m.Id)) yield return $"the row of {Name(m)} is gone";
        }

        foreach (var (key, before) in truth.ForeignObjects)
        {
            if (truth.Object(key) is not { } now) yield return $"{key} is gone";
            else if (!now.AsSpan().SequenceEqual(before)) yield return $"{key} was changed";
        }
    }

    private static IEnumerable<string> LostEventsOf(Truth truth, IReadOnlyList<Member> ended)
    {
        // The tenant of an orphan is unknown, so its group cannot be notified.
        foreach (var m in ended.Where(m => m.HasRow && !m.MustLive))
        {
            var at = MachineOf(truth, m)!.EndedAt!.Value;
            var isNotified = truth.Arrivals.Any(a => a.At >= at && a.Notification.Events.Any(e =>
                e.Type is ReconcileEventType.GroupChanged && e.Tenant == m.Tenant && e.Group == m.Group));
            if (!isNotified) yield return $"group {m.Tenant}/{m.Group} was not notified that it lost {m.Id}";
        }

        foreach (var m in truth.Members.Where(m => m.Scenario is Scenario.FallsSilent && truth.SilenceCounts))
        {
            var isReplaced = truth.Arrivals.Any(a => a.Notification.Kind == "ReplaceInstance"
                && a.Notification.Events.Any(e => e.InstanceId == m.Id));
            if (!isReplaced) yield return $"{m.Id} stopped its reports, and no replacement was requested";
        }
    }
}
