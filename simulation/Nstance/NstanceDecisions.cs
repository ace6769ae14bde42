using System.Text.Json;

namespace Nstance.Temporal.Simulation.Nstance;

/// <summary>A group of a tenant.</summary>
internal sealed record NstanceGroup(string Tenant, string Group);

/// <summary>Why nstance terminates an instance (contract, "What nstance itself decides by its rows").</summary>
internal enum NstanceReason
{
    Unhealthy, // its collector read an unhealthy status
    Dangling, // its collector read an old issued_at and no registration
    GroupTooLarge, // the group holds more rows than it should
    GroupUnknown, // no configuration names the group
    Drift, // the row has no infra_config_hash: the instance is rotated
}

/// <summary>An instance that nstance terminates, or a row without a machine that it marks.</summary>
internal sealed record NstanceTermination(string InstanceId, string? ProviderId, NstanceReason Why);

/// <summary>What one cycle or one scaling did.</summary>
/// <param name="Terminations">What it terminated, in order.</param>
/// <param name="Failure">Why it stopped before it terminated anything; null: it did not.</param>
/// <param name="Missing">How many instances nstance launches to fill its groups. The model counts them only.</param>
internal sealed record NstanceOutcome(
    IReadOnlyList<NstanceTermination> Terminations, string? Failure = null, int Missing = 0);

/// <summary>Decides what nstance terminates. The rows come in the order of their creation.</summary>
internal static class NstanceDecisions
{
    private static readonly string[] Unhealthy =
        ["stopping", "stopped", "suspending", "suspended", "deleting", "deleted", "repairing"];

    /// <summary>One cycle of nstance's collector: no limits, no protection by tags.</summary>
    public static NstanceOutcome Collect(IReadOnlyList<NstanceRow> live, DateTimeOffset issuedBefore)
    {
        if (ScanFailure(live) is { } failure) return new([], failure);
        var cutoff = NstanceDatabase.Text(issuedBefore);
        var found = new List<NstanceTermination>();
        foreach (var row in live)
        {
            if (!TryStatus(row, out var status)) return new([], $"malformed JSON in provider_state of {row.Id}");
            if (Unhealthy.Contains(status)) found.Add(Of(row, NstanceReason.Unhealthy));
            else if (!row.IsRegistered && string.CompareOrdinal(row.IssuedAt ?? cutoff, cutoff) < 0)
                found.Add(Of(row, NstanceReason.Dangling));
        }

        return new(found);
    }

    /// <summary>The scaling of all groups. On-demand instances are never counted.</summary>
    public static NstanceOutcome Scale(
        NstanceGeneration generation, IReadOnlyList<NstanceRow> live, IReadOnlyDictionary<NstanceGroup, int> desired)
    {
        if (ScanFailure(live) is { } failure) return new([], failure);
        // v1 selects members by group key alone.
        NstanceGroup KeyOf(NstanceGroup group) =>
            generation is NstanceGeneration.V1 ? group with { Tenant = "" } : group;
        var found = new Dictionary<string, NstanceTermination>(StringComparer.Ordinal);
        var members = live.Where(row => !row.OnDemand).ToLookup(row => KeyOf(new(row.Tenant, row.Group!)));
        var missing = 0;
        foreach (var (group, size) in desired)
        {
            var rows = members[KeyOf(group)].Where(row => !found.ContainsKey(row.Id)).ToArray();
            var excess = Math.Max(0, rows.Length - size);
            missing += Math.Max(0, size - rows.Length);
            foreach (var row in rows.Take(excess)) found[row.Id] = Of(row, NstanceReason.GroupTooLarge);
            foreach (var row in rows.Skip(excess).Where(row => row.InfraConfigHash is null))
                found[row.Id] = Of(row, NstanceReason.Drift);
        }

        if (generation is NstanceGeneration.V2)
        {
            foreach (var row in members.Where(group => !desired.ContainsKey(group.Key)).SelectMany(group => group))
                found[row.Id] = Of(row, NstanceReason.GroupUnknown);
        }

        return new([.. found.Values], Missing: missing);
    }

    // Go scans group_key into a string, which cannot hold NULL.
    private static string? ScanFailure(IReadOnlyList<NstanceRow> live) =>
        live.FirstOrDefault(row => row.Group is null) is { } row
            ? $"scan of {row.Id}: converting NULL to string is unsupported (group_key)" : null;

    private static bool TryStatus(NstanceRow row, out string? status)
    {
        status = null;
        if (row.ProviderState is null) return true;
        try
        {
            using var state = JsonDocument.Parse(row.ProviderState);
            if (state.RootElement.TryGetProperty("status", out var value)) status = value.GetString();
            return true;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return false;
        }
    }

    private static NstanceTermination Of(NstanceRow row, NstanceReason why) => new(row.Id, row.ProviderId, why);
}
