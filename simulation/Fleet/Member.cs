using System.Text.Json;

namespace Nstance.Temporal.Simulation.Fleet;

/// <summary>What becomes of a member of the fleet. The fleet decides; the collector has to find out.</summary>
internal enum Fate
{
    /// <summary>Registers and reports: must live.</summary>
    Healthy,

    /// <summary>Registers late, but in time: must live.</summary>
    Late,

    /// <summary>Registered, runs, reports no more: must live, and a replacement is due.</summary>
    Silent,

    /// <summary>Never registers: garbage once the registration timeout is over.</summary>
    Dangling,

    /// <summary>Never registers, protected by tag: must live.</summary>
    Protected,

    /// <summary>Registered, then stopped at the cloud: garbage.</summary>
    Unhealthy,

    /// <summary>Known to the cloud alone: garbage once the registration timeout is over.</summary>
    Orphan,

    /// <summary>Known to the cloud alone, and without an id tag: garbage likewise.</summary>
    Untagged,

    /// <summary>The answer to its create call was lost: row and record without provider id, yet it runs. Garbage.</summary>
    LostAnswer,

    /// <summary>Row and record were made, the cloud call never was: nothing to end, a record to delete.</summary>
    StalePreInsert,

    /// <summary>Terminated by somebody else: its row must be marked.</summary>
    Vanished,

    /// <summary>Deleted longer ago than the retention: record and row must go.</summary>
    Expired,

    /// <summary>Of another shard, another cluster, or nobody's: must live.</summary>
    Foreign,
}

/// <summary>A member as the fleet knows it.</summary>
/// <param name="Id">nstance's id.</param>
/// <param name="Tenant">Owner.</param>
/// <param name="Group">Group.</param>
/// <param name="Fate">What becomes of it.</param>
/// <param name="IssuedAt">When nstance issued it.</param>
internal sealed record Member(MemberId Id, string Tenant, string Group, Fate Fate, DateTimeOffset IssuedAt)
{
    /// <summary>The cloud's id; null where there is no machine.</summary>
    public string? ProviderId { get; init; }

    /// <summary>When its agent registered; null: not, or not yet.</summary>
    public DateTimeOffset? RegisteredAt { get; set; }

    /// <summary>Garbage from this time on; null: never.</summary>
    public DateTimeOffset? GarbageSince { get; init; }

    public bool HasRow => Fate is not (Fate.Orphan or Fate.Untagged or Fate.Foreign);

    public bool MustLive => Fate is Fate.Healthy or Fate.Late or Fate.Silent or Fate.Protected or Fate.Foreign;

    public bool Reports => Fate is Fate.Healthy or Fate.Late && RegisteredAt is not null;

    /// <summary>Returns its record in the bucket.</summary>
    public byte[] Record(string status, DateTimeOffset now) => JsonSerializer.SerializeToUtf8Bytes(
        new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["instance_id"] = Id.ToString(),
            ["tenant"] = Tenant,
            ["group"] = Group,
            ["on_demand"] = false,
            ["subnet_id"] = "subnet-1",
            ["provider_instance_id"] = Fate is Fate.LostAnswer ? "" : ProviderId ?? "",
            ["instance_type"] = "t4g.small",
            ["status"] = status,
            ["created_at"] = Text(IssuedAt),
            ["last_updated"] = Text(now),
            ["registration_jwt"] = $"jwt-of-{Id}",
            ["config"] = new { kind = Id.Kind },
            ["tags"] = null,
            ["infra_config_hash"] = "hhhhhhhh",
            ["registered_at"] = RegisteredAt is { } at ? Text(at) : null,
        }.Where(m => m.Value is not null || m.Key == "tags").ToDictionary(StringComparer.Ordinal));

    private static string Text(DateTimeOffset time) => $"{time.UtcDateTime:yyyy-MM-ddTHH:mm:ss.fffffffZ}";
}
