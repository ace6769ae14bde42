namespace Nstance.Temporal.Activities.Rules;

/// <summary>How the leader's address compares with this machine's own.</summary>
internal enum AddressMatch
{
    Own, // it is one of this machine's addresses
    Other, // it is another machine's
    Unclear, // it is a loopback address, which every machine has, or its name has no address
}

/// <summary>Where nstance leads a shard from.</summary>
internal enum LeaderPlace
{
    Here, // from this host
    Elsewhere, // from another host
    None, // no leader is alive
    Unknown, // clocks or addresses do not allow an answer
}

/// <summary>Where nstance leads a shard from, in one sentence for an operator.</summary>
internal readonly record struct LeaderVerdict(LeaderPlace Place, string Why);

/// <summary>Whether this host may use a shared file: only nstance's leader receives the agents' reports.</summary>
internal static class LeaderRules
{
    /// <summary>nstance's leader timeout (contract): a leader without a write for this time is dead.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(15);

    /// <summary>
    /// Maximum difference of the clocks and maximum time of a write to S3. Without it, a leader that is a second late
    /// would cost the shard its host.
    /// </summary>
    public static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(5);

    /// <summary>True if the leader wrote its file in time.</summary>
    public static bool IsAlive(NstanceLeader leader, DateTimeOffset now) => NotAlive(leader, now) is null;

    /// <summary>True if this machine's addresses decide, not the server id, about a leader that is alive.</summary>
    public static bool NeedsAddress(NstanceLeader? leader, DateTimeOffset now, string? serverId) =>
        serverId is null && leader is not null && IsAlive(leader, now);

    /// <summary>Decides by the server id of this host, or without one by the leader's address.</summary>
    public static LeaderVerdict Judge(
        ShardRef shard, NstanceLeader? leader, DateTimeOffset now, string? serverId, AddressMatch address)
    {
        var name = $"{shard.Cluster}/{shard.Shard}";
        var none = $"nstance has no leader for {name}";
        if (leader is null)
            return new(LeaderPlace.None, $"{none}: the bucket holds no {ShardKeys.Leader(shard)}");
        if (NotAlive(leader, now) is { } why) return new(LeaderPlace.None, $"{none}: {why}");
        var named = $"nstance's leader for {name} is {leader.Name}";
        if (leader.LastUpdated - now > Tolerance)
        {
            var ahead = Seconds(leader.LastUpdated - now);
            return new(
                LeaderPlace.Unknown, $"{named}, and its clock is {ahead} ahead of this host's: correct the clocks");
        }

        if (serverId is not null)
        {
            return leader.Id == serverId
                ? new(LeaderPlace.Here, $"{named}, this host")
                : new(LeaderPlace.Elsewhere, $"{named}, not this host ({serverId})");
        }

        return address switch
        {
            AddressMatch.Own => new(LeaderPlace.Here, $"{named}, this host"),
            AddressMatch.Other => new(LeaderPlace.Elsewhere, $"{named}, not this host"),
            _ => new(
                LeaderPlace.Unknown,
                $"{named}, and that address does not identify a host: set --nstance-server-id"),
        };
    }

    private static string? NotAlive(NstanceLeader leader, DateTimeOffset now) =>
        leader.HasResigned ? leader.Id.Length > 0 ? $"{leader.Name} resigned" : "the last one resigned"
        : now - leader.LastUpdated > Timeout + Tolerance
            ? $"last seen {leader.Name} {Seconds(now - leader.LastUpdated)} ago"
        : null;

    private static string Seconds(TimeSpan time) =>
        GoDuration.Format(TimeSpan.FromSeconds(Math.Floor(time.TotalSeconds)));
}
