using Nstance.Temporal.Activities.Database;
using Nstance.Temporal.Activities.Rules;
using Temporalio.Exceptions;

namespace Nstance.Temporal.Activities.Acquire;

/// <summary>
/// Checks that nstance leads the shard from this host (design, "Hosts and nstance's leader"). Any host may hold a file
/// of our own, into which no agent reports.
/// </summary>
internal sealed class LeaderCheck(ShardDatabases databases, IRecordStore records, ShardRef shard, TimeProvider time)
{
    /// <summary>
    /// For an acquire: this host declines unless nstance leads from it. The next attempt may reach another host.
    /// </summary>
    public async Task<NstanceLeaderInfo?> AcquireAsync(
        ShardDatabase database, string? previousHost, DateTimeOffset at, CancellationToken ct)
    {
        if (database.IsOwn) return null;
        var leader = await RequireAsync(ErrorTypes.HostDeclined, ct);
        var isFirst = previousHost is null && database.GetLeader() is null;
        // Another host held the shard, so nstance led from there and has elected this host's server since.
        return database.NoteLeader(leader, at, isElected: !isFirst && previousHost != databases.HostName);
    }

    /// <summary>
    /// For an acquire without nstance's database, before the shard's first host: declines for a while if nstance leads
    /// from another host, where a worker sees the agents' reports.
    /// </summary>
    public async Task LetLeadersHostGoFirstAsync(AcquireShardInput input, TimeSpan waited, CancellationToken ct)
    {
        if (input.PreviousHost is not null || waited >= HostOrder.Wait(input)
            || !databases.Find(shard, mustExist: false).Own) return;
        NstanceLeader? leader;
        try
        {
            leader = await ReadAsync(ErrorTypes.HostDeclined, ct);
        }
        catch (Exception e) when (e is CloudException or ApplicationFailureException)
        {
            return; // A file of our own does not depend on the leader.
        }

        if (leader is null || !LeaderRules.IsAlive(leader, time.GetUtcNow())) return;
        throw HostOrder.Decline(
            databases.HostName, $"it has no database of nstance's server, and the host of {leader.Name} goes first");
    }

    /// <summary>For a sync: this host gives up the shard if nstance no longer leads from it.</summary>
    public async Task<NstanceLeaderInfo?> SyncAsync(ShardDatabase database, DateTimeOffset at, CancellationToken ct)
    {
        if (database.IsOwn) return null;
        var leader = await RequireAsync(ErrorTypes.ShardNotHeld, ct);
        return database.NoteLeader(leader, at, isElected: database.GetLeader()?.Id != leader.Id);
    }

    /// <summary>
    /// For a phase that uses the agents' reports: after an election since the sync, the cycle must acquire the shard
    /// again. The reports themselves show an election of the same server.
    /// </summary>
    public async Task RequireSameAsync(ShardDatabase database, CancellationToken ct)
    {
        if (database.IsOwn) return;
        var leader = await RequireAsync(ErrorTypes.ShardNotHeld, ct);
        if (database.GetLeader()?.Id == leader.Id) return;
        throw Failed(ErrorTypes.ShardNotHeld, $"nstance elected {leader.Name} since the last sync");
    }

    private async Task<NstanceLeader> RequireAsync(string errorType, CancellationToken ct)
    {
        var leader = await ReadAsync(errorType, ct);
        var id = databases.NstanceServerId;
        var now = time.GetUtcNow();
        var address = LeaderRules.NeedsAddress(leader, now, id)
            ? await (databases.MatchAddress ?? LocalAddresses.MatchAsync)(leader!.Host, ct)
            : AddressMatch.Unclear;
        var (place, why) = LeaderRules.Judge(shard, leader, now, id, address);
        if (place == LeaderPlace.Here) return leader!;
        var declines = errorType == ErrorTypes.HostDeclined;
        throw Failed(declines && place == LeaderPlace.None ? ErrorTypes.NoLeader : errorType, why);
    }

    private async Task<NstanceLeader?> ReadAsync(string errorType, CancellationToken ct)
    {
        try
        {
            if (await records.GetLeaderAsync(shard, ct) is not { } json) return null;
            return NstanceLeader.Parse(json, out var why) ?? throw Unknown(why);
        }
        catch (CloudException e) when (e.Fault != CloudFault.Denied
            && !(e.WorthRetrying && errorType == ErrorTypes.ShardNotHeld))
        {
            // A host that holds the shard retries instead, because one failed read does not prove an election.
            throw Unknown($"could not be read: {e.Message}");
        }

        ApplicationFailureException Unknown(string what) => Failed(
            errorType,
            $"nstance's leader for {shard.Cluster}/{shard.Shard} is not known: "
            + $"{ShardKeys.Leader(shard)} {what}");
    }

    private ApplicationFailureException Failed(string errorType, string why) => errorType != ErrorTypes.ShardNotHeld
        ? new($"host {databases.HostName} declines: {why}", errorType)
        : new(why, errorType, nonRetryable: true);
}
