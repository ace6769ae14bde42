using Nstance.Temporal.Simulation.Nstance;

namespace Nstance.Temporal.Simulation.Fleet;

/// <summary>
/// An instance as the simulation knows it: the truth that the collector is judged by. Numbers follow the launches.
/// </summary>
internal sealed record Member(
    int Number, MemberId MemberId, string Tenant, string Group, Scenario Scenario, DateTimeOffset IssuedAt)
{
    /// <summary>A part of every secret of the simulation. The collector must repeat none.</summary>
    public const string SecretMark = "jwt-must-stay-secret";

    public string Id { get; } = MemberId.ToString();

    /// <summary>The cloud's id; null without a machine.</summary>
    public string? ProviderId { get; set; }

    /// <summary>The cloud's id as far as nstance knows it.</summary>
    public string? KnownProviderId =>
        Scenario is Scenario.LostAnswer or Scenario.LostAnswerRegisters ? null : ProviderId;

    /// <summary>When its agent registered; null: not, or not yet.</summary>
    public DateTimeOffset? RegisteredAt { get; set; }

    /// <summary>When its agent stopped reporting; null: it reports, if it ever did.</summary>
    public DateTimeOffset? SilentSince { get; set; }

    /// <summary>When its agent resumed its reports; null if it did not stop.</summary>
    public DateTimeOffset? ReportsSince { get; set; }

    /// <summary>Garbage from this time on; null: never.</summary>
    public DateTimeOffset? GarbageSince { get; init; }

    /// <summary>nstance's server has begun to delete it, and its record says so.</summary>
    public bool IsBeingDeleted { get; set; }

    /// <summary>nstance itself terminated it, or marked its row while it knew of no machine.</summary>
    public bool IsGivenUp { get; set; }

    public bool HasCorruptRecord { get; set; }

    public bool HasCorruptRow { get; set; }

    public bool HasRow => Scenario is not (Scenario.Orphan or Scenario.Untagged or Scenario.Foreign);

    public bool MustLive => Scenario is Scenario.Registers or Scenario.RegistersLate or Scenario.FallsSilent
        or Scenario.Protected or Scenario.Foreign;

    /// <summary>A private address of its own.</summary>
    public string Ip4 => $"10.{(Number >> 16) & 255}.{(Number >> 8) & 255}.{Number & 255}";

    private string Status => IsBeingDeleted ? "deleting" : RegisteredAt is null ? "pending" : "running";

    /// <summary>Returns what nstance knows of it, for row and record.</summary>
    public NstanceInstance Known() => new(Id, Tenant, Group, IssuedAt)
    {
        Nonce = $"{SecretMark}-{Number}",
        ProviderId = KnownProviderId,
        RegisteredAt = RegisteredAt,
    };

    /// <summary>Returns its record in the bucket.</summary>
    public byte[] Record(DateTimeOffset now) => NstanceRecord.Write(Known(), Status, now);
}
